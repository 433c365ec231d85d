"""Which runs are claimed, in which order, by whom, and how many at a time."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import TextClause, text

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine, log
from vedette.domain.ids import new_id
from vedette.domain.runs import FINISHED
from vedette.faults import Point
from vedette.launcher.fleet import Fleet
from vedette.storage import workers
from vedette.storage.database import Database
from vedette.storage.direct import Statement
from vedette.storage.runs import run_claims, run_queue
from vedette.storage.runs.run_queue import ClaimedRun


async def claim(database: Database, limit: int, code_locations: tuple[str, ...] = ("project",)) -> list[UUID]:
    async with database.writing() as connection:
        return [run.run_id for run in (await run_claims.claim(connection, new_id(), code_locations, limit, 10.0)).runs]


async def test_runs_are_claimed_in_the_order_of_the_queue(queue: Queue) -> None:
    ids = await queue.add("job", 6)
    await queue.execute("UPDATE runs SET priority = 1 WHERE id = :id", id=ids[4])
    await queue.execute("UPDATE runs SET turn = 1 WHERE id = :id", id=ids[2])
    assert await claim(queue.database, 3) == [ids[4], ids[0], ids[1]]
    assert await claim(queue.database, 9) == [ids[3], ids[5], ids[2]]
    assert await claim(queue.database, 9) == []


async def test_a_claim_carries_all_that_the_process_needs(queue: Queue) -> None:
    [run_id] = await queue.add("job", on_interrupted="retry")
    async with queue.database.writing() as connection:
        [claimed] = (await run_claims.claim(connection, new_id(), ["project"], 5, 10.0)).runs
    assert claimed.instruction.run_id == run_id
    assert claimed.instruction.run_config == {"ops": {}}
    assert claimed.instruction.tags == {"team": "north"}
    assert (claimed.epoch, claimed.event_count, claimed.attempt, claimed.on_interrupted) == (1, 2, 1, "retry")


async def test_only_runs_of_loaded_code_locations_are_claimed(queue: Queue, engine: ScriptedEngine) -> None:
    engine.locations = ["project"]
    other = await queue.add("job", code_location="other")
    async with launching(queue, engine, QUICK.model_copy(update={"poll_seconds": 60.0})):
        [mine] = await queue.add("job")
        await queue.until_status(mine, "SUCCESS")
        assert (await queue.row(other[0])).status == "QUEUED"
        engine.locations.append("other")
        engine.changed.set()
        await queue.until_status(other[0], "SUCCESS")


async def test_many_claimers_at_once_never_take_the_same_run(queue: Queue, database_url: str) -> None:
    ids = await queue.add("job", 400)
    taken: Counter[UUID] = Counter()

    async def take_all(database: Database) -> None:
        while claimed := await claim(database, 3):
            taken.update(claimed)

    async with Database(database_url, pool_size=12) as database, asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(take_all(database))
    # SKIP LOCKED may hand a claimer an empty list while others hold the last rows; nothing may be left all the same.
    taken.update(await claim(queue.database, 400))
    assert taken == Counter(ids)


async def test_two_launchers_share_the_queue_and_run_everything_once(queue: Queue) -> None:
    engines = [ScriptedEngine(), ScriptedEngine()]
    async with launching(queue, engines[0]), launching(queue, engines[1]):
        ids = await queue.add("job", 60)
        await queue.until_finished()
    begun = [run_id for engine in engines for run_id, _ in engine.begun]
    assert Counter(begun) == Counter(ids)
    assert all(engine.begun for engine in engines), "one launcher did everything"


async def test_no_more_runs_than_slots_at_a_time(queue: Queue, engine: ScriptedEngine) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate)
    async with launching(queue, engine, QUICK.model_copy(update={"slots": 3})):
        await queue.add("job", 10)

        async def is_full() -> bool:
            return (await queue.counts()) == {"QUEUED": 7, "STARTED": 3}

        await queue.until(is_full, "three runs to be STARTED")
        gate.set()
        await queue.until_finished()
    assert engine.most_live == 3


async def test_a_run_starts_on_the_knock_not_on_the_poll(queue: Queue, engine: ScriptedEngine) -> None:
    async with launching(queue, engine, QUICK.model_copy(update={"poll_seconds": 60.0})):
        await queue.add("job")
        await queue.until_finished(seconds=5)


async def test_a_run_without_a_knock_is_found_by_the_poll(queue: Queue, engine: ScriptedEngine) -> None:
    [run_id] = await queue.add("job", code_location="other")
    async with launching(queue, engine):
        await queue.execute("UPDATE runs SET code_location = 'project' WHERE id = :id", id=run_id)
        await queue.until_status(run_id, "SUCCESS")


async def test_a_run_whose_process_cannot_be_made_waits_in_the_queue(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(unprepared_times=2)
    async with launching(queue, engine):
        [run_id] = await queue.add("job")
        row = await queue.until_status(run_id, "SUCCESS")
    assert row.attempt == 1
    messages = [event.message for event in await queue.events(run_id) if event.kind == "ENGINE"]
    assert messages == ["The code location project is being reloaded. The run is queued again."] * 2


@pytest.mark.timeout(60)
async def test_three_hundred_short_runs_each_succeed_once(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["job"] = Script(events=tuple(log(f"line {number}") for number in range(3)))
    async with launching(queue, engine, QUICK.model_copy(update={"slots": 50})):
        ids = await queue.add("job", 300)
        await queue.until_finished(seconds=50)
    assert set(await queue.counts()) <= {status.value for status in FINISHED}
    assert await queue.counts() == {"SUCCESS": 300}
    assert Counter(engine.begun) == Counter((run_id, 1) for run_id in ids)


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (run_claims.claim_of(8), {"code_locations": ["project"], "lease_seconds": 9.0, "launcher_id": new_id()}),
        (run_queue._CANCELLATIONS, {"launcher_id": new_id()}),
        (run_queue._HOLDERS, {"launcher_id": new_id()}),
        (
            run_queue._TAKE_OVER,
            {"launcher_id": new_id(), "dead": [], "held": [], "limit": 9, "lease_seconds": 9.0, "lapsed": True},
        ),
    ],
    ids=["claim", "cancellations", "holders", "take over"],
)
async def test_a_long_history_is_not_read_to_look_at_the_queue(
    queue: Queue, statement: TextClause | Statement, values: dict[str, Any]
) -> None:
    await queue.add("job", 5_000)
    await queue.execute("UPDATE runs SET status = 'SUCCESS' WHERE id IN (SELECT id FROM runs ORDER BY id LIMIT 4990)")
    await queue.execute("ANALYZE runs")
    plan = "\n".join(row[0] for row in await queue.execute(f"EXPLAIN {statement.text}", **values))
    assert "Seq Scan on runs" not in plan
    await queue.execute("DELETE FROM runs WHERE status = 'SUCCESS'")


async def test_a_renewal_that_waited_for_a_lock_counts_from_when_it_came_through(queue: Queue) -> None:
    [run_id] = await queue.add("waits")
    launcher = new_id()
    async with queue.database.writing() as connection:
        [claimed] = (await run_claims.claim(connection, launcher, ["project"], 1, 0.5)).runs

    async def renew() -> None:
        async with queue.database.writing() as connection:
            await run_queue.renew(connection, {run_id: claimed.epoch}, 0.5)

    async with queue.database.writing() as connection:
        await connection.execute(text("SELECT id FROM runs FOR UPDATE"))
        renewing = asyncio.create_task(renew())
        await connection.execute(text("SELECT pg_sleep(1)"))
    await renewing

    [row] = await queue.execute("SELECT claimed_until > now() AS held FROM runs")
    assert row.held


@pytest.mark.parametrize("taken_over", [True, False])
async def test_a_claim_that_took_long_is_renewed_before_its_run_is_launched_or_given_up(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, *, taken_over: bool
) -> None:
    """As after a freeze between the commit of a claim and the launch: by then another launcher may hold the run."""
    struck = asyncio.Event()

    def freeze(point: Point) -> None:
        if point is Point.RUN_CLAIMED and not struck.is_set():
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, meanwhile()).result(20)
            struck.set()

    async def meanwhile() -> None:
        connection = await asyncpg.connect(queue.database.url)
        if taken_over:
            take = "UPDATE runs SET claim_epoch = claim_epoch + 1, launcher_id = $1, claimed_until = now() + '1 minute'"
            await connection.execute(take, other_launcher)
        await connection.execute("SELECT pg_sleep(1.1)")
        await connection.close()

    monkeypatch.setattr("vedette.launcher.claiming.reached", freeze)
    lease = QUICK.model_copy(update={"lease_seconds": 3.0})
    async with workers.registered(queue.database, "LAUNCH", "there", 2) as other_launcher:
        async with launching(queue, engine, lease):
            [frozen] = await queue.add("job")
            if taken_over:
                await struck.wait()
                # One that is claimed in the next round, when what became of the first has been decided.
                [later] = await queue.add("job")
                await queue.until_status(later, "SUCCESS")
            else:
                await queue.until_status(frozen, "SUCCESS")
        assert engine.prepared.count(frozen) == (0 if taken_over else 1)


async def test_a_claim_that_took_long_has_its_whole_time_before_it_when_its_run_is_launched(
    queue: Queue, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[timedelta] = []

    def freeze(point: Point) -> None:
        if point is Point.RUN_CLAIMED:
            time.sleep(1.1)

    def launch(fleet: Fleet, run: ClaimedRun, runs: asyncio.TaskGroup) -> None:
        runs.create_task(look(run.run_id))

    async def look(run_id: UUID) -> None:
        [row] = await queue.execute(
            "SELECT claimed_until - clock_timestamp() AS left FROM runs WHERE id = :id", id=run_id
        )
        left.append(row.left)

    async def looked() -> bool:
        return bool(left)

    monkeypatch.setattr("vedette.launcher.claiming.reached", freeze)
    monkeypatch.setattr(Fleet, "launch", launch)
    # Of the 3 s, 1.1 had passed before it was renewed.
    async with launching(queue, engine, QUICK.model_copy(update={"lease_seconds": 3.0})):
        await queue.add("job")
        await queue.until(looked, "the launch")
    assert left[0] > timedelta(seconds=2.0)
