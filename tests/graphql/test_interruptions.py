"""What followers see of a database that does not answer: nothing of a short outage, where to go on after a long one."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

import seeds
from conftest import outage
from serving import Api, Subscription, eventually, is_listened_to, serving
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database

TICKS = """
subscription($after: StreamPosition) { ticks(after: $after) {
  ... on TickChanged { position tick { number sensor { name } } } } }
"""


async def following(stack: AsyncExitStack, api: Api, bus: Bus) -> list[Subscription]:
    """Return two clients that follow ticks from the first on, by one execution."""
    clients = [await stack.enter_async_context(api.subscribe(TICKS, after="0")) for _ in range(2)]
    for client in clients:
        assert [item["ticks"]["position"] for item in await client.take(2)] == ["1", "2"]
    await eventually(lambda: is_listened_to(bus, topics.TICKS))
    return clients


@pytest.fixture
async def sensor(database: Database) -> UUID:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in (1, 2):
        await seeds.tick(database, sensor, number)
    return sensor


async def test_a_short_outage_ends_no_stream(database: Database, bus: Bus, sensor: UUID) -> None:
    async with serving(database, bus, Settings(poll_seconds=0.1)) as api, AsyncExitStack() as stack:
        clients = await following(stack, api, bus)
        async with outage(database.url):
            await asyncio.sleep(0.5)
        await seeds.tick(database, sensor, 3)
        for client in clients:
            assert (await client.next())["ticks"]["position"] == "3"


async def test_a_long_outage_tells_each_where_to_go_on(database: Database, bus: Bus, sensor: UUID) -> None:
    settings = Settings(poll_seconds=0.1, execution_seconds=0.3)
    async with serving(database, bus, settings) as api, AsyncExitStack() as stack:
        clients = await following(stack, api, bus)
        async with outage(database.url):
            for client in clients:
                message = await client.receive()
                assert message["type"] == "error"
                [error] = message["payload"]
                assert error["extensions"] == {"code": "UNAVAILABLE", "position": "2"}
            async with api.subscribe(TICKS) as newcomer:
                [error] = (await newcomer.receive())["payload"]
                assert error["extensions"] == {"code": "UNAVAILABLE"}
        await seeds.tick(database, sensor, 3)
        async with api.subscribe(TICKS, after="2") as client:
            assert (await client.next())["ticks"]["position"] == "3"


async def test_a_query_that_can_tell_nothing_is_503_so_that_another_server_is_asked(
    database: Database, bus: Bus, sensor: UUID
) -> None:
    whole = "{ sensors(first: 1) { edges { node { name } } } }"
    async with serving(database, bus, Settings()) as api:
        for accept in ("application/json", "application/graphql-response+json"):
            async with outage(database.url):
                answer = await api.client.post(api.url, json={"query": whole}, headers={"accept": accept})
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
                assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
                # What needs no database is answered as ever.
                answer = await api.client.post(api.url, json={"query": "{ __typename }"}, headers={"accept": accept})
                assert answer.status_code == 200
            answer = await api.client.post(api.url, json={"query": whole}, headers={"accept": accept})
            assert answer.status_code == 200
            assert "errors" not in answer.json()


async def test_an_item_that_cannot_be_read_whole_is_not_passed_over(database: Database, bus: Bus, sensor: UUID) -> None:
    async with (
        Database(database.url, command_seconds=1.0) as impatient,
        serving(impatient, bus, Settings(poll_seconds=600, execution_seconds=0.1)) as api,
        AsyncExitStack() as stack,
    ):
        clients = await following(stack, api, bus)
        await seeds.tick(database, sensor, 3)
        # The stream can be read, and the sensors of its ticks cannot.
        async with database.writing() as connection:
            await connection.exec_driver_sql("LOCK TABLE sensors IN ACCESS EXCLUSIVE MODE")
            bus.knock(topics.TICKS)
            for client in clients:
                [error] = (await client.receive())["payload"]
                assert error["extensions"] == {"code": "UNAVAILABLE", "position": "2"}
        async with api.subscribe(TICKS, after="2") as client:
            assert (await client.next())["ticks"] == {
                "position": "3",
                "tick": {"number": 3, "sensor": {"name": "inbox"}},
            }
