"""Launchers that are lost, that only seem to be, and that come back."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from uuid import UUID

import psutil
import pytest

from conftest import outage
from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine, log
from vedette.domain.ids import new_id
from vedette.storage import workers

PATIENT = QUICK.model_copy(update={"lease_seconds": 60.0})
IDLE = "import time; time.sleep(600)"


@pytest.fixture
def dead_pid() -> int:
    """The pid of a process that is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def add_worker(queue: Queue, host: str, pid: int) -> UUID:
    """Register a worker that holds no lock."""
    worker_id = new_id()
    await queue.execute(
        "INSERT INTO workers (id, role, host, pid, lock_key) VALUES (:id, 'LAUNCH', :host, :pid, 12345)",
        id=worker_id, host=host, pid=pid,
    )  # fmt: skip
    return worker_id


async def test_each_state_is_rescued_as_it_should_as_soon_as_a_launcher_starts(
    queue: Queue, engine: ScriptedEngine, dead_pid: int
) -> None:
    lost = await add_worker(queue, socket.gethostname(), dead_pid)
    starting = await queue.claimed_by(lost, "job", "STARTING")
    started = await queue.claimed_by(lost, "job", "STARTED")
    retried = await queue.claimed_by(lost, "job", "STARTED", on_interrupted="retry")
    canceling = await queue.claimed_by(lost, "job", "CANCELING")
    to_cancel = await queue.claimed_by(lost, "job", "STARTING")
    await queue.execute("UPDATE runs SET cancel_asked_at = now() WHERE id = :id", id=to_cancel)
    await queue.execute(
        "INSERT INTO run_steps (run_id, index, name, status) VALUES (:id, 0, 'a', 'STARTED'), (:id, 1, 'b', 'PENDING')",
        id=started,
    )
    async with launching(queue, engine, PATIENT):
        await queue.until_status(canceling, "CANCELED")
        failed = await queue.until_status(started, "FAILURE")
        await queue.until_status(starting, "QUEUED")
        again = await queue.until_status(retried, "QUEUED")
        await queue.until_status(to_cancel, "CANCELED")
        assert "interrupted: its launcher was lost while user code was running" in failed.error
        assert failed.finished_at is not None
        assert await queue.steps(started) == {"a": "FAILURE", "b": "SKIPPED"}
        assert (again.attempt, again.started_at) == (2, None)
        assert (await queue.row(starting)).attempt == 1
        assert (await queue.events(starting))[1].message == (
            "Its launcher was lost before user code had begun. The run is queued again."
        )
        assert (await queue.kinds(starting))[1:] == ["ENGINE", "RUN_QUEUED"]
        engine.locations.append("elsewhere")
        engine.changed.set()
        await queue.until_finished()
    assert set(engine.begun) == {(starting, 1), (retried, 2)}


async def test_a_launcher_without_a_row_is_lost(queue: Queue, engine: ScriptedEngine) -> None:
    run_id = await queue.claimed_by(new_id(), "job", "STARTED")
    async with launching(queue, engine, PATIENT):
        await queue.until_status(run_id, "FAILURE")


async def test_a_claim_that_ran_out_is_taken_over_whoever_holds_it(queue: Queue, engine: ScriptedEngine) -> None:
    async with workers.registered(queue.database, "LAUNCH", "elsewhere", 1) as alive:
        run_id = await queue.claimed_by(alive, "job", "STARTING", claim_seconds=-1)
        async with launching(queue, engine):
            await queue.until_status(run_id, "QUEUED")


async def test_after_an_outage_of_the_database_the_others_have_a_lease_to_show_that_they_live(
    queue: Queue, engine: ScriptedEngine
) -> None:
    lease = 1.5
    async with workers.registered(queue.database, "LAUNCH", "elsewhere", 1) as alive:
        run_id = await queue.claimed_by(alive, "job", "STARTED", claim_seconds=lease)
        async with launching(queue, engine, QUICK.model_copy(update={"lease_seconds": lease})):
            async with outage(queue.database.url):
                await asyncio.sleep(1.5 * lease)
            # Several looks, and the time in which a launcher that lives renews its claims.
            await asyncio.sleep(0.6 * lease)
            row = await queue.row(run_id)
            assert (row.status, row.launcher_id) == ("STARTED", alive)
            # This one does not.
            await queue.until_status(run_id, "FAILURE")


