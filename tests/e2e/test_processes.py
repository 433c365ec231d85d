"""`serve`, `evaluate` and `launch` as processes of their own against one database."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from e2e.servers import free_port, wait_until

PROJECT = """
from vedette import *

@op
def greet():
    pass

@job
def greets():
    greet()

@sensor(job=greets, minimum_interval_seconds=0.2, default_status=DefaultSensorStatus.RUNNING)
def numbers(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return RunRequest(run_key=str(number))
"""
STATE = """
{
  sensor(by: {name: {name: "numbers"}}) { cursor { value } }
  runs(first: 100) { edges { node { status runKey } } }
  instance { workers { role healthy } }
}
"""


@contextmanager
def process(log: Path, *words: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command line until the block ends; then it must stop on TERM with exit code 0."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "vedette.cli", *words],
            stdout=output,
            stderr=output,
            env={**os.environ, **environ},
            start_new_session=True,
        )
    try:
        yield running
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) in (0, -signal.SIGKILL), log.read_text()
    finally:
        running.kill()
        running.wait(10)


def asker(port: str) -> Callable[[], Any]:
    """Return a function that asks the server on `port` for its state; None while it does not answer."""

    def state() -> Any:
        try:
            answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": STATE}, timeout=30).json()
        except httpx.TransportError:
            return None
        assert "errors" not in answer, answer
        return answer["data"]

    return state


def succeeded(state: Any) -> int:
    return [edge["node"]["status"] for edge in state["runs"]["edges"]].count("SUCCESS") if state else 0


def test_three_parts_work_as_processes_of_their_own_and_survive_a_kill_of_each(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "project.py").write_text(PROJECT)
    target, log = str(tmp_path / "project.py"), tmp_path / "log.txt"
    environ = {"VEDETTE_DATABASE_URL": database_url, "VEDETTE_LEASE_SECONDS": "3", "VEDETTE_POLL_SECONDS": "1"}
    environ["VEDETTE_PORT"] = str(free_port())
    state = asker(environ["VEDETTE_PORT"])
    with ExitStack() as stack:
        stack.enter_context(process(log, "serve", **environ))
        evaluator = stack.enter_context(process(log, "evaluate", target, **environ))
        launcher = stack.enter_context(process(log, "launch", target, **environ))
        wait_until(lambda: succeeded(state()) >= 3, "three runs", 30)
        roles = {worker["role"] for worker in state()["instance"]["workers"] if worker["healthy"]}
        assert roles == {"SERVE", "EVALUATE", "LAUNCH"}

        stack.enter_context(process(log, "evaluate", target, **environ))
        stack.enter_context(process(log, "launch", target, **environ))
        evaluator.kill()
        launcher.kill()
        before = int(state()["sensor"]["cursor"]["value"])
        wait_until(lambda: int(state()["sensor"]["cursor"]["value"]) >= before + 5, "the successor to go on", 30)

    keys = sorted(int(edge["node"]["runKey"]) for edge in state_runs(database_url, tmp_path))
    assert keys == list(range(1, len(keys) + 1)), "a run key was lost or doubled"


def state_runs(database_url: str, folder: Path) -> list[Any]:
    """Return all runs, asked from a server that was started after the others had ended."""
    port = str(free_port())
    state = asker(port)
    with process(folder / "log.txt", "serve", VEDETTE_DATABASE_URL=database_url, VEDETTE_PORT=port):
        answer = wait_until(state, "an answer")
        return list(answer["runs"]["edges"])
