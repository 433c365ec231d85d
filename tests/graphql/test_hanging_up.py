"""Clients that hang up, or want no more: what is done for them is given up, the statement in the database too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

import seeds
from locking import stuck, until_waiting
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus
from vedette.domain.catalog import SensorStatus
from vedette.storage.database import Database

QUERY = "{ sensors { edges { cursor } } }"
# Told from the first on, each with its sensor: it waits for the database in the midst of its work.
FOLLOW = 'subscription { ticks(after: "0") { ... on TickChanged { tick { sensor { name } } } } }'


@asynccontextmanager
async def asking(api: Api, path: str, document: str) -> AsyncIterator[None]:
    """Send a request and hang up when the block ends."""
    place = urlsplit(api.address)
    body = json.dumps({"query": document}).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
    _, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        yield
    finally:
        writer.transport.abort()


@asynccontextmanager
async def on_a_socket(api: Api, document: str, *, is_completed: bool) -> AsyncIterator[None]:
    """Ask on a websocket; when the block ends complete it, or vanish."""
    async with api.connect(close_timeout=0.1) as socket:
        client = Subscription(socket)
        await client.start(document)
        yield
        if not is_completed:
            socket.transport.abort()
            return
        await client.send({"id": "1", "type": "complete"})
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}


WAYS: dict[str, Any] = {
    "http": lambda api: asking(api, "/graphql", QUERY),
    "event stream, query": lambda api: asking(api, "/graphql/stream", QUERY),
    "event stream": lambda api: asking(api, "/graphql/stream", FOLLOW),
    "websocket, query": lambda api: on_a_socket(api, QUERY, is_completed=False),
    "websocket": lambda api: on_a_socket(api, FOLLOW, is_completed=False),
    "complete, query": lambda api: on_a_socket(api, QUERY, is_completed=True),
    "complete": lambda api: on_a_socket(api, FOLLOW, is_completed=True),
}


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_done_for_it_is_given_up(api: Api, database: Database, bus: Bus, way: str) -> None:
    await seeds.code_location(database)
    await seeds.tick(database, await seeds.sensor(database, default_status=SensorStatus.RUNNING), 1)
    before = len(asyncio.all_tasks())
    async with stuck(database):
        async with WAYS[way](api):
            await until_waiting(database, 1)
        # The lock is held still: the statement was cancelled.
        await until_waiting(database, 0)
    await eventually(lambda: not is_listened_to(bus) and len(asyncio.all_tasks()) <= before)
    pool = database._engine.pool
    await eventually(lambda: pool.checkedout() == 0)  # type: ignore[attr-defined]  # QueuePool has it