async def test_a_launcher_that_lives_keeps_its_runs(queue: Queue, engine: ScriptedEngine, dead_pid: int) -> None:
    unlocked_but_alive = await add_worker(queue, socket.gethostname(), os.getpid())
    lost = await add_worker(queue, socket.gethostname(), dead_pid)
    async with workers.registered(queue.database, "LAUNCH", "elsewhere", 1) as alive:
        kept = [await queue.claimed_by(each, "job", "STARTED") for each in (alive, unlocked_but_alive)]
        mark = await queue.claimed_by(lost, "job", "STARTED")
        async with launching(queue, engine, PATIENT):
            await queue.until_status(mark, "FAILURE")  # so the rescuer has looked
            assert [(await queue.row(run_id)).status for run_id in kept] == ["STARTED", "STARTED"]


async def test_a_launcher_whose_run_was_taken_over_writes_nothing_any_more(
    queue: Queue, engine: ScriptedEngine
) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate, events=(log("before"),))
    async with launching(queue, engine, PATIENT):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        await queue.until(lambda: has_logged(queue, run_id), "its first log line")
        await queue.execute("UPDATE runs SET claimed_until = now() - interval '1 s' WHERE id = :id", id=run_id)
        async with launching(queue, ScriptedEngine(locations=[]), host="another"):
            await queue.until_status(run_id, "FAILURE")
        told = await queue.events(run_id)
        gate.set()

        async def is_given_up() -> bool:
            return run_id not in engine.live

        await queue.until(is_given_up, "the zombie to give its run up")
        assert await queue.events(run_id) == told
        assert (await queue.row(run_id)).status == "FAILURE"


async def has_logged(queue: Queue, run_id: UUID) -> bool:
    return "LOG" in await queue.kinds(run_id)


async def test_a_run_that_was_taken_over_is_dropped_at_the_next_renewal(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(gate=asyncio.Event())
    async with launching(queue, engine, QUICK.model_copy(update={"lease_seconds": 0.6})):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        await queue.execute(
            "UPDATE runs SET claim_epoch = claim_epoch + 1, launcher_id = :other,"
            " claimed_until = now() + interval '1 h' WHERE id = :id",
            id=run_id, other=(thief := await add_worker(queue, socket.gethostname(), os.getpid())),
        )  # fmt: skip

        async def is_dropped() -> bool:
            return run_id not in engine.live

        await queue.until(is_dropped, "the process to be ended")
        row = await queue.row(run_id)
        assert (row.status, row.launcher_id) == ("STARTED", thief)


async def test_a_long_run_outlives_many_leases(queue: Queue, engine: ScriptedEngine) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate)
    async with launching(queue, engine, QUICK.model_copy(update={"lease_seconds": 0.3})):
        [run_id] = await queue.add("job")
        first = (await queue.until_status(run_id, "STARTED")).claimed_until

        async def is_renewed_often() -> bool:
            return bool(((await queue.row(run_id)).claimed_until - first).total_seconds() > 1.5)

        await queue.until(is_renewed_often, "several renewals")
        gate.set()
        await queue.until_status(run_id, "SUCCESS")
    assert engine.begun == [(run_id, 1)]


@pytest.fixture
def start_carrying() -> Iterator[Callable[[UUID], subprocess.Popen[bytes]]]:
    """Start a process as user code of a run would; what is left of it ends with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(run_id: UUID) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "VEDETTE_RUN_ID": str(run_id)}
        started.append(subprocess.Popen([sys.executable, "-c", IDLE], env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_what_a_lost_run_left_running_is_killed_and_nothing_else(
    queue: Queue, engine: ScriptedEngine, dead_pid: int, start_carrying: Callable[[UUID], subprocess.Popen[bytes]]
) -> None:
    lost = await add_worker(queue, socket.gethostname(), dead_pid)
    run_id = await queue.claimed_by(lost, "job", "STARTED")
    left, other = start_carrying(run_id), start_carrying(new_id())
    async with launching(queue, engine, PATIENT):
        await queue.until_status(run_id, "FAILURE")
    assert left.wait(10) == -signal.SIGKILL
    assert other.poll() is None
    assert psutil.pid_exists(other.pid)
