import asyncio
import json
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from serving import Api, Subscription

INIT = {"type": "connection_init"}
QUERY = {"id": "1", "type": "subscribe", "payload": {"query": "{ codeLocations { id } }"}}
FOLLOW = {"id": "1", "type": "subscribe", "payload": {"query": "subscription { ticks { __typename } }"}}


async def close_code(api: Api, *messages: Any, protocol: str = "graphql-transport-ws") -> int:
    """Send messages and return the code that the server closes with."""
    async with api.connect(Subprotocol(protocol)) as socket:
        with suppress(ConnectionClosed):
            for message in messages:
                await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))
        async with asyncio.timeout(20):
            await socket.wait_closed()
        assert socket.close_code is not None
        return socket.close_code


NO_MESSAGES: list[Any] = [
    "{",
    "[]",
    '"text"',
    "1",
    b"{}",
    {},
    {"type": "nothing"},
    {"type": 1},
    {"type": "subscribe"},
    {"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}},
    {"type": "subscribe", "id": "", "payload": {"query": "{ a }"}},
    {"type": "subscribe", "id": "1" * 257, "payload": {"query": "{ a }"}},
    {"type": "subscribe", "id": "1", "payload": "text"},
    {"type": "subscribe", "id": "1", "payload": {"query": 1}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}},
    {"type": "subscribe", "id": "1", "payload": {}},
    {"type": "connection_init", "payload": "text"},
]


async def test_a_message_without_the_form_of_one_closes_the_socket(api: Api) -> None:
    for message in NO_MESSAGES:
        assert await close_code(api, INIT, message) == 4400


async def test_the_codes_of_the_protocol(api: Api) -> None:
    assert await close_code(api, QUERY) == 4401
    assert await close_code(api, {"type": "ping"}, QUERY) == 4401
    assert await close_code(api, INIT, INIT) == 4429
    assert await close_code(api, INIT, FOLLOW, FOLLOW) == 4409
    assert await close_code(api, protocol="graphql-ws") == 4406
    assert await close_code(api, protocol="nothing") == 4406


async def test_queries_mutations_and_pings_go_over_a_socket_too(api: Api) -> None:
    async with api.connect() as socket:
        client = Subscription(socket)
        await client.send({**INIT, "payload": None})
        assert await client.receive() == {"type": "connection_ack"}
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}
        await client.send({"type": "ping", "payload": {"sent": 1}})
        assert await client.receive() == {"type": "pong", "payload": {"sent": 1}}
        await client.send({"type": "pong"})
        await client.send(QUERY)
        assert await client.next() == {"codeLocations": []}
        assert await client.next() is None


NO_DOCUMENTS = [
    ({"query": "{"}, "SYNTAX"),
    ({"query": "{ nothing }"}, "INVALID_DOCUMENT"),
    ({"query": "query A { instance { version } }", "operationName": "B"}, "INVALID_DOCUMENT"),
    ({"query": "query A { __typename } query B { __typename }"}, "INVALID_DOCUMENT"),
]


async def test_a_document_that_is_none_is_an_error_of_its_operation_alone(api: Api) -> None:
    async with api.connect() as socket:
        client = Subscription(socket)
        await client.send(INIT)
        await client.receive()
        for payload, code in NO_DOCUMENTS:
            await client.send({"type": "subscribe", "id": "2", "payload": payload})
            answer = await client.receive()
            assert (answer["type"], answer["id"]) == ("error", "2")
            assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        # The socket serves on, and the id is free.
        await client.send({**QUERY, "id": "2"})
        assert await client.next() == {"codeLocations": []}
