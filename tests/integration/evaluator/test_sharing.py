"""Several evaluators: they share the sensors, none is evaluated twice, and the work of a lost one is taken over."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from integration.evaluator.stage import NOTHING_NEW, FakeLocation, FakeLocations, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.bus.topics import CODE_LOCATIONS
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.ids import new_id
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.evaluator.worker import Evaluator
from vedette.storage import leases
from vedette.storage.database import Database
from vedette.storage.ticks import orphans
from vedette.storage.workers import registered

LONG_SECONDS = 60.0


async def shares(stage: Stage) -> list[int]:
    rows = await stage.rows("SELECT holder, count(*) AS held FROM leases WHERE holder IS NOT NULL GROUP BY holder")
    return sorted(row["held"] for row in rows)


async def test_two_evaluators_share_the_sensors_and_double_nothing(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    specs = [SensorSpec(f"s{n}", minimum_interval_seconds=0.1) for n in range(24)]
    await stage.add(*specs)
    asked: Counter[str] = Counter()
    location, other = stage.location(*specs), stage.location(*specs)

    async def counts(instruction: EvaluationInstruction) -> Evaluation:
        count = int(instruction.cursor or 0) + 1
        asked[instruction.sensor_name] += 1
        await asyncio.sleep(0.01)
        return Evaluation((RequestedRun("load"),), cursor_set=True, cursor=str(count))

    for spec in specs:
        location.code[spec.name] = other.code[spec.name] = counts

    async def shared() -> bool:
        return await shares(stage) == [8, 8]

    async def alone() -> bool:
        return await shares(stage) == [16]

    def worked(of: FakeLocation, ticks: int) -> int:
        return sum(map(len, of.calls.values())) - ticks

    async def both_worked() -> bool:
        return worked(location, before[0]) > 48 and worked(other, before[1]) > 48

    async def one_worked() -> bool:
        return worked(location, before[0]) > 48

    async with evaluating(database, bus, location):
        await until(alone)
        async with evaluating(database, bus, other):
            await until(shared)
            before = worked(location, 0), worked(other, 0)
            await until(both_worked)
        await until(alone)
        before = worked(location, 0), worked(other, 0)
        await until(one_worked)
    # Without a run key, a doubled tick would be a doubled run; the chain of cursors would have a hole or a fork.
    sensors = await stage.rows("SELECT id, name, cursor, cursor_version, tick_count FROM sensors")
    runs = Counter(row["sensor_id"] for row in await stage.rows("SELECT sensor_id FROM runs"))
    for sensor in sensors:
        assert str(runs[sensor["id"]]) == sensor["cursor"] == str(sensor["cursor_version"])
    assert {row["status"] for row in await stage.rows("SELECT status FROM ticks")} == {"SUCCESS"}


async def test_who_comes_to_help_gets_work_also_where_every_sensor_is_busy(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    specs = [SensorSpec(f"s{n}", minimum_interval_seconds=0) for n in range(6)]
    await stage.add(*specs)
    location, other = stage.location(*specs), stage.location(*specs)

    async def is_slow(instruction: EvaluationInstruction) -> Evaluation:
        await asyncio.sleep(0.2)
        return NOTHING_NEW

    for spec in specs:
        location.code[spec.name] = other.code[spec.name] = is_slow

    async def all_are_busy() -> bool:
        return sum(location.now.values()) == len(specs)

    async def helps() -> bool:
        return len(other.calls) > 0

    async with evaluating(database, bus, location):
        await until(all_are_busy)
        async with evaluating(database, bus, other):
            await until(helps)


async def test_evaluators_with_different_code_locations_hold_the_sensors_that_they_can_evaluate(
    database: Database, bus: Bus
) -> None:
    stage, bank = Stage(database), Stage(database, "bank")
    specs = [SensorSpec(f"s{n}", minimum_interval_seconds=0.1) for n in range(12)]
    await stage.add(*specs)
    await bank.add(*specs)
    here, there = stage.location(*specs), bank.location(*specs)

    async def all_ticked() -> bool:
        return len(here.calls) == len(there.calls) == len(specs)

    async with evaluating(database, bus, here):
        # Nobody has loaded the other location: its shards are held all the same, to close what was left open.
        async def held_all() -> bool:
            return await shares(stage) == [32]

        await until(held_all)
        async with evaluating(database, bus, there, name="bank"):
            await until(all_ticked)
            assert await shares(stage) == [16, 16]
            # A location that fails to load is left to the others.
            there.catalog = None
            bus.knock(CODE_LOCATIONS)
            helper = bank.location(*specs)
            async with evaluating(database, bus, helper, name="bank"):

                async def helped() -> bool:
                    return len(helper.calls) == len(specs)

                await until(helped)


async def begin_abandoned(
    stage: Stage, bus: Bus, worker_id: UUID, lease_seconds: float
) -> tuple[UUID, asyncio.Task[None]]:
    """Start an evaluator that hangs in an evaluation shown as STARTED; return its sensor and its task."""
    spec = SensorSpec("left", minimum_interval_seconds=60.0)
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def hangs(instruction: EvaluationInstruction) -> Evaluation:
        await asyncio.Event().wait()
        return NOTHING_NEW

    location.code["left"] = hangs
    chosen = settings(lease_seconds=lease_seconds)
    evaluator = Evaluator(stage.database, bus, FakeLocations(here=location), chosen, worker_id)
    task = asyncio.create_task(evaluator.run())

    async def started() -> bool:
        return bool(await stage.ticks(sensor_id))

    await until(started)
    return sensor_id, task


async def vanish(stage: Stage, worker_id: UUID, task: asyncio.Task[None]) -> None:
    """Stop the evaluator, and put the database back to what it were had the process been killed."""
    kept = await stage.rows("SELECT name, holder, epoch, expires_at FROM leases")
    open_ticks = await stage.rows("SELECT id, sensor_id FROM ticks WHERE status = 'STARTED'")
    task.cancel()
    await asyncio.wait([task])
    for lease in kept:
        await stage.execute(
            "UPDATE leases SET holder = :holder, epoch = :epoch, expires_at = :expires_at WHERE name = :name", **lease
        )
    for tick in open_ticks:
        await stage.execute(
            "UPDATE ticks SET status = 'STARTED', error = NULL, finished_at = NULL WHERE id = :id", id=tick["id"]
        )
        await stage.execute("UPDATE sensors SET evaluating_tick_id = :id WHERE id = :sensor_id", **tick)


async def test_leases_of_a_hanging_holder_are_taken_when_they_run_out(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    async with registered(database, "EVALUATE", "there", 2) as hanging:
        sensor_id, task = await begin_abandoned(stage, bus, hanging, lease_seconds=2.0)
        await vanish(stage, hanging, task)
    # A process that is stopped keeps its connection, and with it the lock; it renewed long ago.
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute("SELECT pg_advisory_lock(5)")
        await connection.execute(
            """INSERT INTO workers (id, role, host, pid, lock_key, renewed_at)
            VALUES ($1, 'EVALUATE', 'there', 2, 5, now() - interval '1 minute')""",
            hanging,
        )
        location = stage.location(SensorSpec("left"))

        async def taken_over() -> bool:
            return [tick["status"] for tick in await stage.ticks(sensor_id)] == ["FAILURE", "SKIPPED"]

        began = time.monotonic()
        async with evaluating(database, bus, location, settings(lease_seconds=2.0)):
            await until(taken_over)
        assert time.monotonic() - began > 0.5
    finally:
        await connection.close()
    first, second = await stage.ticks(sensor_id)
    assert "evaluator was lost" in first["error"]
    assert second["epoch"] > first["epoch"]
    assert (await stage.sensor(sensor_id))["evaluating_tick_id"] is None


async def test_leases_of_a_dead_holder_are_taken_at_once(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    async with registered(database, "EVALUATE", "there", 2) as dead:
        sensor_id, task = await begin_abandoned(stage, bus, dead, lease_seconds=600.0)
        await vanish(stage, dead, task)
    # As after a kill: the row is there, the lease runs on, and nobody holds the lock.
    await stage.execute(
        "INSERT INTO workers (id, role, host, pid, lock_key) VALUES (:id, 'EVALUATE', 'x', 2, 3)", id=dead
    )
    location = stage.location(SensorSpec("left"))

    async def taken_over() -> bool:
        return [tick["status"] for tick in await stage.ticks(sensor_id)] == ["FAILURE", "SKIPPED"]

    async with evaluating(database, bus, location, settings(lease_seconds=600.0)):
        await until(taken_over, within=5.0)


async def abandon(stage: Stage, sensor_id: UUID) -> None:
    """Leave a tick of the sensor as an evaluator does that is lost during it."""
    tick_id = new_id()
    await stage.execute(
        """INSERT INTO ticks (id, sensor_id, number, status, cause, started_at, epoch)
        VALUES (:id, :sensor_id, 1, 'STARTED', 'INTERVAL', now(), 0)""",
        id=tick_id, sensor_id=sensor_id,
    )  # fmt: skip
    await stage.execute(
        "UPDATE sensors SET evaluating_tick_id = :id, tick_count = 1, next_tick_at = NULL WHERE id = :sensor_id",
        id=tick_id, sensor_id=sensor_id,
    )  # fmt: skip


async def test_the_lost_probe_of_a_paused_sensor_is_made_again_and_a_persons_stop_stays(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    paused, stopped = SensorSpec("paused", minimum_interval_seconds=60.0), SensorSpec("stopped")
    paused_id, stopped_id = await stage.add(paused, stopped, status=SensorStatus.STOPPED)
    await stage.execute("UPDATE sensors SET status_source = 'FAILURE_POLICY' WHERE id = :id", id=paused_id)
    await stage.execute("UPDATE sensors SET status_source = 'USER' WHERE id = :id", id=stopped_id)
    await abandon(stage, paused_id)
    await abandon(stage, stopped_id)
    async with registered(database, "EVALUATE", "x", 1) as holder, database.writing() as connection:
        number = (await stage.row("SELECT number FROM code_locations"))["number"]
        await leases.prepare(connection, [number])
        held = await leases.claim(connection, holder, 60.0, {number: 16})
        assert await orphans.close(connection, holder, list(held.items()))
    # Whoever asks when it is tried again is told: now.
    assert (await stage.sensor(paused_id))["next_tick_at"] is not None
    assert (await stage.sensor(stopped_id))["next_tick_at"] is None
    location = stage.location(paused, stopped)

    async def runs_again() -> bool:
        return bool((await stage.sensor(paused_id))["status"] == "RUNNING")

    async with evaluating(database, bus, location):
        await until(runs_again)
    assert [tick["status"] for tick in await stage.ticks(paused_id)] == ["FAILURE", "SKIPPED"]
    assert [tick["status"] for tick in await stage.ticks(stopped_id)] == ["FAILURE"]
    assert not location.calls["stopped"]


async def held_up(stage: Stage, work: Callable[[AsyncConnection], Awaitable[object]]) -> datetime:
    """Have `work` wait for the locks of all leases, long after its transaction began; return when it got them."""
    async with asyncio.TaskGroup() as tasks, stage.database.writing() as blocker:
        await blocker.execute(text("SELECT name FROM leases ORDER BY name FOR UPDATE"))

        async def waits() -> None:
            async with stage.database.writing() as connection:
                await connection.execute(text("SELECT now()"))
                await work(connection)

        tasks.create_task(waits())
        await until(lambda: stage.rows("SELECT pid FROM pg_locks WHERE NOT granted"))
        await blocker.execute(text("SELECT pg_sleep(0.5)"))
        released: datetime = (await blocker.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return released


async def test_a_lease_counts_from_when_it_was_had_and_not_from_when_that_was_asked_for(database: Database) -> None:
    """Else a renewal that waited for a lock would be over before its holder, who trusts it, has begun."""
    stage = Stage(database)
    async with registered(database, "EVALUATE", "x", 1) as holder:
        async with database.writing() as connection:
            await leases.prepare(connection, [0])
            await leases.claim(connection, holder, 60.0, {0: 16})
        released = await held_up(stage, lambda connection: leases.renew(connection, holder, 60.0, anew=False))
        for row in await stage.rows("SELECT expires_at FROM leases"):
            assert row["expires_at"] >= released + timedelta(seconds=60)
        await stage.execute("UPDATE leases SET expires_at = clock_timestamp() + interval '0.3 seconds'")
        before = await stage.rows("SELECT name, epoch FROM leases ORDER BY name")
        # It runs out while the renewal waits: it may have been trusted no longer, and counts as taken anew.
        await held_up(stage, lambda connection: leases.renew(connection, holder, 60.0, anew=False))
        after = await stage.rows("SELECT name, epoch FROM leases ORDER BY name")
        assert after == [{**row, "epoch": row["epoch"] + 1} for row in before]


async def evaluators(database: Database, asking: UUID, seconds: float = LONG_SECONDS) -> int:
    """Return how many evaluators there are for one that asks and renews, with leases of that many seconds."""
    async with database.writing() as connection:
        [here] = await leases.served(connection, asking, seconds, [])
    return here.evaluators


async def test_an_evaluator_counts_for_as_long_as_it_renews_its_leases(database: Database) -> None:
    """Frozen it keeps its connection, and its lock; were it counted, nobody would take more than its own share."""
    await Stage(database).add()
    async with (
        registered(database, "EVALUATE", "there", 2) as first,
        registered(database, "EVALUATE", "there", 3) as second,
        registered(database, "LAUNCH", "there", 4),
    ):
        assert await evaluators(database, first) == 1
        assert await evaluators(database, second) == 2

        async def alone() -> bool:
            return await evaluators(database, second, 0.5) == 1

        await until(alone, within=3.0)
        assert await evaluators(database, first, 0.5) == 2


async def test_a_worker_is_live_as_long_as_its_connection(database: Database) -> None:
    stage = Stage(database)
    await stage.add()

    async def live() -> int:
        return await evaluators(database, new_id())

    async with registered(database, "EVALUATE", "there", 2) as there:
        assert await evaluators(database, there) == 1
        assert await live() == 1
        row = await stage.row("SELECT * FROM workers")
        assert (row["role"], row["host"], row["pid"]) == ("EVALUATE", "there", 2)
        await cut_the_lock(stage)

        async def dead() -> bool:
            return await live() == 0

        async def live_again() -> bool:
            return not await dead()

        await until(dead)
        await until(live_again)
    assert await stage.rows("SELECT * FROM workers") == []


async def cut_the_lock(stage: Stage) -> None:
    await stage.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )


async def test_an_evaluator_cut_off_from_the_database_stops_and_goes_on_when_it_is_back(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    spec = SensorSpec("s", minimum_interval_seconds=0.1)
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def counts(instruction: EvaluationInstruction) -> Evaluation:
        return Evaluation((RequestedRun("load"),), cursor_set=True, cursor=str(int(instruction.cursor or 0) + 1))

    location.code["s"] = counts

    async def ticked() -> int:
        return int((await stage.sensor(sensor_id))["cursor"] or 0)

    async with evaluating(database, bus, location, settings(lease_seconds=1.0)):
        await until(ticked)
        # Longer than the lease: renewals and commits wait for this lock.
        blocker = await asyncpg.connect(database.url)
        try:
            async with blocker.transaction():
                await blocker.execute("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE")
                await asyncio.sleep(1.5)
                count = len(location.calls["s"])
                await asyncio.sleep(0.5)
                assert len(location.calls["s"]) == count
        finally:
            await blocker.close()
        before = await ticked()

        async def goes_on() -> bool:
            return await ticked() > before + 3

        await until(goes_on)
    sensor = await stage.sensor(sensor_id)
    assert len(await stage.rows("SELECT id FROM runs")) == sensor["cursor_version"] == int(sensor["cursor"])


async def test_a_lease_changes_hands_only_when_free_and_its_epoch_grows(database: Database) -> None:
    first, second = new_id(), new_id()
    async with registered(database, "EVALUATE", "x", 1) as holder:
        async with database.writing() as connection:
            await leases.prepare(connection, [0])
            held = await leases.claim(connection, holder, 60.0, {0: 5})
        async with database.writing() as connection:
            rest = await leases.claim(connection, first, 60.0, {0: 16})
            assert await leases.renew(connection, holder, 60.0, anew=False) == held
        assert len(held) == 5
        assert held.keys().isdisjoint(rest)
        async with database.writing() as connection:
            assert set((await leases.claim(connection, second, 60.0, {0: 16})).keys()) == set(rest)
            await leases.release(connection, holder, list(held))
        async with database.writing() as connection:
            again = await leases.claim(connection, holder, 60.0, {0: 5})
            # Only what nobody holds: the others' worker rows are missing, so theirs count as free as well.
            assert all(epoch >= 2 for epoch in again.values())
            renewed = await leases.renew(connection, holder, 60.0, anew=True)
            assert renewed == {shard: epoch + 1 for shard, epoch in again.items()}
