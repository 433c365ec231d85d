"""Every subscription goes on at any server after whichever of its items was the last: none missed, none twice.

Over a websocket and as an event stream it tells the same.
"""

import asyncio
import json
from typing import Any

import pytest

import seeds
from serving import Api, serving
from vedette.bus import Bus
from vedette.graphql import ids
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database

START = "mutation($id: ID!) { startSensor(input: {sensorId: $id}) { errors { message } } }"
# What each takes besides the position; an id is that of what it is about.
ARGUMENTS = {"runEvents": "runId: $id, ", "tickLogs": "tickId: $id, "}
# How many items each has to tell.
ITEMS = 4


class Happenings:
    """What is told: sensors that are started, with a tick each, runs, and what these make of assets."""

    def __init__(self, api: Api, database: Database) -> None:
        self.api, self.database = api, database

    async def happen(self) -> dict[str, str]:
        """Let it all happen; return the ids of what the subscriptions of one thing are about."""
        await seeds.code_location(self.database)
        for number in range(ITEMS):
            # Of one that changes several times only the last is told.
            sensor = await seeds.sensor(self.database, f"s{number}")
            await self.api.query(START, id=ids.encode("Sensor", sensor))
            tick = await seeds.tick(self.database, sensor, number + 1)
            run = await seeds.run(self.database, number)
            await seeds.asset_event(self.database, "orders", run_id=run)
        for kind, status in (("RUN_STARTED", "STARTED"), ("LOG", None), ("RUN_SUCCESS", "SUCCESS")):
            await seeds.run_event(self.database, run, kind, status)
        await seeds.execute(
            self.database,
            """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
            SELECT :tick, n, 'SKIPPED', now(), 'INFO', 'user', 'x' FROM generate_series(1, 4) AS n""",
            tick=tick,
        )
        return {"runEvents": ids.encode("Run", run), "tickLogs": ids.encode("Tick", tick)}


def document(name: str) -> str:
    """Return the subscription of a name, which tells the position of each of its items."""
    of = ARGUMENTS.get(name, "")
    item = schema._schema.type_map[str(schema._schema.subscription_type.fields[name].type).rstrip("!")]  # type: ignore[union-attr]  # there is one
    kinds = " ".join(f"... on {kind.name} {{ position }}" for kind in getattr(item, "types", ()))
    declared = "$id: ID!, $after: StreamPosition" if of else "$after: StreamPosition"
    return f"subscription({declared}) {{ {name}({of}after: $after) {{ __typename {kinds} }} }}"


async def told(api: Api, name: str, count: int, **variables: Any) -> list[Any]:
    async with api.subscribe(document(name), **variables) as subscription:
        return [item[name] for item in await subscription.take(count)]


async def streamed(api: Api, name: str, count: int, last: str | None = None, **variables: Any) -> list[Any]:
    """Return the items of an event stream, of which each has its position as its id."""
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    body = {"query": document(name), "variables": variables}
    items: list[Any] = []
    async with (
        asyncio.timeout(20),
        api.client.stream("POST", f"{api.url}/stream", json=body, headers=headers) as response,
    ):
        place = ""
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                place = line.removeprefix("id: ")
            elif line.startswith("data: "):
                items.append(json.loads(line.removeprefix("data: "))["data"][name])
                assert items[-1]["position"] == place
                if len(items) == count:
                    return items
    raise AssertionError("it ended")


FIELDS = schema._schema.subscription_type.fields  # type: ignore[union-attr]  # as above
SUBSCRIPTIONS = [name for name, field in FIELDS.items() if "after" in field.args]


def test_what_has_no_positions_tells_how_things_stand() -> None:
    assert set(FIELDS) - set(SUBSCRIPTIONS) == {"pulses", "instance"}


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
async def test_it_goes_on_after_any_of_its_items_at_another_server(
    api: Api, database: Database, bus: Bus, settings: Settings, name: str
) -> None:
    of = await Happenings(api, database).happen()
    variables = {"id": of[name]} if name in of else {}
    all_items = await told(api, name, ITEMS, after="0", **variables)
    positions = [int(item["position"]) for item in all_items]
    assert positions == sorted(set(positions))
    assert "StreamGap" not in [item["__typename"] for item in all_items]
    assert await streamed(api, name, ITEMS, after="0", **variables) == all_items
    async with (
        Database(database.url) as another,
        Bus(database.url) as others,
        serving(another, others, settings) as there,
    ):
        for number in range(ITEMS - 1):
            after, left = all_items[number]["position"], all_items[number + 1 :]
            assert await told(there, name, len(left), after=after, **variables) == left
            # The header goes before the argument.
            assert await streamed(there, name, len(left), after, after="0", **variables) == left


async def test_what_is_gone_is_told_alike(api: Api, database: Database) -> None:
    await Happenings(api, database).happen()
    await seeds.execute(database, "DELETE FROM tick_changes WHERE position <= 2")
    await seeds.execute(database, "UPDATE streams SET purged = 2 WHERE name = 'ticks'")
    items = await told(api, "ticks", ITEMS - 1, after="0")
    assert [(item["__typename"], item["position"]) for item in items] == [
        ("StreamGap", "2"), ("TickChanged", "3"), ("TickChanged", "4")
    ]  # fmt: skip
    assert await streamed(api, "ticks", ITEMS - 1, "0") == items
