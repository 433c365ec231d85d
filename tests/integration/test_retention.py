"""Retention on a real Postgres: what is dropped, what is not, and what the rest of Vedette sees of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import seeds
from vedette.domain.ids import new_id
from vedette.domain.retention import DAY, Range, floor
from vedette.retention.keeper import Keeper, Pass, kept
from vedette.settings import Settings
from vedette.storage import changes, retention, streams, table_partitions
from vedette.storage.database import Database
from vedette.storage.table_partitions import FAMILIES

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HISTORY = ("ticks", "tick_logs", "run_requests", "cursor_changes", "tick_changes", "runs", "run_steps", "run_events")


async def work(database: Database, at: datetime = NOW) -> Pass:
    done = Pass(database, kept(Settings()), at)
    await done.all()
    return done


async def count(database: Database, table: str) -> int:
    [(rows,)] = await seeds.execute(database, f"SELECT count(*) FROM {table}")
    return int(rows)


async def strays(database: Database) -> dict[str, int]:
    counts = {family.rest: await count(database, family.rest) for family in FAMILIES}
    return {table: rows for table, rows in counts.items() if rows}


ADD = (
    """INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, finished_at, launched_count)
    VALUES (:tick, :sensor, 1, :status, 'INTERVAL', 1, :at, :at, :launched)""",
    """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
    VALUES (:tick, 1, :status, :at, 'INFO', 'sensor', 'hello')""",
    """INSERT INTO run_requests (tick_id, index, status, job_name, run_config, tags, outcome)
    SELECT :tick, 0, :status, 'load', '{}', '{}', 'LAUNCHED' WHERE :status <> 'FAILURE'""",
    """INSERT INTO cursor_changes (sensor_id, version, id) VALUES (:sensor, 1, :tick)""",
    """INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted, queued_at,
    finished_at) VALUES (:run, 'shop', 'load', :run_status, '{}', '{}', 'fail', :at, :ended)""",
    """INSERT INTO run_steps (run_id, index, name, status) VALUES (:run, 0, 'a', 'SUCCESS')""",
    """INSERT INTO run_events (run_id, position, at, kind) VALUES (:run, 1, :at, 'RUN_QUEUED')""",
    """INSERT INTO run_keys (scope, run_key, run_id) VALUES (:sensor, 'spent', :run)""",
    """WITH taken AS (UPDATE streams SET position = position + 1, at = :at WHERE name = 'ticks' RETURNING position)
    INSERT INTO tick_changes (position, tick_id, sensor_id, status, at)
    SELECT position, :tick, :sensor, :status, :at FROM taken""",
)


async def add_history(database: Database, at: datetime, status: str = "SUCCESS", run: str = "SUCCESS") -> None:
    """Add a tick with all that belongs to it, as of `at`."""
    tick_id, run_id, sensor_id = new_id(at), new_id(at), new_id()
    ended = None if run == "QUEUED" else at + timedelta(minutes=1)
    launched = 1 if status == "SUCCESS" else 0
    values: dict[str, Any] = {
        "tick": tick_id, "run": run_id, "sensor": sensor_id, "status": status, "at": at, "launched": launched,
        "run_status": run, "ended": ended,
    }  # fmt: skip
    for statement in ADD:
        named = {name: value for name, value in values.items() if re.search(rf":{name}\b", statement)}
        await seeds.execute(database, statement, **named)


async def test_each_status_has_its_own_time(database: Database) -> None:
    for days in (1, 20, 60, 200):
        for status in ("SKIPPED", "SUCCESS", "FAILURE"):
            await add_history(database, NOW - days * DAY, status)
    done = await work(database)
    assert await strays(database) == {}
    left = await seeds.execute(database, "SELECT status, started_at FROM ticks ORDER BY status, started_at")
    assert [(row.status, (NOW - row.started_at).days) for row in left] == [
        ("FAILURE", 20), ("FAILURE", 1), ("SKIPPED", 1), ("SUCCESS", 20), ("SUCCESS", 1)
    ]  # fmt: skip
    assert {table: await count(database, table) for table in HISTORY} == {
        "ticks": 5, "tick_logs": 5, "run_requests": 3, "cursor_changes": 6, "tick_changes": 3,
        "runs": 9, "run_steps": 9, "run_events": 9,
    }  # fmt: skip
    assert await count(database, "run_keys") == 12
    assert done.work.dropped > 0
    # Nothing is left to do.
    assert (await work(database)).work == retention.Work()


async def test_zero_days_are_for_ever(database: Database) -> None:
    await add_history(database, NOW - 3000 * DAY)
    kinds = ("skipped", "success", "failure", "cursors", "changes", "runs")
    settings = Settings.model_validate({f"keep_{kind}_days": 0 for kind in kinds})
    await Pass(database, kept(settings), NOW).all()
    assert {await count(database, table) for table in HISTORY} == {1}
    assert await strays(database) == {}


async def test_no_insert_fails_however_long_nobody_looked(database: Database) -> None:
    """The clock is years on: rows stray into the rest until the keeper has worked, and none is lost."""
    await add_history(database, NOW)
    await work(database)
    later = NOW + 5 * 365 * DAY
    for hours in (0, 1, 30):
        await add_history(database, later + timedelta(hours=hours), "SKIPPED")
    assert (await strays(database))["ticks_skipped_rest"] == 3
    await work(database, later + timedelta(hours=31))
    assert await strays(database) == {}
    assert {table: await count(database, table) for table in HISTORY} == dict.fromkeys(HISTORY, 3)


async def test_a_run_that_has_not_ended_stays_with_all_of_its_history(database: Database) -> None:
    for run in ("QUEUED", "SUCCESS"):
        await add_history(database, NOW - 200 * DAY, run=run)
    await work(database)
    assert (await count(database, "runs"), await count(database, "run_events")) == (2, 2)
    await seeds.execute(database, "UPDATE runs SET status = 'SUCCESS', finished_at = :now", now=NOW)
    await work(database, NOW + 89 * DAY)
    assert await count(database, "runs") == 2
    await work(database, NOW + 91 * DAY)
    assert [await count(database, table) for table in ("runs", "run_steps", "run_events")] == [0, 0, 0]
    assert await count(database, "run_keys") == 2


async def test_a_stream_says_up_to_where_it_is_gone(database: Database) -> None:
    for days in (9, 8, 1, 0):
        await add_history(database, NOW - days * DAY)
    await work(database)
    rows = await seeds.execute(database, "SELECT position FROM tick_changes ORDER BY position")
    assert [row.position for row in rows] == [3, 4]
    [(purged,)] = await seeds.execute(database, "SELECT purged FROM streams WHERE name = 'ticks'")
    assert purged == 2


async def test_positions_are_told_a_time_that_never_goes_back(database: Database) -> None:
    """Else a partition dropped by time would tear a hole into the stream."""
    await seeds.execute(database, "UPDATE streams SET at = now() + interval '1 hour'")
    for _ in range(3):
        async with database.writing() as connection:
            await streams.append_sensors(connection, [new_id()])
    rows = await seeds.execute(database, "SELECT at FROM sensor_changes ORDER BY position")
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert min(row.at for row in rows) > datetime.now(UTC) + timedelta(minutes=59)


@asynccontextmanager
async def a_long_query(database: Database) -> AsyncIterator[None]:
    """Hold what a backup holds: a lock of every table for reading."""
    async with Database(database.url, frozen_seconds=60) as other, other.writing() as connection:
        await connection.exec_driver_sql("LOCK TABLE ticks, runs, tick_changes IN ACCESS SHARE MODE")
        yield


async def test_a_backup_puts_retention_off_and_it_says_so(database: Database) -> None:
    await add_history(database, NOW - 400 * DAY)
    keeper = Keeper(database.url, Settings())
    async with a_long_query(database):
        assert await keeper.work(database) is None
        async with database.reading() as connection:
            state = await retention.state(connection)
        assert state.failures == 1
        assert state.error is not None
        assert "in use" in state.error
    # Not before its time, and then with success.
    assert await keeper.work(database) is None
    await seeds.execute(database, "UPDATE retention SET due_at = now()")
    assert await keeper.work(database) is not None
    async with database.reading() as connection:
        state = await retention.state(connection)
    assert (state.failures, state.error) == (0, None)
    assert state.partitions_dropped > 0
    assert await count(database, "ticks") == 0


async def test_many_keepers_do_it_once(database: Database) -> None:
    await add_history(database, NOW - 400 * DAY)
    done = await asyncio.gather(*(Keeper(database.url, Settings()).work(database) for _ in range(4)))
    assert len([work for work in done if work is not None]) == 1
    assert await strays(database) == {}


async def test_passes_at_once_do_no_harm(database: Database) -> None:
    """As where a keeper was frozen and wakes while another has followed it."""
    await add_history(database, NOW - 400 * DAY)
    await add_history(database, NOW)
    done = await asyncio.gather(*(work(database) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, (Pass, table_partitions.Busy)) for one in done), done
    await work(database)
    assert await strays(database) == {}
    assert await count(database, "ticks") == 1


async def waiting(database: Database, many: int) -> None:
    """Wait until so many transactions wait for a lock."""
    async with asyncio.timeout(30):
        while len(await seeds.execute(database, "SELECT pid FROM pg_locks WHERE NOT granted")) < many:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_who_reads_while_a_partition_is_made_misses_nothing_that_moves_into_it(database: Database) -> None:
    """Planned before the partition is there and executed after, a reading would look into the rest alone."""
    family = next(family for family in FAMILIES if family.table == "tick_changes")
    now = await database.now()
    await add_history(database, now)

    async def read() -> int:
        async with Database(database.url, frozen_seconds=60) as other, other.reading() as connection:
            return len(await changes.ticks_after(connection, 0, 100))

    async with asyncio.TaskGroup() as tasks, database.writing() as connection:
        await table_partitions.make(connection, family, Range(floor(now, DAY), floor(now, DAY) + DAY))
        reading = tasks.create_task(read())
        await waiting(database, 1)
    assert reading.result() == 1


async def test_who_inserts_while_a_partition_is_made_is_not_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Routed to the rest before the partition is there and let go after, a row would be refused by the rest."""
    monkeypatch.setattr(table_partitions, "LOCK_SECONDS", 60.0)
    family = next(family for family in FAMILIES if family.table == "ticks_skipped")
    now = await database.now()

    async def insert() -> None:
        await add_history(database, now, "SKIPPED")

    async def make() -> None:
        async with database.writing() as connection:
            await table_partitions.make(connection, family, Range(floor(now, DAY), floor(now, DAY) + DAY))

    other = Database(database.url, frozen_seconds=60)
    async with asyncio.TaskGroup() as tasks, other, other.writing() as connection:
        # Somebody is in the middle of a transaction that inserts.
        await connection.exec_driver_sql(
            "INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at) "
            f"SELECT {seeds.id_at('now()')}, gen_random_uuid(), 1, 'SKIPPED', 'INTERVAL', 1, now()"
        )
        tasks.create_task(make())
        await waiting(database, 1)
        tasks.create_task(insert())
        await waiting(database, 2)
    assert await count(database, "ticks") == 2
    assert "ticks_skipped_rest" not in await strays(database)
