"""What clients were told is gone with them: a collection counts objects, and one may be large."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import httpx
import pytest

import seeds
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.graphql.streams.shares import Share
from vedette.storage.database import Database
from vedette.web.connections import HttpConnection

TICKS = 'subscription { ticks(after: "0") { ... on TickChanged { position tick { skipReason sensor { name } } } } }'


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("way", ["websocket", "complete", "event stream"])
async def test_what_was_told_is_gone_without_a_collection(
    api: Api, database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in range(1, 4):
        await seeds.tick(database, sensor, number)
    shares: list[weakref.ref[Share]] = []
    run = Share.run

    async def noted(share: Share, *arguments: object) -> None:
        shares.append(weakref.ref(share))
        await run(share, *arguments)  # type: ignore[arg-type]  # they are passed on

    monkeypatch.setattr(Share, "run", noted)
    if way == "event stream":
        async with api.client.stream("POST", f"{api.url}/stream", json={"query": TICKS}) as response:
            lines = response.aiter_lines()
            async with asyncio.timeout(20):
                while not (await anext(lines)).startswith("data: "):
                    pass
            await eventually(lambda: is_listened_to(bus, topics.TICKS))
    else:
        async with api.connect() as socket:
            client = Subscription(socket)
            await client.start(TICKS)
            await client.take(3)
            if way == "complete":
                await client.send({"id": "1", "type": "complete"})
                await eventually(lambda: not is_listened_to(bus))
            else:
                socket.transport.abort()
    await eventually(lambda: not is_listened_to(bus))
    assert len(shares) == 1
    await eventually(lambda: shares[0]() is None)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("way", ["query", "websocket"])
async def test_a_connection_is_gone_without_a_collection(api: Api, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    made: list[weakref.ref[HttpConnection]] = []
    connect = HttpConnection.connection_made

    def noted(connection: HttpConnection, transport: asyncio.Transport) -> None:
        made.append(weakref.ref(connection))
        connect(connection, transport)

    monkeypatch.setattr(HttpConnection, "connection_made", noted)
    if way == "query":
        async with httpx.AsyncClient() as client:
            assert (await client.post(api.url, json={"query": "{ __typename }"})).is_success
    else:
        async with api.connect() as socket:
            await Subscription(socket).start("subscription { nothing }")
    await eventually(lambda: len(made) == 1 and made[0]() is None)
