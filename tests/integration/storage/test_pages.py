import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

import seeds
from vedette.domain.ids import first_id
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import TickStatus
from vedette.storage import direct
from vedette.storage.database import Database
from vedette.storage.direct import Statement
from vedette.storage.pages import Window
from vedette.storage.runs import runs
from vedette.storage.runs.runs import RunFilter
from vedette.storage.sensors import cursors, sensors
from vedette.storage.sensors.sensors import SensorFilter, SensorOrder
from vedette.storage.ticks import ticks
from vedette.storage.ticks.ticks import TickFilter


async def sensor(database: Database) -> UUID:
    await seeds.code_location(database)
    return await seeds.sensor(database)


async def test_what_is_added_while_one_pages_is_neither_missed_nor_told_twice(database: Database) -> None:
    key = await sensor(database)
    old = [await seeds.tick(database, key, number) for number in range(1, 31)]
    numbers = random.Random(7)
    seen: list[UUID] = []
    window = Window(4)
    added = 30
    async with database.reading() as connection:
        while True:
            page = await ticks.page(connection, TickFilter(), window)
            seen += [tick.id for tick in page.rows]
            if not page.has_next:
                break
            window = Window(4, after=page.keys[-1])
            for _ in range(numbers.randrange(3)):
                added += 1
                await seeds.tick(database, key, added)
    # The latest come first: what was added meanwhile lies before where the reading began.
    assert seen == old[::-1]


async def test_rows_of_one_moment_are_told_apart(database: Database) -> None:
    for _ in range(7):
        await seeds.run(database, 1)
    seen: list[UUID] = []
    window = Window(2)
    async with database.reading() as connection:
        while True:
            page = await runs.page(connection, RunFilter(), window)
            seen += [run.id for run in page.rows]
            if not page.has_next:
                break
            window = Window(2, after=page.keys[-1])
    assert len(seen) == len(set(seen)) == 7


async def test_a_window_may_have_two_ends(database: Database) -> None:
    key = await sensor(database)
    for number in range(1, 11):
        await seeds.tick(database, key, number)
    async with database.reading() as connection:
        everything = await ticks.page(connection, TickFilter(), Window(100))
        after, before = everything.keys[1], everything.keys[8]
        first = await ticks.page(connection, TickFilter(), Window(3, after, before))
        last = await ticks.page(connection, TickFilter(), Window(3, after, before, backward=True))
        all_between = await ticks.page(connection, TickFilter(), Window(6, after, before))
    assert [tick.number for tick in first.rows] == [8, 7, 6]
    assert [tick.number for tick in last.rows] == [5, 4, 3]
    assert [tick.number for tick in all_between.rows] == [8, 7, 6, 5, 4, 3]
    assert all(page.has_next and page.has_previous for page in (first, last, all_between))
    assert (everything.has_next, everything.has_previous) == (False, False)


async def test_many_parents_get_what_each_would_get_alone(database: Database) -> None:
    await seeds.code_location(database)
    keys = [await seeds.sensor(database, f"s{index}") for index in range(4)]
    for index, key in enumerate(keys[:3]):
        for number in range(1, 3 + 2 * index):
            await seeds.tick(database, key, number)
    async with database.reading() as connection:
        for window in (Window(3), Window(3, backward=True), Window(1, after=(first_id(seeds.after(3)),))):
            together = await ticks.page_each(connection, keys, TickFilter(), window)
            alone = [await ticks.page(connection, TickFilter(sensor_id=key), window) for key in keys]
            assert together == alone
        assert await ticks.page_each(connection, [], TickFilter(), Window(3)) == []


# What goes through all of them, in the order of the list.
WALKS = ("ticks_skipped", "Seq Scan on runs", "runs_rest_job_name_queued_at")


async def plan(database: Database, read: Callable[[Any], Awaitable[Any]]) -> str:
    """Return the plan of the one statement of `read`."""
    lines: list[str] = []
    fetch = direct.fetch

    async def explained(connection: Any, statement: Statement, values: Any) -> Any:
        lines.extend(row[0] for row in await fetch(connection, Statement(f"EXPLAIN {statement.text}"), values))
        return await fetch(connection, statement, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "fetch", explained)
        async with database.reading() as connection:
            await read(connection)
    return "\n".join(lines)


async def test_the_few_among_the_many_are_found_by_index(database: Database) -> None:
    """None of the many passes these filters: walked in the list's order, they would all be looked at."""
    key = await sensor(database)
    await seeds.execute(
        database,
        f"""INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at)
        SELECT {seeds.id_at("now() - n * interval '1 s'")}, :sensor, n, 'SKIPPED', 'INTERVAL', 1,
            now() - n * interval '1 s'
        FROM generate_series(1, 5000) AS n""",
        sensor=key,
    )
    await seeds.execute(
        database,
        """INSERT INTO runs (id, code_location, job_name, status, run_config, tags, on_interrupted, queued_at)
        SELECT gen_random_uuid(), 'shop', 'job' || n % 10, 'SUCCESS', '{}', '{"team": "a"}', 'fail',
            now() - n * interval '1 s'
        FROM generate_series(1, 5000) AS n""",
    )
    await seeds.execute(database, "ANALYZE ticks, runs")
    failed, ended = (TickStatus.FAILURE,), (TickStatus.FAILURE, TickStatus.STARTED)
    window = Window(25)
    for read in (
        lambda c: ticks.page(c, TickFilter(statuses=failed), window),
        lambda c: ticks.page(c, TickFilter(statuses=ended), window),
        lambda c: ticks.page(c, TickFilter(has_runs=True), window),
        lambda c: ticks.page_each(c, [key], TickFilter(statuses=failed), window),
        lambda c: ticks.page_each(c, [key], TickFilter(has_runs=True), window),
        lambda c: runs.page(c, RunFilter(statuses=(RunStatus.FAILURE,)), window),
        lambda c: runs.page(c, RunFilter(statuses=(RunStatus.FAILURE, RunStatus.QUEUED)), window),
        lambda c: runs.page(c, RunFilter(tags=(("size", None),)), window),
        lambda c: runs.page_each_job(c, [("other", "job1")], RunFilter(), window),
    ):
        found = await plan(database, read)
        assert "Scan" in found
        assert not [walk for walk in WALKS if walk in found], found


async def test_cursor_versions_are_a_chain_however_many_edit(database: Database) -> None:
    key = await sensor(database)
    for version in range(5):
        async with database.writing() as connection:
            assert await cursors.edit(connection, key, str(version), version, "me") == version + 1
    async with database.writing() as connection:
        assert await cursors.edit(connection, key, "late", 3, "me") is None
    async with database.reading() as connection:
        [page] = await cursors.page_each(connection, [key], Window(10))
    assert [(change.version, change.value) for change in page.rows] == [
        (5, "4"), (4, "3"), (3, "2"), (2, "1"), (1, "0")
    ]  # fmt: skip


async def test_names_are_ordered_and_compared_alike(database: Database) -> None:
    """What the database calls greater in ORDER BY is what it calls greater in a key's comparison."""
    await seeds.code_location(database)
    names = ["a", "B", "b", "A", "_", "é", "z", "Z", "a b", "a_b", "10", "9"]
    for name in names:
        await seeds.sensor(database, name)
    seen: list[str] = []
    window = Window(1)
    async with database.reading() as connection:
        while True:
            page = await sensors.page(connection, SensorFilter(), SensorOrder.NAME, window)
            seen += [row.sensor.name for row in page.rows]
            if not page.has_next:
                break
            window = Window(1, after=page.keys[-1])
    assert sorted(seen) == sorted(names)
