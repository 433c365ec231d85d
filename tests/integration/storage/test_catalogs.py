"""What a code location defines, stored: on a real database."""

import asyncio
from typing import Any

import msgspec
from sqlalchemy import text

from vedette.domain.catalog import Catalog, JobSpec, SensorSpec, SensorStatus
from vedette.domain.logs import ErrorInfo
from vedette.domain.sensors import shard_of
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database

RUNNING, STOPPED = SensorStatus.RUNNING, SensorStatus.STOPPED


def catalog(*sensors: SensorSpec, jobs: tuple[str, ...] = ()) -> Catalog:
    return Catalog(sensors=sensors, jobs=tuple(JobSpec(name) for name in jobs))


def sensor(name: str, status: SensorStatus = RUNNING, **options: Any) -> SensorSpec:
    return SensorSpec(name, default_status=status, **options)


async def store(database: Database, outcome: Catalog | ErrorInfo, name: str = "here") -> None:
    async with database.writing() as connection:
        await catalogs.store(connection, name, "project.py", outcome)


async def rows(database: Database, query: str) -> list[Any]:
    async with database.reading() as connection:
        return list(await connection.execute(text(query)))


async def execute(database: Database, statement: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text(statement))


async def changed(database: Database) -> list[str]:
    """Return the names of the sensors that were told of, in order."""
    query = "SELECT name FROM sensor_changes JOIN sensors ON sensors.id = sensor_id ORDER BY position"
    return [row.name for row in await rows(database, query)]


async def test_a_catalog_is_stored_whole(database: Database) -> None:
    spec = sensor("runs", minimum_interval_seconds=1.0, description="d", metadata={"a": [1, None]})
    stored = catalog(spec, sensor("stands", STOPPED), jobs=("a", "b"))
    await store(database, stored)

    runs, stands = await rows(database, "SELECT *, next_tick_at - now() AS wait FROM sensors ORDER BY name")
    assert msgspec.json.decode(runs.spec, type=SensorSpec) == spec
    assert (runs.loaded, runs.status, runs.status_source, runs.shard) == (
        True,
        "RUNNING",
        "CODE",
        shard_of("here", "runs"),
    )
    assert runs.started_at is not None
    assert -1.0 < runs.wait.total_seconds() <= 1.0
    assert (stands.status, stands.started_at, stands.next_tick_at) == ("STOPPED", None, None)
    jobs = await rows(database, "SELECT name, loaded FROM jobs ORDER BY name")
    assert jobs == [("a", True), ("b", True)]
    (location,) = await rows(database, "SELECT * FROM code_locations")
    assert (location.name, location.target, location.version) == ("here", "project.py", stored.version)
    assert location.loaded_at is not None
    assert sorted(await changed(database)) == ["runs", "stands"]


async def test_first_ticks_are_spread_over_five_seconds_at_most(database: Database) -> None:
    await store(database, catalog(*(sensor(f"s{number}", minimum_interval_seconds=60.0) for number in range(200))))
    (spread,) = await rows(
        database, "SELECT min(next_tick_at - started_at) AS low, max(next_tick_at - started_at) AS high FROM sensors"
    )
    assert 0.0 <= spread.low.total_seconds() < 1.0
    assert 4.0 < spread.high.total_seconds() <= 5.0


async def test_storing_the_same_again_rewrites_nothing(database: Database) -> None:
    same = catalog(sensor("a"), sensor("b", STOPPED), jobs=("j",))
    versions = "SELECT name, xmin::text FROM sensors UNION ALL SELECT name, xmin::text FROM jobs ORDER BY 1"
    await store(database, same)
    before = await rows(database, versions)
    await store(database, same)
    assert await rows(database, versions) == before
    assert len(await changed(database)) == 2


async def test_the_status_follows_the_code_until_a_person_decides(database: Database) -> None:
    await store(database, catalog(sensor("a", STOPPED), sensor("b", STOPPED)))
    await execute(
        database, "UPDATE sensors SET status = 'STOPPED', status_source = 'USER', status_note = 'n' WHERE name = 'b'"
    )
    await store(database, catalog(sensor("a"), sensor("b")))
    a, b = await rows(database, "SELECT * FROM sensors ORDER BY name")
    assert (a.status, a.status_source) == ("RUNNING", "CODE")
    assert a.started_at is not None
    assert a.next_tick_at is not None
    assert (b.status, b.status_source, b.status_note, b.next_tick_at) == ("STOPPED", "USER", "n", None)

    await store(database, catalog(sensor("a", STOPPED), sensor("b")))
    (a,) = await rows(database, "SELECT * FROM sensors WHERE name = 'a'")
    assert a.status == "STOPPED"


