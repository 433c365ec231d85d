"""What clients were told is gone with them: a collection counts objects, and one may be large."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator

import httpx
import pytest

import seeds
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus
from vedette.bus.listeners import Listener
from vedette.bus.topics import TICKS
from vedette.domain.catalog import SensorStatus
from vedette.graphql.loaders import Loaders
from vedette.graphql.plans import PlannedExecutor
from vedette.graphql.streams.items import Item
from vedette.graphql.streams.shares import Share
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.connections import HttpConnection
from vedette.web.event_streams import Stream

QUERY = "{ ticks { edges { node { skipReason sensor { name } } } } }"
FOLLOW = 'subscription { ticks(after: "0") { ... on TickChanged { position tick { skipReason sensor { name } } } } }'
# What has read what clients are told, what keeps it, and what tells it.
KINDS = (PlannedExecutor, Loaders, Share, Item, Stream)
Held = Callable[[], set[type]]
AtRest = Callable[[], bool]


@pytest.fixture
def settings() -> Settings:
    """Settings by which nobody reads before there is news."""
    return Settings(poll_seconds=60)


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def held(uncollected: None) -> Held:
    """Tell of which of KINDS there are objects that were not there before, whether anything reaches them or not."""

    def found() -> list[object]:
        return [one for one in gc.get_objects() if issubclass(type(one), KINDS)]

    def held() -> set[type]:
        new = [one for one in found() if all(one is not other for other in before)]
        return {kind for kind in KINDS for one in new if isinstance(one, kind)}

    before = found()
    return held


@pytest.fixture
def at_rest(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> AtRest:
    """Tell whether ticks are followed by somebody, who waits for news.

    What is cut off while it reads stays until a collection, by a circle of SQLAlchemy's.
    """
    waiting: set[Listener] = set()
    wait = Listener.wait

    async def noted(listener: Listener, timeout: float | None = None) -> frozenset[str]:
        waiting.add(listener)
        try:
            return await wait(listener, timeout)
        finally:
            waiting.remove(listener)

    monkeypatch.setattr(Listener, "wait", noted)
    return lambda: is_listened_to(bus, TICKS) and bus._listeners._by_topic[TICKS] <= waiting


@pytest.fixture
async def ticks(database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in range(1, 4):
        await seeds.tick(database, sensor, number)


@pytest.mark.usefixtures("ticks")
async def test_what_was_read_is_gone_without_a_collection(api: Api, held: Held) -> None:
    assert len((await api.query(QUERY))["ticks"]["edges"]) == 3
    await eventually(lambda: not held())


@pytest.mark.usefixtures("ticks")
async def test_what_was_told_is_gone_without_a_collection_where_a_client_is_cut_off(
    api: Api, bus: Bus, at_rest: AtRest, held: Held
) -> None:
    async with api.subscribe(FOLLOW) as client:
        await client.take(3)
        await eventually(at_rest)
        assert held() >= {PlannedExecutor, Share}
        client.socket.transport.abort()
    await eventually(lambda: not is_listened_to(bus))
    await eventually(lambda: not held())


@pytest.mark.usefixtures("ticks")
async def test_what_was_told_is_gone_without_a_collection_where_a_client_stays(
    api: Api, bus: Bus, at_rest: AtRest, held: Held
) -> None:
    async with api.subscribe(FOLLOW) as client:
        await client.take(3)
        await eventually(at_rest)
        assert held() >= {PlannedExecutor, Share}
        await client.send({"id": "1", "type": "complete"})
        await eventually(lambda: not is_listened_to(bus))
        await eventually(lambda: not held())


@pytest.mark.usefixtures("ticks")
async def test_what_was_told_is_gone_without_a_collection_where_a_client_hangs_up(
    api: Api, bus: Bus, at_rest: AtRest, held: Held
) -> None:
    async with api.client.stream("POST", f"{api.url}/stream", json={"query": FOLLOW}) as response:
        lines = response.aiter_lines()
        async with asyncio.timeout(20):
            while not (await anext(lines)).startswith("data: "):
                pass
        await eventually(at_rest)
        assert held() >= {PlannedExecutor, Share, Stream}
    await eventually(lambda: not is_listened_to(bus))
    await eventually(lambda: not held())


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
