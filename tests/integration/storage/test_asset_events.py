"""Events of assets on a real database: each once, in one gapless order, whoever writes them and however many do."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

import msgspec

import seeds
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.catalog import AssetSpec, Catalog
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.ids import new_id
from vedette.domain.metadata import MetadataEntry, MetadataKind
from vedette.storage.assets import asset_events, assets
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database
from vedette.storage.runs import run_updates
from vedette.storage.runs.run_updates import RunUpdate

MADE, SEEN = AssetEventKind.MATERIALIZATION, AssetEventKind.OBSERVATION


async def tell(database: Database, *told: ToldEvent) -> None:
    async with database.writing() as connection:
        await asset_events.append(connection, told)


async def test_what_was_told_is_read_by_key_after_a_position(database: Database) -> None:
    source = new_id()
    metadata = {"rows": MetadataEntry(MetadataKind.INT, 3)}
    events = [
        AssetEvent(MADE, ("a",), metadata=metadata),
        AssetEvent(SEEN, ("a",)),
        AssetEvent(MADE, ("b", "c"), "2026-01-01", tags={"nul": "a\0b"}),
        AssetEvent(MADE, ("a",)),
    ]
    await tell(database, *(ToldEvent(source, place, event) for place, event in enumerate(events)))
    async with database.reading() as connection:
        everything = await assets.after(connection, 0, 10)
        assert [(one.position, one.event.key, one.event.kind) for one in everything] == [
            (1, ("a",), MADE), (2, ("a",), SEEN), (3, ("b", "c"), MADE), (4, ("a",), MADE)
        ]  # fmt: skip
        assert everything[0].event == events[0]
        of_a = await assets.after(connection, 1, 10, [("a",)])
        assert [one.position for one in of_a] == [2, 4]
        made = await assets.after(connection, 0, 2, [("a",), ("b", "c"), ("none",)], [MADE])
        assert [one.position for one in made] == [1, 3]
        last = await assets.latest(connection, [("none",), ("a",), ("b", "c")])
        assert {key: one.position for key, one in last.items()} == {("a",): 4, ("b", "c"): 3}
        assert await assets.latest(connection, [("a",)], position=4) == {}
        assert await assets.materialized_partitions(connection, [("a",), ("b", "c")]) == [{}, {"2026-01-01": 3}]
        assert await assets.reached(connection) == 4


async def test_what_is_written_again_is_there_once(database: Database) -> None:
    source = new_id()
    told = [ToldEvent(source, place, AssetEvent(MADE, ("a",))) for place in range(3)]
    await tell(database, *told[:2])
    await tell(database, *told)
    async with database.reading() as connection:
        assert [one.position for one in await assets.after(connection, 0, 10)] == [1, 2, 3]


async def test_many_writers_leave_no_gap_and_no_deadlock(database: Database) -> None:
    keys = [("a",), ("b",), ("c",), ("d",)]

    async def write() -> None:
        source = new_id()
        chosen = random.sample(keys, 3)
        await tell(database, *(ToldEvent(source, place, AssetEvent(MADE, key)) for place, key in enumerate(chosen)))

    async with asyncio.timeout(60):
        for _ in range(10):
            await asyncio.gather(*(write() for _ in range(8)))
    async with database.reading() as connection:
        told = await assets.after(connection, 0, 1000)
        last = await assets.latest(connection, keys)
    assert [one.position for one in told] == list(range(1, 241))
    kept = await seeds.execute(database, "SELECT key, materialized_position FROM assets")
    assert {(row.key,): row.materialized_position for row in kept} == {key: one.position for key, one in last.items()}


async def held_run(database: Database) -> UUID:
    return await seeds.run(database, 1, "STARTED", claim_epoch=1)


async def test_a_run_tells_of_assets_with_its_other_events_and_once(database: Database) -> None:
    run_id = await held_run(database)
    event = RunEvent(datetime.now(UTC), RunEventKind.ASSET_MATERIALIZATION, "make", asset=AssetEvent(MADE, ("a",)))
    update = RunUpdate(run_id=run_id, epoch=1, event_count=1, attempt=1, events=(event,))
    async with database.writing() as connection:
        assert await run_updates.apply(connection, [update]) == {run_id}
    # Neither the same write again nor that of one who has lost the run has any effect.
    lost = RunUpdate(run_id=run_id, epoch=7, event_count=2, attempt=1, events=(event,))
    for again in (update, lost):
        async with database.writing() as connection:
            assert await run_updates.apply(connection, [again]) == frozenset()
    async with database.reading() as connection:
        [told] = await assets.after(connection, 0, 10)
    assert (told.run_id, told.step, told.event.key) == (run_id, "make", ("a",))
    [row] = await seeds.execute(database, "SELECT position, data FROM run_events WHERE kind = 'ASSET_MATERIALIZATION'")
    assert (row.position, msgspec.json.decode(row.data)["key"]) == (2, ["a"])


async def test_a_catalog_brings_its_assets_and_takes_them_away(database: Database) -> None:
    one, other = AssetSpec(("a", "b/c")), AssetSpec(("d",), deps=(("a", "b/c"),), group="late")
    for specs in ((one, other), (other,)):
        async with database.writing() as connection:
            await catalogs.store(connection, "shop", "shop.py", Catalog(assets=specs))
    rows = await seeds.execute(database, "SELECT key, loaded FROM asset_definitions ORDER BY key")
    assert [tuple(row) for row in rows] == [("a/b\\/c", False), ("d", True)]
    assert len(await seeds.execute(database, "SELECT key FROM assets")) == 2
