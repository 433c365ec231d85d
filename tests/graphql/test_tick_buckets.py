from datetime import datetime
from typing import Any

import pytest

import seeds
from serving import Api
from vedette.graphql import ids
from vedette.storage.database import Database

DOCUMENT = """
query($id: ID!, $since: DateTime!, $until: DateTime!, $seconds: Float!) {
  sensor(by: {id: $id}) { tickBuckets(since: $since, until: $until, seconds: $seconds) {
    startedAt started skipped success failure launchedCount
  } }
}
"""


async def asked(api: Api, sensor: Any, since: float, until: float, seconds: float) -> list[tuple[float, ...]]:
    """Return each bucket as (seconds after START, started, skipped, success, failure, launched)."""
    data = await api.query(
        DOCUMENT,
        id=ids.encode("Sensor", sensor),
        since=seeds.after(since).isoformat(),
        until=seeds.after(until).isoformat(),
        seconds=seconds,
    )
    return [
        ((datetime.fromisoformat(at) - seeds.START).total_seconds(), *counts)
        for at, *counts in (tuple(each.values()) for each in data["sensor"]["tickBuckets"])
    ]


async def test_ticks_are_counted_in_the_part_of_the_span_that_they_began_in(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor, other = await seeds.sensor(database), await seeds.sensor(database, "other")
    await seeds.tick(database, sensor, 9)
    await seeds.tick(database, sensor, 10, "SUCCESS", launched_count=3)
    await seeds.tick(database, sensor, 19, "SUCCESS", launched_count=2)
    await seeds.tick(database, sensor, 20, "FAILURE")
    await seeds.tick(database, sensor, 45, "STARTED")
    await seeds.tick(database, sensor, 50)
    await seeds.tick(database, other, 11)
    assert await asked(api, sensor, 10, 50, 10) == [(10, 0, 0, 2, 0, 5), (20, 0, 0, 0, 1, 0), (40, 1, 0, 0, 0, 0)]
    assert await asked(api, sensor, 10, 46, 18) == [(10, 0, 0, 2, 1, 5), (28, 1, 0, 0, 0, 0)]
    assert await asked(api, other, 100, 200, 10) == []


async def test_folded_repeats_are_spread_over_their_time(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    # A tick and 100 like it, one a second: from 0 s to 100 s.
    await seeds.tick(database, sensor, 0, repeats=100, last_repeat_at=seeds.after(100))
    assert await asked(api, sensor, 0, 200, 50) == [(0, 0, 51, 0, 0, 0), (50, 0, 50, 0, 0, 0)]
    # One that began before the span reaches into it.
    assert await asked(api, sensor, 90, 95, 5) == [(90, 0, 5, 0, 0, 0)]
    assert await asked(api, sensor, 150, 200, 10) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"seconds": 0.001}, "at most 1000 are allowed"),
        ({"seconds": 0}, "seconds is a length of time"),
        ({"since": "2026-01-03T00:00:00Z"}, "until comes after since"),
    ],
)
async def test_spans_that_are_none_are_refused(api: Api, database: Database, values: Any, told: str) -> None:
    await seeds.code_location(database)
    sensor = ids.encode("Sensor", await seeds.sensor(database))
    good = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "seconds": 3600}
    body = {"query": DOCUMENT, "variables": {"id": sensor, **good, **values}}
    [error] = (await api.client.post(api.url, json=body)).json()["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert told in error["message"]
    # The beginning of time is no error.
    body["variables"] = {"id": sensor, **good, "since": "0001-01-01T00:00:00Z", "seconds": 86400 * 366}
    assert "errors" not in (await api.client.post(api.url, json=body)).json()
