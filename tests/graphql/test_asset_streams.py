"""What happens to assets, live: from any position, nothing missed and nothing twice."""

from typing import Any

import pytest

import seeds
from serving import Api, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.assets import AssetEventKind
from vedette.settings import Settings
from vedette.storage.database import Database

EVENTS = """subscription($after: StreamPosition, $filter: AssetEventFilter) {
    assetEvents(after: $after, filter: $filter) { __typename
        ... on AssetEventAdded { position event { __typename position assetKey asset { group } run { status } } }
        ... on StreamGap { position } } }"""
REPORT = """mutation($key: [String!]!) { reportAssetEvent(input: {assetKey: $key}) { event { position } } }"""


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only knocks are in time."""
    return Settings(poll_seconds=600)


def positions(items: list[Any]) -> list[int]:
    return [int(item["assetEvents"]["position"]) for item in items]


async def test_a_report_is_told_at_once(api: Api, bus: Bus) -> None:
    async with api.subscribe(EVENTS) as subscription:
        await eventually(lambda: is_listened_to(bus, topics.ASSETS))
        # Which begins now is not known until it has told something.
        await api.query(REPORT, key=["a"])
        await api.query(REPORT, key=["b"])
        item = (await subscription.next())["assetEvents"]
    assert (item["event"]["__typename"], item["event"]["run"]) == ("Materialization", None)


async def test_it_resumes_with_nothing_missed_and_nothing_twice(api: Api, database: Database, bus: Bus) -> None:
    run = await seeds.run(database, 1)
    for place in range(120):
        await seeds.asset_event(database, f"a/{place % 3}", run_id=run, place=place)
    async with api.subscribe(EVENTS, after="0") as one:
        complete = await one.take(120)
        async with api.subscribe(EVENTS, after="70") as resumed:
            assert positions(await resumed.take(50)) == list(range(71, 121))
        await seeds.asset_event(database, "b")
        bus.knock(topics.ASSETS)
        complete += await one.take(1)
    assert positions(complete) == list(range(1, 122))
    assert complete[0]["assetEvents"]["event"]["run"] == {"status": "QUEUED"}
    reached = await api.query("{ instance { positions { assets } } }")
    assert reached["instance"]["positions"]["assets"] == "121"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"assetKeys": [["a", "b"]]}, [2]),
        ({"keyPrefix": ["a"]}, [1, 2, 4]),
        ({"kind": ["OBSERVATION"]}, [3]),
        ({"partitionKey": "p", "keyPrefix": ["a"]}, [4]),
    ],
)
async def test_only_what_passes_the_filter_is_told(
    api: Api, database: Database, wanted: dict[str, Any], told: list[int]
) -> None:
    await seeds.asset_event(database, "a")
    await seeds.asset_event(database, "a/b")
    await seeds.asset_event(database, "c", AssetEventKind.OBSERVATION)
    await seeds.asset_event(database, "a", partition_key="p")
    async with api.subscribe(EVENTS, after="0", filter=wanted) as subscription:
        assert positions(await subscription.take(len(told))) == told


async def test_what_is_gone_is_said(api: Api, database: Database) -> None:
    for _ in range(3):
        await seeds.asset_event(database, "a")
    await seeds.execute(database, "DELETE FROM asset_events WHERE position < 3")
    async with api.subscribe(EVENTS, after="0") as subscription:
        gap, event = await subscription.take(2)
    assert gap["assetEvents"] == {"__typename": "StreamGap", "position": "2"}
    assert positions([event]) == [3]
