"""A rolling restart of everything behind a real nginx, while clients of every kind are at work: nothing is lost."""

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
import httpx
import pytest
from chaos.processes import Process, free_port
from chaos.subscriber import DOCUMENTS, Subscriber
from chaos.template import Template
from chaos.trial import Trial

from e2e.nginx import nginx

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx-light)."
)
STUCK_SECONDS = 20.0
PAUSE_SECONDS = 0.2
EVENTS_PER_SECOND = 8.0
# No operation is to be given up here, however busy the machine is.
PATIENT = {"VEDETTE_EXECUTION_SECONDS": "30"}
# What the manual says of each, with the grace of a trial (4 s), and what a busy machine adds.
MOST_SECONDS = {"serve": 6.0, "evaluate": 4.0, "launch": 9.0}
BUSY_SECONDS = 5.0
# What the example of nginx asks for.
NOTICED_SECONDS = 2.0
QUERY = "{ sensors(first: 5) { edges { node { name cursor { version } } } } }"
LAUNCH = """
mutation($config: JSON!, $tags: [RunTagInput!], $key: String!) {
  launchRun(input: {jobName: "once", runConfig: $config, tags: $tags, idempotencyKey: $key}) { errors { message } }
}
"""


class EventStream(Subscriber):
    """The same by an event stream, as a browser follows one: it goes on with the header Last-Event-ID."""

    def _listen(self, address: str) -> None:
        headers = {"accept": "text/event-stream", "last-event-id": str(self.last)}
        body = {"query": DOCUMENTS[self.stream], "variables": {"after": None}}
        url = f"http://{address}/graphql/stream"
        try:
            with httpx.stream("POST", url, json=body, headers=headers, timeout=20) as response:
                for line in response.iter_lines():
                    if self.is_stopped:
                        return
                    if line.startswith("data: "):
                        self.take(json.loads(line.removeprefix("data: ")))
        except httpx.HTTPError as error:
            raise OSError(str(error)) from error
        raise OSError("It ended.")


class Client:
    """Asks over and over while the block runs; `answers` counts what came, by status and code of the error."""

    def __init__(self, address: str) -> None:
        self.answers: Counter[tuple[int, str | None]] = Counter()
        self._client = httpx.Client(base_url=f"http://{address}", timeout=30)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._client.close()

    def _work(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            self.once()

    def once(self) -> None:
        """Ask once."""
        self.noted(self._client.get("/graphql", params={"query": QUERY}))

    def noted(self, answer: httpx.Response) -> bool:
        """Take an answer in; tell whether it is what was asked for."""
        try:
            body: Any = answer.json()
        except ValueError:
            body = {"errors": [{"extensions": {"code": answer.text[:200]}}]}
        code = body["errors"][0]["extensions"]["code"] if "errors" in body else None
        self.answers[answer.status_code, code] += 1
        return code is None


class Launcher(Client):
    """Launches runs by mutations, each sent again with the same key until it is answered."""

    def __init__(self, address: str, trial: Trial) -> None:
        super().__init__(address)
        self._trial = trial

    def once(self) -> None:
        """Launch one run."""
        name = f"asked-{uuid4().hex}"
        self._trial.events.happened(name)
        tags = [{"key": "event", "value": name}]
        variables = {"config": {"ops": {"handle": {"config": {"name": name}}}}, "tags": tags, "key": name}
        while not self.noted(self._client.post("/graphql", json={"query": LAUNCH, "variables": variables})):
            time.sleep(PAUSE_SECONDS)


@pytest.fixture
def trial(tmp_path: Path, database_url: str, template: Template) -> Iterator[Trial]:
    with Trial(
        tmp_path, database_url, serves=2, template=template, per_second=EVENTS_PER_SECOND, settings=PATIENT
    ) as trial:
        trial.start("evaluate", "launch")
        trial.events.start()
        yield trial


def replace(trial: Trial, process: Process) -> None:
    """Restart a process, as an operator does: TERM, wait for no longer than is said, start, let nginx notice."""
    assert process.terminate(MOST_SECONDS[process.role] + BUSY_SECONDS) == 0, process.log.read_text()
    trial.fleet.replace(process).wait_ready()
    if process.role == "serve":
        time.sleep(NOTICED_SECONDS)


async def last_position(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT position FROM streams WHERE name = 'runs'"))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_clients_behind_nginx_see_a_rolling_restart_only_where_it_is_said(trial: Trial, tmp_path: Path) -> None:
    servers = [process for process in trial.fleet.processes if process.role == "serve"]
    port = free_port()
    address = f"127.0.0.1:{port}"
    begin = trial.ask(last_position)
    with ExitStack() as stack:
        stack.enter_context(nginx(tmp_path, port, *(str(server.port) for server in servers)))
        followers = [follower("runs", [address], after=begin) for follower in (Subscriber, EventStream)]
        for follower in followers:
            follower.start()
            stack.callback(follower.stop)
        with Client(address) as reader, Launcher(address, trial) as writer:
            for process in list(trial.fleet.processes):
                replace(trial, process)
        trial.settle(STUCK_SECONDS)
        last = trial.ask(last_position)
        for follower in followers:
            assert follower.reaches(last, STUCK_SECONDS), type(follower)
            assert follower.problems() == []
            # Of two servers each was restarted; a stream goes over to the other.
            assert 1 <= follower.reconnects <= 10
    # Queries are asked of the other server; what may have had an effect is for its sender to send again.
    assert set(reader.answers) == {(200, None)}
    assert set(writer.answers) <= {(200, None), (503, "DRAINING")}
    assert writer.answers[200, None] > 10
    verdict = trial.verdict()
    assert verdict.problems == []
    assert verdict.interrupted == 0
