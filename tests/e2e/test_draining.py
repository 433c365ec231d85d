"""TERM: each process stops in order within the time that docs/operations.md says, also where user code will not end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from e2e.servers import free_port, wait_until
from vedette.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
GRACE, DRAIN = 2.0, 1.0
# What the page says that each takes at most, and what a busy machine adds.
MOST = {"serve": DRAIN + 6, "evaluate": GRACE, "launch": GRACE + 5}
BUSY_SECONDS = 8.0
PROJECT = """
import signal, time
from vedette import *

@op
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)

@job
def never_ends():
    stubborn()

@sensor(job=never_ends, minimum_interval_seconds=0.1, default_status=DefaultSensorStatus.RUNNING)
def hangs(context):
    if context.cursor:
        while True:
            time.sleep(1)
    context.update_cursor("1")
    yield RunRequest(run_key="only")
"""
STATE = """{
  runs { edges { node { status error { type } } } }
  ticks { edges { node { status } } }
}"""
FOLLOW = '{"id": "1", "type": "subscribe", "payload": {"query": "subscription { runs { __typename } }"}}'

Processes = dict[str, "subprocess.Popen[bytes]"]


def start(role: str, database_url: str, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    given = {
        "VEDETTE_DATABASE_URL": database_url,
        "VEDETTE_PORT": str(port),
        "VEDETTE_HOME": str(folder / "home"),
        "VEDETTE_LEASE_SECONDS": "2",
        "VEDETTE_STARTED_AFTER_SECONDS": "0.1",
        "VEDETTE_SHUTDOWN_GRACE_SECONDS": str(GRACE),
        "VEDETTE_DRAIN_SECONDS": str(DRAIN),
    }
    words = [role] if role == "serve" else [role, str(folder / "project.py")]
    with (folder / f"{role}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "vedette.cli", *words],
            stdout=log, stderr=log, env=os.environ | given, start_new_session=True,
        )  # fmt: skip


def state(port: int) -> Any:
    """Return what there is to see of the work: a run that has started, a tick that does not end; None before that."""
    try:
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": STATE}, timeout=10).json()
    except (httpx.TransportError, ValueError):
        return None
    return {what: [edge["node"] for edge in answer["data"][what]["edges"]] for what in ("runs", "ticks")}


def is_at_work(port: int) -> bool:
    seen = state(port)
    return bool(
        seen
        and [run["status"] for run in seen["runs"]] == ["STARTED"]
        and "STARTED" in [tick["status"] for tick in seen["ticks"]]
    )


def left_of(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def ends(process: "subprocess.Popen[bytes]", role: str, log: Path) -> None:
    """Have a process end by TERM, all of it, within its time."""
    tree = left_of(psutil.Process(process.pid))
    process.send_signal(signal.SIGTERM)
    assert process.wait(MOST[role] + BUSY_SECONDS) == 0, log.read_text()
    _, alive = psutil.wait_procs(tree, timeout=BUSY_SECONDS)
    assert alive == []
    assert "Traceback" not in log.read_text()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def at_work(database_url: str, tmp_path: Path, port: int) -> Iterator[Processes]:
    """A process of each kind, with a run and an evaluation that never end."""
    (tmp_path / "project.py").write_text(PROJECT)
    with ExitStack() as stack:
        running = {role: start(role, database_url, tmp_path, port) for role in MOST}
        for process in running.values():
            stack.callback(process.wait, 10)
            stack.callback(process.kill)
        wait_until(lambda: is_at_work(port), "a run and an evaluation under way", 60)
        yield running


def test_the_page_says_how_long() -> None:
    said = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE))
    grace = f"`shutdown_grace_seconds` ({Settings().shutdown_grace_seconds:g} s)"
    assert said == {"serve": "`drain_seconds` + 6 s", "evaluate": grace, "launch": "`shutdown_grace_seconds` + 5 s"}


@pytest.mark.slow
def test_each_process_ends_within_its_time_whatever_user_code_does(
    at_work: Processes, tmp_path: Path, port: int
) -> None:
    logs = {role: tmp_path / f"{role}.log" for role in MOST}

    ends(at_work["evaluate"], "evaluate", logs["evaluate"])
    seen = state(port)
    # What it had begun is told at once, not only when its lease has run out.
    assert "STARTED" not in [tick["status"] for tick in seen["ticks"]], seen

    ends(at_work["launch"], "launch", logs["launch"])
    assert state(port)["runs"] == [{"status": "FAILURE", "error": {"type": "RunInterrupted"}}]

    protocol = Subprotocol("graphql-transport-ws")
    with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol]) as socket:
        socket.send('{"type": "connection_init"}')
        socket.recv(10)
        socket.send(FOLLOW)
        at_work["serve"].send_signal(signal.SIGTERM)
        drained = wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 503, "503")
        assert drained
        assert at_work["serve"].wait(MOST["serve"] + BUSY_SECONDS) == 0
        with pytest.raises(ConnectionClosedError, match="1012"):
            list(socket)
    assert "Traceback" not in logs["serve"].read_text()
