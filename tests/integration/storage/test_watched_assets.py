"""What sensors that watch several assets are told of them, on a real database."""

from collections.abc import Sequence

from vedette.domain.assets import AssetEvent, AssetEventKind, AssetEventRecord
from vedette.domain.ids import new_id
from vedette.domain.watched_assets import MOST_NEW, UNTOUCHED, AssetCursor
from vedette.storage.assets import asset_events, watched_assets
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.database import Database

MADE, SEEN = AssetEventKind.MATERIALIZATION, AssetEventKind.OBSERVATION


async def tell(database: Database, *events: AssetEvent) -> None:
    source = new_id()
    async with database.writing() as connection:
        await asset_events.append(connection, [ToldEvent(source, place, event) for place, event in enumerate(events)])


def positions(records: Sequence[AssetEventRecord]) -> list[int]:
    return [one.position for one in records]


async def test_each_asset_is_told_by_what_was_consumed_of_it(database: Database) -> None:
    a, b = ("a",), ("b/c", "d")
    await tell(
        database,
        AssetEvent(MADE, a, "p"),  # 1
        AssetEvent(MADE, a, "q"),  # 2
        AssetEvent(SEEN, a),  # 3
        AssetEvent(MADE, b),  # 4
        AssetEvent(MADE, a, "p"),  # 5
        AssetEvent(MADE, ("other",)),  # 6
        AssetEvent(MADE, a, "r"),  # 7
    )
    wanted = [(b, UNTOUCHED), (a, AssetCursor("q", 5, {"q": 2})), (("none",), UNTOUCHED), (a, UNTOUCHED)]
    async with database.reading() as connection:
        of_b, of_a, of_none, all_of_a = await watched_assets.read(connection, wanted)
        since = await watched_assets.materialized_since(connection, 4)
        nothing = await watched_assets.materialized_since(connection, 7)
    assert (of_b.key, positions(of_b.new), of_b.partitions) == (b, [4], ())
    assert of_b.newest is not None
    assert of_b.newest.event == AssetEvent(MADE, b)
    assert (positions(of_a.new), positions(of_a.unconsumed)) == ([7], [2])
    assert of_a.partitions == ("p", "q", "r")
    assert (of_none.newest, of_none.new, of_none.later) == (None, (), ())
    assert (positions(all_of_a.new), all_of_a.later) == ([1, 2, 5, 7], ())
    assert (since.position, since.keys) == (7, frozenset({a, ("other",)}))
    assert (nothing.position, nothing.keys) == (7, frozenset())


async def test_of_more_than_it_is_told_one_by_one_the_last_of_each_partition_is_told(database: Database) -> None:
    a = ("a",)
    many = [AssetEvent(MADE, a, "many") for _ in range(MOST_NEW + 5)]
    await tell(database, AssetEvent(MADE, a, "few"), *many, AssetEvent(MADE, a, "late"), AssetEvent(MADE, a))
    async with database.reading() as connection:
        [told] = await watched_assets.read(connection, [(a, UNTOUCHED)])
    assert positions(told.new) == list(range(1, MOST_NEW + 1))
    assert [(one.position, one.event.partition_key) for one in told.later] == [
        (MOST_NEW + 6, "many"), (MOST_NEW + 7, "late"), (MOST_NEW + 8, None)
    ]  # fmt: skip
    assert told.newest == told.later[-1]
