"""Limits over launchers that are processes of their own: kept through a kill, and what waits is told when to start."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from e2e.servers import free_port, wait_until
from e2e.test_processes import asker, process

PROJECT = """
import time
from pathlib import Path
from vedette import *

HERE = Path(__file__).parent

@op
def hold():
    # For as long as there is the file.
    while (HERE / "hold").exists():
        time.sleep(0.02)

@job(max_concurrent_runs=2, on_interrupted="retry")
def held():
    hold()

@op
def nothing():
    pass

@job
def free():
    nothing()
"""
STATE = """{
  codeLocations { name jobs { edges { node { id name } } } }
  instance { workers { role slots healthy } }
  queue { edges { node { id queuePosition waitingFor { __typename message } } } }
  runs(first: 100) { edges { node { id jobName status } } }
}"""


def test_a_limit_holds_over_launchers_and_a_kill_and_what_waits_starts_when_it_is_raised(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "hold").touch()
    target, log = str(tmp_path / "project.py"), tmp_path / "log.txt"
    # Nobody looks every now and then: whoever is to start is told to.
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_LEASE_SECONDS": "3", "VEDETTE_POLL_SECONDS": "60"}
    environ |= {"VEDETTE_PORT": str(free_port()), "VEDETTE_SLOTS": "4"}
    state = asker(environ["VEDETTE_PORT"], STATE)

    def ask(document: str, **variables: Any) -> Any:
        body = {"query": document, "variables": variables}
        answer = httpx.post(f"http://127.0.0.1:{environ['VEDETTE_PORT']}/graphql", json=body, timeout=30).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def launch(name: str, count: int) -> None:
        for _ in range(count):
            ask("mutation($name: String!) { launchRun(input: {jobName: $name}) { errors { message } } }", name=name)

    def statuses(job: str) -> list[str]:
        edges = state()["runs"]["edges"]
        return sorted(edge["node"]["status"] for edge in edges if edge["node"]["jobName"] == job)

    with ExitStack() as stack:
        stack.enter_context(process(log, "serve", **environ))
        stack.enter_context(process(log, "evaluate", target, **environ))
        victim = stack.enter_context(process(log, "launch", target, **environ))
        stack.enter_context(process(log, "launch", target, **environ))
        wait_until(lambda: state() and state()["codeLocations"] and _launchers(state()) == [4, 4], "both launchers", 60)

        launch("held", 6)
        wait_until(lambda: statuses("held") == ["QUEUED"] * 4 + ["STARTED"] * 2, "two to run", 30)
        launch("free", 3)
        wait_until(lambda: statuses("free") == ["SUCCESS"] * 3, "others to pass them", 30)
        queue = [edge["node"] for edge in state()["queue"]["edges"]]
        assert [run["queuePosition"] for run in queue] == [1, 2, 3, 4]
        assert {reason["__typename"] for run in queue for reason in run["waitingFor"]} == {"LimitReached"}

        victim.kill()
        # Its runs are tried again: they keep their places, and the limit counts them all the while.
        wait_until(lambda: _launchers(state()) == [4], "the launcher to be forgotten", 60)
        wait_until(lambda: statuses("held") == ["QUEUED"] * 4 + ["STARTED"] * 2, "two to run again", 30)

        [job] = [
            edge["node"]["id"]
            for edge in state()["codeLocations"][0]["jobs"]["edges"]
            if edge["node"]["name"] == "held"
        ]
        ask(
            "mutation($job: ID!) { setRunLimit(input: {jobId: $job, maxConcurrentRuns: 3}) { errors { message } } }",
            job=job,
        )
        wait_until(lambda: statuses("held") == ["QUEUED"] * 3 + ["STARTED"] * 3, "a third to run", 30)
        (tmp_path / "hold").unlink()
        wait_until(lambda: statuses("held") == ["SUCCESS"] * 6, "all to have run", 30)


def _launchers(state: Any) -> list[int]:
    """Return how many slots each launcher has that is alive."""
    alive = [worker for worker in state["instance"]["workers"] if worker["healthy"]]
    return [worker["slots"] for worker in alive if worker["role"] == "LAUNCH"]
