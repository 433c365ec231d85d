"""What becomes of a websocket and of the ids on it: reused, completed in the midst, cut off, refused, given up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus

import seeds
from conftest import outage
from serving import Api, Subscription, eventually, is_listened_to, serving
from vedette.access.authenticator import Authenticator
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.admission import Admission

INIT = {"type": "connection_init"}
TICKS = "subscription($after: StreamPosition) { ticks(after: $after) { ... on TickChanged { position } } }"
ANSWERED = {"query": "{ codeLocations { id } }"}


def subscribing(name: str, after: str | None = None) -> dict[str, Any]:
    return {"id": name, "type": "subscribe", "payload": {"query": TICKS, "variables": {"after": after}}}


@asynccontextmanager
async def begun(api: Api) -> AsyncIterator[Subscription]:
    async with api.connect() as socket:
        client = Subscription(socket)
        await client.send(INIT)
        assert (await client.receive())["type"] == "connection_ack"
        yield client


async def closed(client: Subscription) -> tuple[int | None, str | None]:
    """Return the code and reason that the server closes with; what it says before is passed over."""
    async with asyncio.timeout(20):
        await client.socket.wait_closed()
    return client.socket.close_code, client.socket.close_reason


async def until_pong(client: Subscription) -> list[Any]:
    """Return what the server says before it answers a ping that is sent now."""
    await client.send({"type": "ping"})
    heard = []
    while (message := await client.receive()) != {"type": "pong"}:
        heard.append(message)
    return heard


async def seeded(database: Database, ticks: int) -> Any:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, default_status=SensorStatus.RUNNING)
    for number in range(1, ticks + 1):
        await seeds.tick(database, sensor, number)
    return sensor


async def test_an_operation_that_is_completed_in_the_midst_says_nothing_more_and_frees_its_id(
    api: Api, database: Database, bus: Bus
) -> None:
    sensor = await seeded(database, 250)
    async with begun(api) as client:
        await client.send(subscribing("a", "0"))
        assert (await client.receive())["type"] == "next"
        # At once, while it tells the others: the same id is something else.
        await client.send({"id": "a", "type": "complete"})
        await client.send({"id": "a", "type": "subscribe", "payload": ANSWERED})
        heard = []
        while (message := await client.receive())["type"] == "next":
            heard.append(message["payload"]["data"])
        assert message == {"id": "a", "type": "complete"}
        *ticks, answer = heard
        assert answer == {"codeLocations": [{"id": answer["codeLocations"][0]["id"]}]}
        assert len(ticks) < 249, "it was to stop"
        assert [int(one["ticks"]["position"]) for one in ticks] == list(range(2, len(ticks) + 2))
        await eventually(lambda: not is_listened_to(bus))
        await seeds.tick(database, sensor, 251)
        bus.knock(topics.TICKS)
        assert await until_pong(client) == []


async def test_an_id_is_free_after_whichever_end(api: Api, database: Database) -> None:
    await seeded(database, 1)
    async with begun(api) as client:
        for _ in range(2):
            await client.send({"id": "a", "type": "subscribe", "payload": ANSWERED})
            assert [message["type"] for message in [await client.receive(), await client.receive()]] == [
                "next", "complete"
            ]  # fmt: skip
        await client.send({"id": "a", "type": "subscribe", "payload": {"query": "{ nothing }"}})
        assert (await client.receive())["type"] == "error"
        await client.send(subscribing("a", "0"))
        assert (await client.receive())["type"] == "next"
        # What ends nothing is passed over: it may have crossed the server's own `complete`.
        await client.send({"id": "b", "type": "complete"})
        assert await until_pong(client) == []
        await client.send(subscribing("a", "0"))
        assert await closed(client) == (4409, "Subscriber for a already exists")


async def test_text_that_is_none_closes_the_socket(api: Api) -> None:
    async with begun(api) as client:
        await client.socket.send(b'{"type": "\xff"}', text=True)
        assert (await closed(client))[0] == 1007


async def test_idle_sockets_are_pinged_and_served_on(database: Database, bus: Bus) -> None:
    async with serving(database, bus, Settings(keep_alive_seconds=0.05, send_seconds=5)) as api, begun(api) as client:
        await asyncio.sleep(1)
        assert await until_pong(client) == []


async def test_a_client_that_reads_nothing_more_is_given_up_quietly(
    database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = await seeded(database, 0)
    made: list[WebSocketsSansIOProtocol] = []

    class Noted(WebSocketsSansIOProtocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            made.append(self)

    monkeypatch.setattr("uvicorn.protocols.websockets.websockets_sansio_impl.WebSocketsSansIOProtocol", Noted)
    settings = Settings(poll_seconds=600, keep_alive_seconds=0.5, send_seconds=3)
    document = TICKS.replace("position", "position tick { skipReason }")

    async def tick(number: int) -> None:
        await seeds.tick(database, sensor, number, skip_reason="x" * 30_000)
        bus.knock(topics.TICKS)
        assert (await other.next())["ticks"]["position"] == str(number)

    async with (
        serving(database, bus, settings) as api,
        api.connect(max_queue=1, ping_interval=None) as socket,
        api.subscribe(document, after="0") as other,
    ):
        await Subscription(socket).start(document, after="0")
        socket.transport.pause_reading()
        [connection] = [one for one in made if one.client == socket.local_address]
        number = 0
        # What is sent fills what the system keeps for it, and then waits in the server.
        while not connection.transport.get_write_buffer_size():
            number += 1
            await tick(number)
        await eventually(lambda: connection.close_sent)
        # The server has closed it, the client does not see that, and there is more to tell.
        await tick(number + 1)
        await eventually(lambda: connection not in connection.connections)
        socket.transport.abort()
    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def test_what_nobody_expected_in_an_operation_is_masked_and_the_others_go_on(
    api: Api, database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sensor = await seeded(database, 2)
    async with begun(api) as client:
        await client.send(subscribing("good", "2"))
        await eventually(lambda: is_listened_to(bus, topics.TICKS))

        def broken(*_: Any) -> bytes:
            raise ValueError("secret")

        with monkeypatch.context() as patch:
            patch.setattr("vedette.graphql.api._encoded", broken)
            told = []
            # By a query, by an execution of one's own, and by one that two share.
            await client.send({"id": "query", "type": "subscribe", "payload": ANSWERED})
            told.append(await client.receive())
            await client.send(subscribing("behind", "0"))
            told.append(await client.receive())
            headers = {"accept": "text/event-stream"}
            for body in (ANSWERED, subscribing("", "0")["payload"]):
                response = await api.client.post(f"{api.url}/stream", json=body, headers=headers)
                assert "INTERNAL" in response.text
                assert response.text.endswith("event: complete\ndata:\n\n")
                assert "secret" not in response.text
        for message, name in zip(told, ("query", "behind"), strict=True):
            assert (message["type"], message["id"]) == ("error", name)
            assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
            assert message["payload"][0]["extensions"]["correlationId"] in caplog.text
            assert "secret" not in json.dumps(message)
        await seeds.tick(database, sensor, 3)
        bus.knock(topics.TICKS)
        assert (await client.receive())["payload"]["data"] == {"ticks": {"position": "3"}}


async def test_an_execution_that_breaks_ends_all_who_follow_it_and_none_for_good(
    api: Api, database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = await seeded(database, 2)
    async with api.subscribe(TICKS, after="2") as one, api.subscribe(TICKS, after="2") as other:
        for client in (one, other):
            assert await until_pong(client) == []
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        with monkeypatch.context() as patch:
            patch.setattr("vedette.graphql.api._encoded", lambda _: 1 / 0)
            await seeds.tick(database, sensor, 3)
            bus.knock(topics.TICKS)
            messages = [await client.receive() for client in (one, other)]
        assert [message["type"] for message in messages] == ["error", "error"], "not as if the stream were complete"
        assert {message["payload"][0]["extensions"]["code"] for message in messages} == {"INTERNAL"}
        await one.send(subscribing("1", "2"))
        assert (await one.receive())["payload"]["data"] == {"ticks": {"position": "3"}}


async def test_what_nobody_expected_of_a_socket_closes_it_with_4500(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(Authenticator, "caller", broken)
    async with api.connect() as socket:
        client = Subscription(socket)
        await client.send(INIT)
        code, reason = await closed(client)
    assert code == 4500
    assert reason is not None
    correlation = reason.rpartition(" ")[2].removesuffix(".")
    assert f"Unexpected error {correlation}" in caplog.text
    assert "secret" not in reason


async def test_a_token_has_so_many_websockets(database: Database, bus: Bus) -> None:
    for name in ("greedy", "modest"):
        await seeds.token(database, name)
    settings = Settings(authentication="tokens", token_connections=2)
    async with serving(database, bus, settings) as api:
        greedy = api.shown("vdt_greedy")
        async with begun(greedy):
            async with begun(greedy), greedy.connect() as third:
                await third.send(json.dumps(INIT))
                code, reason = await closed(Subscription(third))
                assert code == 1013
                assert reason == (
                    "You have 2 websockets at a time (token_connections), as many as you may; "
                    "again when one of them has ended."
                )
                async with begun(api.shown("vdt_modest")):
                    pass
            # Another one has closed.
            async with begun(greedy):
                pass


async def test_without_its_database_nobody_is_sent_away_for_good(database: Database, bus: Bus) -> None:
    await seeds.token(database, "mine")
    async with serving(database, bus, Settings(authentication="tokens")) as api:
        async with outage(database.url), api.shown("vdt_mine").connect() as socket:
            client = Subscription(socket)
            await client.send(INIT)
            assert (await closed(client))[0] == 1013
        async with begun(api.shown("vdt_mine")):
            pass


async def test_who_was_good_once_is_told_so(database: Database, bus: Bus) -> None:
    for name in ("old", "gone"):
        await seeds.token(database, name)
    await seeds.execute(database, "UPDATE tokens SET expires_at = now() WHERE name = 'old'")
    await seeds.execute(database, "UPDATE tokens SET revoked_at = now() WHERE name = 'gone'")
    codes = {}
    async with serving(database, bus, Settings(authentication="tokens")) as api:
        for name in ("old", "gone", "never"):
            async with api.shown(f"vdt_{name}").connect() as socket:
                client = Subscription(socket)
                await client.send(INIT)
                codes[name] = (await closed(client))[0]
    assert codes == {"old": 4403, "gone": 4403, "never": 4401}


async def test_a_server_that_stops_lets_no_socket_in_and_closes_those_it_has(
    database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = await seeded(database, 0)
    draining = asyncio.Event()
    drain = Admission.drain

    def drained(admission: Admission) -> None:
        drain(admission)
        draining.set()

    monkeypatch.setattr(Admission, "drain", drained)
    told: list[Any] = []

    async def follow(api: Api) -> None:
        async with api.subscribe(TICKS, after="0") as client:
            following.set()
            await draining.wait()
            with pytest.raises(InvalidStatus) as refused:
                async with api.connect():
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"] == "1"
            # It is served to the end.
            await seeds.tick(database, sensor, 1)
            bus.knock(topics.TICKS)
            told.append((await client.next())["ticks"]["position"])
            with pytest.raises(ConnectionClosed):
                await client.receive()
            told.append(client.socket.close_code)

    following = asyncio.Event()
    settings = Settings(poll_seconds=600, drain_seconds=1)
    async with asyncio.TaskGroup() as tasks, serving(database, bus, settings) as api:
        tasks.create_task(follow(api))
        await following.wait()
    assert told == ["1", 1012]
