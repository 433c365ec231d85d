"""The launcher with real processes: forked, crashing, cancelled, killed with their launcher."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from integration.launcher.queue import QUICK, Queue, launching
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.local import LocalEngine

REAL = QUICK.model_copy(
    update={"load_timeout_seconds": 60.0, "lease_seconds": 10.0, "cancel_grace_seconds": 5.0, "host_memory_mb": 512}
)

PROJECT = """
import ctypes, os, subprocess, sys, time
from vedette import *

LEDGER = {ledger!r}

def note(line):
    descriptor = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (line + "\\n").encode())
    os.close(descriptor)

@op
def succeed(context: OpExecutionContext):
    note(context.run_id)
    context.log.info("hello from the op")
    return 1

@op
def use(number):
    print("printed", number + 1)

@job
def succeeds():
    use(succeed())

@op
def fail():
    raise ValueError("no such table: orders")

@job
def fails():
    fail()

@op
def leave():
    os._exit(3)

@job
def exits():
    leave()

@op
def crash():
    ctypes.string_at(0)

@job
def crashes():
    crash()

@op
def wait_long():
    note("waiting")
    try:
        time.sleep(600)
    finally:
        note("cleaned up")

@job
def waits():
    wait_long()

@op
def start_another():
    note(str(subprocess.Popen(["sleep", "600"], start_new_session=True).pid))
    time.sleep(600)

@job
def starts_another():
    start_another()

class NameConfig(Config):
    name: str

@op
def greet(config: NameConfig):
    note("greeted")