async def test_what_the_code_no_longer_has_is_unloaded_and_keeps_what_it_had(database: Database) -> None:
    await store(database, catalog(sensor("a"), sensor("b"), jobs=("j", "k")))
    await execute(
        database, "UPDATE sensors SET cursor = 'x', cursor_version = 3, next_tick_at = now() - interval '1 h'"
    )
    await store(database, catalog(sensor("a"), jobs=("k",)))
    assert await rows(database, "SELECT name, loaded FROM sensors ORDER BY name") == [("a", True), ("b", False)]
    assert await rows(database, "SELECT name, loaded FROM jobs ORDER BY name") == [("j", False), ("k", True)]
    assert (await changed(database))[2:] == ["b"]

    await store(database, catalog(sensor("a"), sensor("b"), jobs=("j", "k")))
    (b,) = await rows(
        database, "SELECT *, next_tick_at > now() - interval '10 s' AS spread FROM sensors WHERE name = 'b'"
    )
    assert (b.loaded, b.cursor, b.cursor_version, b.spread) == (True, "x", 3, True)


async def test_a_shorter_interval_counts_at_once(database: Database) -> None:
    await store(database, catalog(sensor("a", minimum_interval_seconds=3600.0)))
    await execute(database, "UPDATE sensors SET next_tick_at = now() + interval '1 h'")
    await store(database, catalog(sensor("a", minimum_interval_seconds=2.0)))
    (a,) = await rows(database, "SELECT next_tick_at - now() AS wait FROM sensors")
    assert a.wait.total_seconds() <= 2.0


async def test_an_error_unloads_everything_of_that_location_and_no_other(database: Database) -> None:
    error = ErrorInfo("SyntaxError", "bad", ("frame",))
    both = catalog(sensor("a"), jobs=("j",))
    await store(database, both)
    await store(database, both, "other")
    await store(database, error)
    await store(database, error)
    sensors = await rows(database, "SELECT code_location, loaded FROM sensors ORDER BY 1")
    assert sensors == [("here", False), ("other", True)]
    assert await rows(database, "SELECT code_location, loaded FROM jobs ORDER BY 1") == sensors
    (here,) = await rows(database, "SELECT * FROM code_locations WHERE name = 'here'")
    assert msgspec.json.decode(here.error, type=ErrorInfo) == error
    assert (here.version, here.loaded_at is None) == (both.version, False)
    assert len(await changed(database)) == 3

    await store(database, both)
    (here,) = await rows(database, "SELECT * FROM code_locations WHERE name = 'here'")
    assert here.error is None
    assert await changed(database) == ["a"] * 4


async def test_evaluators_that_store_the_same_at_once_do_not_collide(database: Database) -> None:
    many = catalog(*(sensor(f"s{number}") for number in range(50)), jobs=("j",))
    await asyncio.gather(*(store(database, many) for _ in range(8)))
    assert len(await changed(database)) == 50
    assert [row.count for row in await rows(database, "SELECT count(*) FROM jobs")] == [1]


async def test_an_empty_catalog_is_a_catalog(database: Database) -> None:
    await store(database, catalog(sensor("a")))
    await store(database, Catalog())
    assert await rows(database, "SELECT loaded FROM sensors") == [(False,)]
    (here,) = await rows(database, "SELECT * FROM code_locations")
    assert (here.error, here.version) == (None, Catalog().version)


async def test_reloads_are_counted_and_never_go_back(database: Database) -> None:
    await store(database, Catalog())
    await execute(database, "UPDATE code_locations SET reload_asked = 3")
    async with database.writing() as connection:
        assert await catalogs.read_reloads(connection, ["here", "nowhere"]) == {"here": (3, 0)}
        await catalogs.reload_done(connection, "here", 3)
        await catalogs.reload_done(connection, "here", 2)
        assert await catalogs.read_reloads(connection, ["here"]) == {"here": (3, 3)}
