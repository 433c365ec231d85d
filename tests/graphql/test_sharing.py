"""Subscriptions that are the same are executed once, and each client gets its part, wherever it begins."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import event

import seeds
from scraping import scrape, value
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database

TICKS = """
subscription($after: StreamPosition, $filter: TickFilter) { ticks(after: $after, filter: $filter) {
  __typename ... on TickChanged { position tick { number sensor { name } } } ... on StreamGap { position } } }
"""


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only knocks are in time; little is remembered for those who are behind."""
    return Settings(poll_seconds=600, max_buffered_items=10)


async def seeded(database: Database, ticks: int = 0) -> Any:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in range(1, ticks + 1):
        await seeds.tick(database, sensor, number)
    return sensor


async def more(database: Database, bus: Bus, sensor: Any, *numbers: int) -> None:
    for number in numbers:
        await seeds.tick(database, sensor, number)
        bus.knock(topics.TICKS)


def positions(items: list[Any]) -> list[int]:
    return [int(item["ticks"]["position"]) for item in items]


class Reads:
    """Counts the reads of the stream of ticks."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        event.listen(database._engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.count += "FROM tick_changes" in statement


async def test_many_followers_cost_as_many_reads_as_one(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(api.subscribe(TICKS)) for _ in range(30)]
        for client in clients:
            # Answered after the subscription was begun.
            await client.send({"type": "ping"})
            assert (await client.receive())["type"] == "pong"
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        # Each of them follows once it was told something.
        await more(database, bus, sensor, 1)
        first = [await client.next() for client in clients]
        assert {item["ticks"]["tick"]["number"] for item in first} == {1}
        reads = Reads(database)
        await more(database, bus, sensor, 2, 3, 4)
        assert [positions(await client.take(3)) for client in clients] == [[2, 3, 4]] * 30
    # A knock is one read, and one more that finds nothing.
    assert reads.count <= 6


async def test_resuming_clients_join_without_a_hole_or_a_repeat(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database, 50)

    async def tick_on() -> None:
        for number in range(51, 201):
            await more(database, bus, sensor, number)

    async def follow(after: int, delay: int) -> list[int]:
        await eventually(lambda: ticking_at[0] >= delay)
        async with api.subscribe(TICKS, after=str(after)) as client:
            return positions(await client.take(200 - after))

    ticking_at = [0]

    async def count() -> None:
        async with api.subscribe(TICKS, after="0") as client:
            for number in range(1, 201):
                await client.next()
                ticking_at[0] = number

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(count())
        cases = [(0, 0), (0, 60), (45, 60), (59, 60), (60, 100), (3, 120), (95, 100), (99, 100), (100, 150), (199, 199)]
        following = [tasks.create_task(follow(after, delay)) for after, delay in cases]
        tasks.create_task(tick_on())
    for (after, _), told in zip(cases, following, strict=True):
        assert told.result() == list(range(after + 1, 201))


async def test_more_at_once_than_is_remembered_reaches_all_who_wait(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(api.subscribe(TICKS)) for _ in range(3)]
        for client in clients:
            await client.send({"type": "ping"})
            assert (await client.receive())["type"] == "pong"
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        await more(database, bus, sensor, 1)
        assert [positions(await client.take(1)) for client in clients] == [[1]] * 3
        for number in range(2, 62):
            await seeds.tick(database, sensor, number)
        bus.knock(topics.TICKS)
        assert [positions(await client.take(60)) for client in clients] == [list(range(2, 62))] * 3


async def test_other_variables_are_another_execution(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    async with (
        api.subscribe(TICKS, after="0", filter={"sensorName": "inbox"}) as mine,
        api.subscribe(TICKS, after="0", filter={"sensorName": "other"}) as others,
        api.subscribe(TICKS, after="0", filter={"status": ["FAILURE"]}) as failures,
    ):
        await more(database, bus, sensor, 1)
        await seeds.tick(database, sensor, 2, "FAILURE")
        bus.knock(topics.TICKS)
        assert positions(await mine.take(2)) == [1, 2]
        assert positions(await failures.take(1)) == [2]
        with pytest.raises(TimeoutError):
            await others.receive(0.2)


async def test_the_last_to_leave_ends_the_execution(api: Api, database: Database, bus: Bus) -> None:
    await seeded(database)
    async with api.subscribe(TICKS) as one:
        async with api.subscribe(TICKS):
            await eventually(lambda: is_listened_to(bus, topics.TICKS))
        await one.send({"type": "ping"})
        await one.receive()
        assert is_listened_to(bus, topics.TICKS)
    await eventually(lambda: not is_listened_to(bus))


async def test_a_client_that_reads_too_slowly_is_told_where_to_resume(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    before = await scrape(api)
    # So large that a few hundred fill what lies between a server and a client that does not read.
    reason = "x" * 60_000
    document = TICKS.replace("number", "number skipReason")
    body, headers = {"query": document, "variables": {"after": "0"}}, {"accept": "text/event-stream"}
    async with (
        api.connect(max_queue=1) as socket,
        api.client.stream("POST", f"{api.url}/stream", json=body, headers=headers) as stream,
        api.subscribe(document, after="0") as quick,
    ):
        slow = Subscription(socket)
        await slow.start(document, after="0")
        told = []
        for number in range(1, 401):
            await seeds.tick(database, sensor, number, skip_reason=reason)
            bus.knock(topics.TICKS)
            told += positions(await quick.take(1))
        assert told == list(range(1, 401))
        received: list[int] = []
        while (message := await slow.receive())["type"] == "next":
            received += positions([message["payload"]["data"]])
        lines = [line.removeprefix("data: ") async for line in stream.aiter_lines() if line.startswith("data: ")]
    *items, last = map(json.loads, lines)
    for got, errors in ((received, message["payload"]), (positions([one["data"] for one in items]), last["errors"])):
        [error] = errors
        assert error["extensions"] == {"code": "FELL_BEHIND", "position": str(got[-1])}
        assert got == list(range(1, got[-1] + 1))
        assert got[-1] < 400
    assert message["type"] == "error"
    dropped = "vedette_api_subscribers_dropped_total"
    after = await scrape(api)
    assert value(after, dropped, reason="fell_behind") == value(before, dropped, reason="fell_behind") + 2
    async with api.subscribe(document, after=str(received[-1])) as again:
        assert positions(await again.take(400 - received[-1])) == list(range(received[-1] + 1, 401))
