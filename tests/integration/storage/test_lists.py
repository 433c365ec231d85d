"""Lists against plain Python: whatever the rows, the filter, the page size and what is added while one pages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

import seeds
from vedette.domain.catalog import AssetSpec, JobSpec, SensorSpec
from vedette.domain.ids import new_id
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import TickStatus
from vedette.storage import pages
from vedette.storage.assets import asset_lists
from vedette.storage.assets.asset_lists import AssetFilter
from vedette.storage.catalog import jobs
from vedette.storage.catalog.jobs import JobFilter
from vedette.storage.database import Database
from vedette.storage.pages import Page, Window
from vedette.storage.runs import runs
from vedette.storage.runs.runs import RunFilter
from vedette.storage.sensors import sensors
from vedette.storage.sensors.sensors import SensorFilter, SensorOrder
from vedette.storage.ticks import ticks
from vedette.storage.ticks.ticks import TickFilter

EXAMPLES = settings(max_examples=15, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])

Facts = dict[str, Any]
Read = Callable[[AsyncConnection, Window], Awaitable[Page[Any]]]

MOMENTS = st.integers(0, 5)
TICKS = st.fixed_dictionaries({"at": MOMENTS, "status": st.sampled_from(TickStatus), "sensor": st.integers(0, 1)})
RUNS = st.fixed_dictionaries(
    {
        "at": MOMENTS,
        "status": st.sampled_from(RunStatus),
        "job": st.sampled_from(["load", "clean"]),
        "run_key": st.sampled_from([None, "a", "b"]),
        "tags": st.dictionaries(st.sampled_from(["team", "size"]), st.sampled_from(["x", "y"])),
    }
)


def statuses(kind: Any) -> Any:
    return st.lists(st.sampled_from(kind), max_size=3).map(tuple)


maybe_moment = st.none() | MOMENTS.map(seeds.after)


async def add_ticks(database: Database, sensors: Sequence[UUID], rows: Sequence[Facts]) -> None:
    for row in rows:
        row["id"] = new_id(seeds.after(row["at"]))
    await seeds.execute(
        database,
        """INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, launched_count)
        SELECT id, sensor_id, place, status, 'INTERVAL', 1, at, CASE status WHEN 'SUCCESS' THEN 1 ELSE 0 END
        FROM unnest(CAST(:ids AS uuid[]), CAST(:sensors AS uuid[]), CAST(:statuses AS text[]),
            CAST(:ats AS timestamptz[])) WITH ORDINALITY AS given(id, sensor_id, status, at, place)""",
        ids=[row["id"] for row in rows],
        sensors=[sensors[row["sensor"]] for row in rows],
        statuses=[row["status"] for row in rows],
        ats=[seeds.after(row["at"]) for row in rows],
    )


async def add_runs(database: Database, rows: Sequence[Facts]) -> None:
    for row in rows:
        row["id"] = new_id()
    await seeds.execute(
        database,
        """INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, on_interrupted, queued_at)
        SELECT id, 'shop', job, status, run_key, '{}', tags, 'fail', at
        FROM unnest(CAST(:ids AS uuid[]), CAST(:jobs AS text[]), CAST(:statuses AS text[]), CAST(:keys AS text[]),
            CAST(:tags AS jsonb[]), CAST(:ats AS timestamptz[])) AS given(id, job, status, run_key, tags, at)""",
        ids=[row["id"] for row in rows],
        jobs=[row["job"] for row in rows],
        statuses=[row["status"] for row in rows],
        keys=[row["run_key"] for row in rows],
        tags=[msgspec.json.encode(row["tags"]).decode() for row in rows],
        ats=[seeds.after(row["at"]) for row in rows],
    )


def newest_first(rows: Sequence[Facts]) -> list[UUID]:
    return [row["id"] for row in sorted(rows, key=lambda row: (row["at"], row["id"]), reverse=True)]


def by_id(row: Any) -> Any:
    return row.id


async def walk(
    database: Database,
    read: Read,
    size: int,
    backward: bool,
    between: Callable[[], Awaitable[None]],
    known_by: Callable[[Any], Any] = by_id,
) -> list[Any]:
    """Go through a list page by page and return what its rows are known by, in its order; `between` happens after the
    first page.
    """
    seen: list[Any] = []
    window = Window(size, backward=backward)
    while True:
        async with database.reading() as connection:
            page = await read(connection, window)
        found = [known_by(row) for row in page.rows]
        seen = found + seen if backward else seen + found
        if not (page.has_previous if backward else page.has_next):
            return seen
        if window.after is None and window.before is None:
            await between()
        edge = {"before": page.keys[0]} if backward else {"after": page.keys[-1]}
        window = Window(size, backward=backward, **edge)


def check(seen: Sequence[Any], before: Sequence[Any], everything: Sequence[Any]) -> None:
    """What was there from the start is seen, nothing is seen twice, and what is seen is in order."""
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in before] == list(before)
    assert list(seen) == [one for one in everything if one in seen]


@EXAMPLES
@given(
    old=st.lists(TICKS, max_size=12),
    added=st.lists(TICKS, max_size=6),
    size=st.integers(1, 5),
    backward=st.booleans(),
    since=maybe_moment,
    until=maybe_moment,
    wanted=statuses(TickStatus),
    has_runs=st.none() | st.booleans(),
    by=st.sampled_from(["nothing", "id", "name", "parent", "scope"]),
    looked_through=st.sampled_from([1, 3, 1000]),
)
async def test_ticks(
    database: Database,
    old: list[Facts],
    added: list[Facts],
    size: int,
    backward: bool,
    since: Any,
    until: Any,
    wanted: tuple[TickStatus, ...],
    has_runs: bool | None,
    by: str,
    looked_through: int,
) -> None:
    await seeds.execute(database, "TRUNCATE ticks, sensors, code_locations CASCADE")
    await seeds.code_location(database)
    await seeds.code_location(database, "farm")
    watching = [await seeds.sensor(database, "one"), await seeds.sensor(database, "two", "farm")]
    await add_ticks(database, watching, old)
    of = TickFilter(
        sensor_id=watching[0] if by == "id" else None,
        sensor_name="one" if by == "name" else None,
        statuses=wanted,
        since=since,
        until=until,
        has_runs=has_runs,
    )

    def passes(row: Facts) -> bool:
        return (
            (by == "nothing" or row["sensor"] == 0)
            and (not wanted or row["status"] in wanted)
            and (since is None or seeds.after(row["at"]) >= since)
            and (until is None or seeds.after(row["at"]) < until)
            and (has_runs is None or (row["status"] is TickStatus.SUCCESS) is has_runs)
        )

    async def read(connection: AsyncConnection, window: Window) -> Page[Any]:
        if by == "parent":
            return (await ticks.page_each(connection, [watching[0]], of, window))[0]
        return await ticks.page(connection, of, window)

    reader = database.confined(["shop"]) if by == "scope" else database
    with patch.object(pages, "_LOOKED_THROUGH", looked_through):
        seen = await walk(reader, read, size, backward, lambda: add_ticks(database, watching, added))
    before = newest_first([row for row in old if passes(row)])
    check(seen, before, newest_first([row for row in [*old, *added] if "id" in row and passes(row)]))


@EXAMPLES
@given(
    old=st.lists(RUNS, max_size=12),
    added=st.lists(RUNS, max_size=6),
    size=st.integers(1, 5),
    backward=st.booleans(),
    since=maybe_moment,
    until=maybe_moment,
    wanted=statuses(RunStatus),
    job=st.none() | st.sampled_from(["load", "other"]),
    run_key=st.none() | st.sampled_from(["a", "c"]),
    tags=st.lists(st.tuples(st.sampled_from(["team", "size"]), st.none() | st.sampled_from(["x", "z"])), max_size=2),
    of_job=st.booleans(),
)
async def test_runs(
    database: Database,
    old: list[Facts],
    added: list[Facts],
    size: int,
    backward: bool,
    since: Any,
    until: Any,
    wanted: tuple[RunStatus, ...],
    job: str | None,
    run_key: str | None,
    tags: list[tuple[str, str | None]],
    of_job: bool,
) -> None:
    await seeds.execute(database, "DELETE FROM runs")
    await add_runs(database, old)
    of = RunFilter(job_name=job, statuses=wanted, run_key=run_key, tags=tuple(tags), since=since, until=until)

    def passes(row: Facts) -> bool:
        return (
            (job is None or row["job"] == job)
            and (not of_job or row["job"] == "load")
            and (run_key is None or row["run_key"] == run_key)
            and (not wanted or row["status"] in wanted)
            and (since is None or seeds.after(row["at"]) >= since)
            and (until is None or seeds.after(row["at"]) < until)
            and all(key in row["tags"] and value in {None, row["tags"][key]} for key, value in tags)
        )

    async def read(connection: AsyncConnection, window: Window) -> Page[Any]:
        if of_job:
            return (await runs.page_each_job(connection, [("shop", "load")], of, window))[0]
        return await runs.page(connection, of, window)

    seen = await walk(database, read, size, backward, lambda: add_runs(database, added))
    before = newest_first([row for row in old if passes(row)])
    check(seen, before, newest_first([row for row in [*old, *added] if "id" in row and passes(row)]))


NAMES = st.sampled_from(["a", "B", "b", "ab", "a b", "é", "z", "Z", "0"])


@EXAMPLES
@given(
    old=st.sets(NAMES, max_size=7),
    added=st.sets(NAMES, max_size=4),
    size=st.integers(1, 4),
    backward=st.booleans(),
    what=st.sampled_from(["sensors", "jobs", "assets"]),
)
async def test_what_is_listed_by_name(
    database: Database, old: set[str], added: set[str], size: int, backward: bool, what: str
) -> None:
    await seeds.execute(database, "TRUNCATE sensors, jobs, assets, asset_definitions, code_locations CASCADE")
    await seeds.code_location(database)

    async def add(names: set[str]) -> None:
        if what == "sensors":
            await seeds.sensors(database, [SensorSpec(name=name) for name in names])
        elif what == "jobs":
            for name in names:
                await seeds.job(database, JobSpec(name=name))
        else:
            await seeds.assets(database, [AssetSpec((name,)) for name in names])

    async def read(connection: AsyncConnection, window: Window) -> Page[Any]:
        if what == "sensors":
            return await sensors.page(connection, SensorFilter(), SensorOrder.NAME, window)
        if what == "jobs":
            return await jobs.page(connection, JobFilter(), window)
        return await asset_lists.page(connection, AssetFilter(), window)

    def name_of(row: Any) -> str:
        if what == "sensors":
            return str(row.sensor.spec.name)
        return str(row.spec.name) if what == "jobs" else str(row.spec.key[0])

    await add(old)
    # Assets are only paged forward.
    seen = await walk(database, read, size, backward and what == "sensors", lambda: add(added - old), name_of)
    check(seen, sorted(old), sorted(old | added))