@job
def greets():
    greet()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The file that ops append to."""
    return tmp_path / "ledger.txt"


@asynccontextmanager
async def real_engine(tmp_path: Path, ledger: Path) -> AsyncIterator[LocalEngine]:
    target = tmp_path / "project.py"
    target.write_text(PROJECT.format(ledger=str(ledger)))
    async with CodeLocations({"project": str(target)}, REAL, watch=False) as locations:
        assert locations["project"].error is None
        yield LocalEngine(locations)


@pytest.fixture
async def local(tmp_path: Path, ledger: Path) -> AsyncIterator[LocalEngine]:
    """The engine that forks, with the project loaded."""
    async with real_engine(tmp_path, ledger) as engine:
        yield engine


def lines_of(ledger: Path, word: str = "") -> list[str]:
    """Return the lines with `word` that ops have written."""
    return [line for line in ledger.read_text().splitlines() if word in line] if ledger.exists() else []


async def until_noted(queue: Queue, ledger: Path, word: str = "") -> str:
    """Wait until an op has written a line with `word`; return the last such line."""

    async def is_noted() -> bool:
        return bool(lines_of(ledger, word))

    await queue.until(is_noted, f"a line with {word!r} in the ledger")
    return lines_of(ledger, word)[-1]


async def finish(queue: Queue, job_name: str) -> tuple[UUID, str, str]:
    """Launch a run of a job; return its id, its last status and its error."""
    [run_id] = await queue.add(job_name)
    await queue.until_finished()
    row = await queue.row(run_id)
    return run_id, row.status, row.error or ""


async def test_a_run_executes_its_ops_in_a_process_of_its_own(queue: Queue, local: LocalEngine, ledger: Path) -> None:
    async with launching(queue, local, REAL):
        run_id, status, _ = await finish(queue, "succeeds")
    assert status == "SUCCESS"
    assert lines_of(ledger) == [str(run_id)]
    messages = [event.message for event in await queue.events(run_id) if event.kind == "LOG"]
    assert "hello from the op" in messages
    assert "printed 2" in messages
    assert await queue.steps(run_id) == {"succeed": "SUCCESS", "use": "SUCCESS"}


async def test_each_way_to_fail_is_told_apart(queue: Queue, local: LocalEngine, ledger: Path) -> None:
    async with launching(queue, local, REAL):
        for job_name, words in {
            "fails": ("ValueError", "no such table: orders"),
            "exits": ("exited with code 3", "os._exit"),
            "crashes": ("SIGSEGV",),
            "greets": ("ops.greet is missing",),
            "unknown": ("unknown",),
        }.items():
            run_id, status, error = await finish(queue, job_name)
            assert status == "FAILURE"
            assert all(word in error for word in words), error
            has_started = (await queue.row(run_id)).started_at is not None
            assert has_started == (job_name not in ("greets", "unknown"))
    assert lines_of(ledger) == []


async def test_a_cancel_lets_user_code_clean_up(queue: Queue, local: LocalEngine, ledger: Path) -> None:
    async with launching(queue, local, REAL):
        [run_id] = await queue.add("waits")
        await until_noted(queue, ledger, "waiting")
        await queue.cancel(run_id)
        await queue.until_status(run_id, "CANCELED")
    assert lines_of(ledger) == ["waiting", "cleaned up"]


async def test_a_stopped_launcher_leaves_no_process_behind(queue: Queue, local: LocalEngine, ledger: Path) -> None:
    async with launching(queue, local, REAL):
        [run_id] = await queue.add("waits")
        await until_noted(queue, ledger, "waiting")
    assert "its launcher was stopped" in (await queue.row(run_id)).error
    assert lines_of(ledger) == ["waiting", "cleaned up"]


async def test_a_project_that_is_reloaded_lets_its_runs_go_on(queue: Queue, tmp_path: Path, ledger: Path) -> None:
    target = tmp_path / "project.py"
    target.write_text(PROJECT.format(ledger=str(ledger)))
    async with (
        CodeLocations({"project": str(target)}, REAL, watch=False) as locations,
        launching(queue, LocalEngine(locations), REAL),
    ):
        [run_id] = await queue.add("waits")
        await until_noted(queue, ledger, "waiting")
        target.write_text("1 / 0")
        await locations["project"].reload()
        [held] = await queue.add("succeeds")
        assert (await queue.row(run_id)).status == "STARTED"
        target.write_text(PROJECT.format(ledger=str(ledger)))
        await locations["project"].reload()
        await queue.until_status(held, "SUCCESS")
        await queue.cancel(run_id)
        await queue.until_status(run_id, "CANCELED")


async def test_a_run_whose_process_is_killed_takes_what_it_started_with_it(
    queue: Queue, local: LocalEngine, ledger: Path
) -> None:
    async with launching(queue, local, REAL):
        [run_id] = await queue.add("starts_another")
        started = psutil.Process(int(await until_noted(queue, ledger)))
        assert started.environ()["VEDETTE_RUN_ID"] == str(run_id)
        os.kill(started.ppid(), signal.SIGKILL)
        row = await queue.until_status(run_id, "FAILURE")
        await until_gone(queue, started)
    assert "was interrupted: the run's process was killed by signal 9 (SIGKILL)" in row.error


async def test_a_forced_cancel_takes_what_the_run_started_with_it(
    queue: Queue, local: LocalEngine, ledger: Path
) -> None:
    async with launching(queue, local, REAL):
        [run_id] = await queue.add("starts_another")
        started = psutil.Process(int(await until_noted(queue, ledger)))
        await queue.cancel(run_id, forced=True)
        await queue.until_status(run_id, "CANCELED")
        await until_gone(queue, started)


async def until_gone(queue: Queue, process: psutil.Process) -> None:
    """Wait until `process` has ended."""

    async def is_gone() -> bool:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

    await queue.until(is_gone, f"the end of {process}")


@pytest.mark.slow
async def test_two_hundred_runs_are_forked_and_each_op_runs_once(
    queue: Queue, local: LocalEngine, ledger: Path
) -> None:
    async with launching(queue, local, REAL):
        ids = await queue.add("succeeds", 200)
        await queue.until_finished(seconds=60)
    assert await queue.counts() == {"SUCCESS": 200}
    assert sorted(lines_of(ledger)) == sorted(str(run_id) for run_id in ids)
