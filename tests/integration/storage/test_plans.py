"""The plans of every list and of what workers always ask, at a million ticks: no walk, no sort of more than a page.

Each statement is executed as it is by EXPLAIN ANALYZE, so what counts is how many rows it looked at, not an estimate.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from anyio.from_thread import BlockingPortal
from benchmarks.history_pages import CLAIMS, PAGES, QUESTIONS, STREAMS, Ask, Sample, sample
from benchmarks.history_rows import OPEN_RUNS, fill
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

import seeds
from conftest import TEMPLATE, execute, named
from vedette.storage import direct
from vedette.storage.database import Database
from vedette.storage.direct import Statement
from vedette.storage.runs import run_timelines
from vedette.storage.sensors import troubles
from vedette.storage.ticks import tick_buckets
from vedette.storage.ticks.tick_buckets import Span

TICKS = 1_000_000
RUNS = 60_000
NAME = "vedette_history"
# A page of 25 for each of 25 parents is the most that a list here returns; a merge looks one row ahead into each of its
# partitions.
MOST_ROWS = 4000
# There is no index over what every tick writes, as each tick would have to write it as well: the sensors, which are few
# beside the ticks, are sorted.
SORTED = ("sensors by last tick", "sensors by lag")


# A code location beside the one that has nearly all: three of the oldest ticks are of one of its sensors.
FARM = (
    """INSERT INTO code_locations (id, name, target, version, loaded_at)
    VALUES (gen_random_uuid(), 'farm', 'farm.py', '1', now())""",
    """INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at)
    SELECT gen_random_uuid(), 'farm', 'f' || n, true, jsonb_build_object('name', 'f' || n), n, 'RUNNING', 'CODE', now()
    FROM generate_series(1, 3) AS n""",
    """UPDATE ticks SET sensor_id = (SELECT id FROM sensors WHERE name = 'f1')
    WHERE status = 'FAILURE' AND id IN (SELECT id FROM ticks WHERE status = 'FAILURE' ORDER BY id LIMIT 3)""",
    "ANALYZE sensors, ticks",
)
# And one with a thousand sensors that have rested for weeks, twenty old ticks each.
RESTING = 1000
BARN = (
    """INSERT INTO code_locations (id, name, target, version, loaded_at)
    VALUES (gen_random_uuid(), 'barn', 'barn.py', '1', now())""",
    f"""INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at)
    SELECT gen_random_uuid(), 'barn', 'b' || n, true, jsonb_build_object('name', 'b' || n), 0, 'STOPPED', 'CODE', now()
    FROM generate_series(0, {RESTING - 1}) AS n""",
    f"""WITH old AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place FROM ticks WHERE status = 'SUCCESS'
        ORDER BY id LIMIT {20 * RESTING}
    )
    UPDATE ticks SET sensor_id = sensors.id FROM old, sensors
    WHERE ticks.status = 'SUCCESS' AND ticks.id = old.id AND name = 'b' || place % {RESTING}""",
    "ANALYZE sensors, ticks",
)
# Each fiftieth of the runs took two days.
LONG = (
    """UPDATE runs SET finished_at = queued_at + interval '2 days'
    WHERE status = 'SUCCESS' AND CAST(substr(run_key, 4) AS integer) % 50 = 1""",
    "ANALYZE runs",
)


async def build(url: str) -> None:
    async with Database(url) as database:
        await fill(database, TICKS, RUNS)
        for statement in (*FARM, *BARN, *LONG):
            await seeds.execute(database, statement)


@pytest.fixture(scope="module")
def history_url(portal: BlockingPortal, postgres_url: str) -> Iterator[str]:
    """A database with a long history, made once and only read."""
    portal.call(execute, postgres_url, f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    url = named(postgres_url, NAME)
    portal.call(build, url)
    yield url
    portal.call(execute, postgres_url, f"DROP DATABASE {NAME} WITH (FORCE)")


@contextmanager
def explained(plans: list[Any]) -> Iterator[None]:
    """Turn every statement meanwhile into its EXPLAIN ANALYZE, and keep the plans."""

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        return f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters

    def keep(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        plans.append(cursor.fetchall()[0][0])

    async def explain_directly(connection: AsyncConnection, statement: Statement, values: Mapping[str, object]) -> Any:
        asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement.sql}"
        plans.append((await direct.driver(connection).fetch(asked, *map(values.__getitem__, statement.names)))[0][0])
        return []

    event.listen(Engine, "before_cursor_execute", explain, retval=True)
    event.listen(Engine, "after_cursor_execute", keep)
    try:
        with patch.object(direct, "fetch", explain_directly):
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
        event.remove(Engine, "after_cursor_execute", keep)


async def plan(connection: AsyncConnection, ask: Ask, of: Sample) -> Any:
    plans: list[Any] = []
    with explained(plans):
        try:
            await ask(connection, of)
        except Exception:
            # The rows were taken for the plan; what was asked has none.
            if not plans:
                raise
    found = plans[0]
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def nodes(of: Any) -> Iterator[Any]:
    yield of
    for part in of.get("Plans", ()):
        yield from nodes(part)


def looked_at(node: Any) -> float:
    """How many rows a scan read, over all of its loops."""
    if "Relation Name" not in node or node["Node Type"] == "ModifyTable":
        return 0
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float(read * node["Actual Loops"])


async def walks(database: Database, of: Sample, asks: Mapping[str, Ask]) -> dict[str, str]:
    """Return the plans of those that look at, or sort, more rows than they may."""
    found: dict[str, str] = {}
    for name, ask in asks.items():
        async with database.writing() as connection:
            root = await plan(connection, ask, of)
            await connection.rollback()
        rows = sum(map(looked_at, nodes(root)))
        sorted_rows = max((node["Actual Rows"] for node in nodes(root) if node["Node Type"] == "Sort"), default=0)
        if rows > MOST_ROWS or (sorted_rows > MOST_ROWS and name not in SORTED):
            found[name] = f"{name}: {rows:.0f} rows, sorted {sorted_rows}: {json.dumps(root)[:3000]}"
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_every_list_and_claim_looks_at_a_page(history_url: str) -> None:
    async with Database(history_url) as database:
        async with database.reading() as connection:
            of = await sample(connection)
        found = await walks(database, of, {**PAGES, **QUESTIONS, **STREAMS, **CLAIMS})
    assert not found, "\n".join(found.values())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("location", ["shop", "farm"])
async def test_so_do_those_of_whoever_is_confined_to_much_or_little(history_url: str, location: str) -> None:
    async with Database(history_url) as database:
        async with database.reading() as connection:
            of = await sample(connection)
            # Lists of a sensor are asked for where the sensor was itself seen.
            seen = text("SELECT id FROM sensors WHERE code_location = :location")
            of.sensor_ids = list((await connection.execute(seen, {"location": location})).scalars())
        found = await walks(database.confined([location]), of, {**PAGES, **STREAMS})
    assert not found, "\n".join(found.values())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name", ["ticks", "ticks, further on", "ticks with runs", "ticks SUCCESS or FAILURE, further on"]
)
async def test_of_many_sensors_that_rest_one_row_each_is_looked_at_and_a_page_of_few(
    history_url: str, name: str
) -> None:
    async with Database(history_url) as database:
        async with database.reading() as connection:
            of = await sample(connection)
        async with database.confined(["barn"]).reading() as connection:
            root = await plan(connection, PAGES[name], of)
    # The next thousand rows of each status, which belong to others; then those of the sensors.
    assert sum(map(looked_at, nodes(root))) <= 4 * 1001 + 2 * RESTING + 26 * 26, json.dumps(root)[:3000]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("location", [None, "shop"])
async def test_a_timeline_looks_at_the_runs_of_its_span_alone(history_url: str, location: str | None) -> None:
    async with Database(history_url) as database:
        seeing = database if location is None else database.confined([location])
        async with seeing.reading() as connection:
            of = await sample(connection)
            for ago in (1, 10, 25):
                span = Span(of.now - timedelta(days=ago), of.now - timedelta(days=ago, hours=-1), timedelta(minutes=1))

                async def ask(connection: AsyncConnection, of: Sample, span: Span = span) -> None:
                    await run_timelines.read(connection, span, 100, 100)

                root = await plan(connection, ask, of)
                values = {"since": span.since}
                there = (await connection.execute(_THERE, {**values, "until": span.until})).scalar_one()
                before = (await connection.execute(_HOUR_BEFORE, values)).scalar_one()
                # Long runs are among them; those that go on are looked at however old they are.
                assert there > 1.5 * before
                assert sum(map(looked_at, nodes(root))) <= there + before + OPEN_RUNS, json.dumps(root)[:3000]
                timeline = await run_timelines.read(connection, span, 100, 100)
                assert sum(job.run_count for job in timeline.jobs) == there


_THERE = text("SELECT count(*) FROM runs WHERE queued_at < :until AND coalesce(finished_at, 'infinity') > :since")
_HOUR_BEFORE = text(
    """SELECT count(*) FROM runs
    WHERE queued_at < :since AND queued_at >= CAST(:since AS timestamptz) - interval '1 hour'"""
)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_is_wrong_with_sensors_is_found_without_their_history(history_url: str) -> None:
    async def wrong(connection: AsyncConnection, of: Sample) -> None:
        await troubles.read(connection)

    async def changed(connection: AsyncConnection, of: Sample) -> None:
        await connection.execute(troubles._CHANGED, {"after": 0})

    async with Database(history_url) as database, database.reading() as connection:
        of = await sample(connection)
        for ask in (wrong, changed):
            # The sensors themselves, once.
            assert sum(map(looked_at, nodes(await plan(connection, ask, of)))) <= len(of.sensor_ids) + 50


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_buckets_look_at_the_ticks_of_their_sensor_and_span_alone(history_url: str) -> None:
    count = text("SELECT count(*) FROM ticks WHERE sensor_id = :id AND started_at >= :since AND started_at < :until")
    async with Database(history_url) as database, database.reading() as connection:
        of = await sample(connection)
        for days in (30, 1):
            span = Span(of.now - timedelta(days=days), of.now, timedelta(hours=1))

            async def ask(connection: AsyncConnection, of: Sample, span: Span = span) -> None:
                await tick_buckets.each(connection, of.sensor_ids[:1], span)

            root = await plan(connection, ask, of)
            values = {"id": of.sensor_ids[0], "since": span.since, "until": span.until}
            there = (await connection.execute(count, values)).scalar_one()
            assert there > 0
            # And the tick before them, for its repeats.
            assert sum(map(looked_at, nodes(root))) <= there + 10, json.dumps(root)[:3000]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_walk_is_noticed(history_url: str) -> None:
    async def ask(connection: AsyncConnection, of: Sample) -> None:
        await connection.execute(text("SELECT id FROM ticks WHERE number = 5"))

    async with Database(history_url) as database, database.reading() as connection:
        root = await plan(connection, ask, await sample(connection))
    assert sum(map(looked_at, nodes(root))) > MOST_ROWS
