"""A server of the API on a real socket, and clients of it: HTTP, and websockets as dashboards use them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import attending, create_app
from vedette.web.server import serve_http

TRANSPORT_WS = Subprotocol("graphql-transport-ws")
SECONDS = 20.0

Json = Any


async def eventually(condition: Callable[[], Any], timeout: float = SECONDS) -> None:
    """Return once `condition` is true; it is asked every 10 ms."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110  (what is waited for sets no event)
            await asyncio.sleep(0.01)


def is_listened_to(bus: Bus, *topics: str) -> bool:
    """Tell whether anybody in this process listens to one of the topics; to any topic, if none is given."""
    listened = bus._listeners._by_topic
    return any(topic in listened for topic in topics) if topics else bool(listened)


class Subscription:
    """One operation on one socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def start(self, document: str, **variables: Json) -> None:
        """Initialise the connection and subscribe."""
        await self.send({"type": "connection_init"})
        assert (await self.receive())["type"] == "connection_ack"
        payload = {"query": document, "variables": variables}
        await self.send({"id": "1", "type": "subscribe", "payload": payload})

    async def send(self, message: Json) -> None:
        """Send one message."""
        await self.socket.send(json.dumps(message))

    async def receive(self, timeout: float = SECONDS) -> Json:
        """Return the next message."""
        async with asyncio.timeout(timeout):
            return json.loads(await self.socket.recv())

    async def next(self, timeout: float = SECONDS) -> Json:
        """Return the data of the next item; None when the stream is complete."""
        message = await self.receive(timeout)
        if message["type"] == "complete":
            return None
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    async def take(self, count: int) -> list[Json]:
        """Return the data of the next `count` items."""
        return [await self.next() for _ in range(count)]


class Api:
    """The API at an address, asked with some headers."""

    def __init__(self, address: str, client: httpx.AsyncClient, headers: Mapping[str, str] | None = None) -> None:
        self.address = address
        self.url = f"{address}/graphql"
        self.client = client
        self.headers = dict(headers or {})

    def shown(self, token: str) -> "Api":
        """Return the API as it is for whoever shows a token."""
        return Api(self.address, self.client, {"authorization": f"Bearer {token}"})

    async def answer(self, document: str, **variables: Json) -> Json:
        """Return the whole answer to one operation, one that is refused for want of a role included."""
        response = await self.client.post(
            self.url, json={"query": document, "variables": variables}, headers=self.headers
        )
        assert response.status_code in {200, 403}, response.text
        return response.json()

    async def query(self, document: str, **variables: Json) -> Json:
        """Return the data of one operation; errors fail the test."""
        answer = await self.answer(document, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def code(self, document: str, **variables: Json) -> str:
        """Return the code of the one error that an operation has."""
        [error] = (await self.answer(document, **variables))["errors"]
        return str(error["extensions"]["code"])

    def connect(self, protocol: Subprotocol = TRANSPORT_WS, **options: Any) -> connect:
        """Return a websocket to enter."""
        address = self.url.replace("http", "ws", 1)
        options = {"additional_headers": self.headers, **options}
        return connect(address, subprotocols=[protocol], max_size=None, **options)

    @asynccontextmanager
    async def subscribe(self, document: str, **variables: Json) -> AsyncIterator[Subscription]:
        """Subscribe; leaving cuts the socket off."""
        async with self.connect() as socket:
            subscription = Subscription(socket)
            await subscription.start(document, **variables)
            yield subscription


@asynccontextmanager
async def serving(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Api]:
    """Serve the API on a free port."""
    app = create_app(database, bus, settings)
    async with (
        serve_http(app, settings.host, 0, settings) as server,
        attending(app, settings.drain_seconds),
        httpx.AsyncClient(timeout=60) as client,
    ):
        yield Api(server.address, client)
