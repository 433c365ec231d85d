"""What a server that is full, slow or about to stop says, and what becomes of clients that leave."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from locking import stuck, until_waiting
from serving import Api, Subscription, eventually, is_listened_to, serving
from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database

SLOW = {"query": "{ sensors { edges { cursor } } }"}
FOLLOW = "subscription { ticks { __typename } }"


@asynccontextmanager
async def served(database: Database, bus: Bus, **settings: Any) -> AsyncIterator[Api]:
    async with serving(database, bus, Settings(poll_seconds=600, **settings)) as api:
        yield api


async def test_one_operation_too_many_is_to_come_again(database: Database, bus: Bus) -> None:
    async with served(database, bus, max_operations=2) as api, asyncio.TaskGroup() as tasks:
        async with stuck(database):
            # Not the same text: then they would be executed together.
            different = [{"query": f"{SLOW['query']} # {number}"} for number in range(2)]
            asking = [tasks.create_task(api.client.post(api.url, json=each)) for each in different]
            await until_waiting(database, 2)
            response = await api.client.post(api.url, json=SLOW)
            assert (response.status_code, response.headers["retry-after"]) == (429, "1")
            assert "max_operations" in response.text
        assert [(await one).status_code for one in asking] == [200, 200]
        assert (await api.client.post(api.url, json=SLOW)).status_code == 200


async def test_an_operation_has_a_time(database: Database, bus: Bus) -> None:
    async with served(database, bus, execution_seconds=0.2) as api:
        async with stuck(database):
            [error] = (await api.answer(SLOW["query"]))["errors"]
            assert error["extensions"]["code"] == "TIMEOUT"
            assert "execution_seconds" in error["message"]
            # What it waited for is given up as well.
            await until_waiting(database, 0)
        await api.query(SLOW["query"])


async def test_streams_and_sockets_have_a_number(database: Database, bus: Bus) -> None:
    body = {"query": FOLLOW}
    async with served(database, bus, max_connections=2) as api, AsyncExitStack() as stack:
        await stack.enter_async_context(api.subscribe(FOLLOW))
        response = await stack.enter_async_context(api.client.stream("POST", f"{api.url}/stream", json=body))
        assert response.status_code == 200
        one_more = await api.client.post(f"{api.url}/stream", json=body)
        assert (one_more.status_code, one_more.headers["retry-after"]) == (429, "1")
        assert "max_connections" in one_more.text
        with pytest.raises(InvalidStatus) as refused:
            async with api.connect():
                pass
        assert refused.value.response.status_code == 429
        assert b"max_connections" in (refused.value.response.body or b"")
        assert (await api.client.post(api.url, json=SLOW)).status_code == 200


async def test_subscriptions_have_a_number(database: Database, bus: Bus) -> None:
    async with served(database, bus, max_subscriptions=2) as api, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(api.subscribe(FOLLOW))
        await eventually(lambda: is_listened_to(bus))
        async with api.subscribe(FOLLOW) as third:
            message = await third.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "TOO_MANY_REQUESTS")
        assert "max_subscriptions" in message["payload"][0]["message"]
        one_more = await api.client.post(f"{api.url}/stream", json={"query": FOLLOW})
        assert one_more.status_code == 429
        assert "(max_subscriptions)" in one_more.text


async def test_a_body_has_a_time(database: Database, bus: Bus) -> None:
    body = json.dumps({"query": "{ codeLocations { id } }"}).encode()
    async with served(database, bus, request_seconds=0.5) as api:
        place = urlsplit(api.address)

        async def answer(sent: bytes) -> bytes:
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            head = f"POST /graphql HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
            writer.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + sent)
            async with asyncio.timeout(20):
                told = await reader.read()
            writer.close()
            return told

        assert (await answer(body)).startswith(b"HTTP/1.1 200 ")
        late = await answer(body[:-1])
        assert late.startswith(b"HTTP/1.1 408 ")
        assert b"request_seconds" in late


async def test_operations_of_a_socket_have_a_number(database: Database, bus: Bus) -> None:
    async with served(database, bus, max_subscriptions_per_connection=2) as api, api.connect() as socket:
        client = Subscription(socket)
        await client.start(FOLLOW)
        payload = {"query": FOLLOW}
        await client.send({"id": "2", "type": "subscribe", "payload": payload})
        await client.send({"id": "3", "type": "subscribe", "payload": payload})
        message = await client.receive()
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"]["limit"] == "max_subscriptions_per_connection"
        await client.send({"id": "2", "type": "complete"})
        await client.send({"id": "3", "type": "subscribe", "payload": {"query": "{ codeLocations { id } }"}})
        assert await client.next() == {"codeLocations": []}


async def test_operations_of_one_event_stream_have_a_number(database: Database, bus: Bus) -> None:
    async with served(database, bus, max_subscriptions_per_connection=2) as api:

        async def asked(count: int) -> httpx.Response:
            several = [{"id": str(number), "query": "{ codeLocations { id } }"} for number in range(count)]
            return await api.client.post(f"{api.url}/stream", json={"operations": several})

        assert (await asked(2)).text.count("event: complete") == 2
        refused = await asked(3)
        assert refused.status_code == 400
        [error] = refused.json()["errors"]
        assert error["extensions"]["limit"] == "max_subscriptions_per_connection"
        assert "open another connection" in error["message"]


async def test_a_socket_that_does_not_begin_is_closed(database: Database, bus: Bus) -> None:
    async with served(database, bus, connection_init_seconds=0.1) as api, api.connect() as socket:
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code == 4408


async def test_a_message_has_a_size(database: Database, bus: Bus) -> None:
    async with served(database, bus, max_body_bytes=1000) as api, api.connect() as socket:
        await socket.send(json.dumps({"type": "ping"}).ljust(1000))
        assert json.loads(await socket.recv()) == {"type": "pong"}
        with suppress(ConnectionClosed):
            await socket.send(json.dumps({"type": "ping"}).ljust(1001))
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code == 1009


async def test_a_client_that_is_not_there_any_more_is_cut_off(database: Database, bus: Bus) -> None:
    # Without a reader its pings are not answered.
    async with (
        served(database, bus, keep_alive_seconds=0.1, send_seconds=0.3) as api,
        api.connect(max_queue=1, ping_interval=None) as socket,
    ):
        await Subscription(socket).start(FOLLOW)
        await eventually(lambda: is_listened_to(bus))
        socket.transport.pause_reading()
        await eventually(lambda: not is_listened_to(bus))
        socket.transport.abort()


async def test_a_server_that_stops_sends_clients_elsewhere(database: Database, bus: Bus) -> None:
    answered: list[tuple[int, str]] = []
    async with served(database, bus, drain_seconds=1) as api:
        client = httpx.AsyncClient(timeout=60)

        async def ask() -> None:
            while not answered or answered[-1][0] == 200:
                response = await client.post(api.url, json=SLOW)
                answered.append((response.status_code, response.headers.get("retry-after", "")))
            answered.append(((await client.get(f"{api.address}/readyz")).status_code, ""))

        asking = asyncio.create_task(ask())
        await eventually(lambda: bool(answered))
    await asking
    await client.aclose()
    assert answered[0] == (200, "")
    assert answered[-2:] == [(503, "1"), (503, "")]
