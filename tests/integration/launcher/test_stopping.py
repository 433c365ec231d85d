"""A launcher that is stopped records what becomes of each of its runs before it returns."""

import asyncio
import time

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine
from vedette.storage.connecting import connect

CUT_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_each_run_is_told_of_before_the_launcher_returns(queue: Queue, engine: ScriptedEngine) -> None:
    held = asyncio.Event()
    engine.scripts = {
        "runs": Script(gate=held),
        "ignores": Script(gate=held, ignores_term=True),
        "retries": Script(gate=held),
        "prepares": Script(ready_gate=held),
    }
    async with launching(queue, engine):
        [runs], [ignores] = await queue.add("runs"), await queue.add("ignores")
        [retries], [prepares] = await queue.add("retries", on_interrupted="retry"), await queue.add("prepares")
        [waits] = await queue.add("runs")
        for run_id in (runs, ignores, retries):
            await queue.until_status(run_id, "STARTED")
        await queue.until_status(prepares, "STARTING")
    rows = {run_id: await queue.row(run_id) for run_id in (runs, ignores, retries, prepares, waits)}
    assert [row.status for row in rows.values()] == ["FAILURE", "FAILURE", "QUEUED", "QUEUED", "QUEUED"]
    for run_id in (runs, ignores):
        assert "interrupted: its launcher was stopped while user code was running" in rows[run_id].error
    assert [rows[run_id].attempt for run_id in (retries, prepares, waits)] == [2, 1, 1]
    assert len(engine.begun) == 3
    assert engine.live == {}


async def test_a_run_that_ends_within_the_grace_succeeds(queue: Queue, engine: ScriptedEngine) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate)
    async with launching(queue, engine, QUICK.model_copy(update={"shutdown_grace_seconds": 30.0})) as task:
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        task.cancel()
        gate.set()
        await queue.until_status(run_id, "SUCCESS")


async def test_an_idle_launcher_stops_at_once(queue: Queue, engine: ScriptedEngine) -> None:
    async with launching(queue, engine, QUICK.model_copy(update={"shutdown_grace_seconds": 60.0})):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "SUCCESS")
        began = time.monotonic()
    assert time.monotonic() - began < 5.0


async def test_connections_that_are_cut_lose_nothing(queue: Queue, engine: ScriptedEngine) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate)
    async with launching(queue, engine, QUICK.model_copy(update={"lease_seconds": 30.0})):
        [run_id] = await queue.add("job")
        await queue.until_status(run_id, "STARTED")
        connection = await connect(queue.database.url)
        await connection.execute(CUT_OTHERS)
        gate.set()

        async def has_succeeded() -> bool:
            return bool(await connection.fetchval("SELECT status FROM runs") == "SUCCESS")

        # Asked over a connection of its own, so that the launcher meets every cut one of the pool.
        await queue.until(has_succeeded, "the run to end")
        await connection.close()
    assert engine.begun == [(run_id, 1)]
