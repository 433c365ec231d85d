"""The two ways to follow operations: a websocket, and a request for Server-Sent Events."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
OPEN_SECONDS = 60.0
# A client that is slow keeps no more than this unread, in bytes: what it does not read fills the server's side.
SMALL_BUFFER = 4096
_SMALL = (socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)


class Message(NamedTuple):
    """What was told: of which operation, `next`, `error` or `complete`, and with which payload."""

    id: str
    kind: str
    payload: Any = None


class Refused(Exception):
    """The server did not let a client in."""


class WebSocket:
    """A websocket that has begun."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, kind: str, name: str | None = None, payload: Any = None) -> None:
        """Send a message."""
        parts = {"type": kind, "id": name, "payload": payload}
        await self.connection.send(json.dumps({key: part for key, part in parts.items() if part is not None}))

    async def subscribe(self, name: str, document: str, **variables: Any) -> None:
        """Begin an operation."""
        await self.send("subscribe", name, {"query": document, "variables": variables})

    async def receive(self) -> Message:
        """Return the next message of an operation. Raises ConnectionClosed."""
        while True:
            told = json.loads(await self.connection.recv())
            if "id" in told:
                return Message(told["id"], told["type"], told.get("payload"))


@asynccontextmanager
async def websocket(address: str, *, is_small: bool = False) -> AsyncIterator[WebSocket]:
    """Open a websocket and begin; with `is_small` it keeps little that is not read."""
    host, port = address.rsplit(":", 1)
    made = socket.socket()
    made.setblocking(False)
    try:
        if is_small:
            made.setsockopt(*_SMALL)
        await asyncio.get_running_loop().sock_connect(made, (host, int(port)))
        opening = connect(
            f"ws://{address}/graphql", sock=made, subprotocols=[PROTOCOL], max_size=None, compression=None,
            ping_interval=None, open_timeout=OPEN_SECONDS, max_queue=1 if is_small else 64,
        )  # fmt: skip
        async with opening as connection:
            client = WebSocket(connection)
            await client.send("connection_init")
            if json.loads(await connection.recv())["type"] != "connection_ack":
                raise Refused
            yield client
    finally:
        made.close()


def http(*, is_small: bool = False) -> httpx.AsyncClient:
    """Return a client for any number of event streams."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    options = [_SMALL] if is_small else []
    # Nothing here is encrypted; to read certificates for each would be most of the work.
    transport = httpx.AsyncHTTPTransport(verify=False, limits=limits, socket_options=options)
    return httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(OPEN_SECONDS, read=None))


@asynccontextmanager
async def event_stream(
    client: httpx.AsyncClient, address: str, document: str, last: str | None, **variables: Any
) -> AsyncIterator[AsyncIterator[Message]]:
    """Yield the messages of one operation, which goes on after the event `last`."""
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    body = {"query": document, "variables": variables}
    async with client.stream("POST", f"http://{address}/graphql/stream", json=body, headers=headers) as response:
        if response.status_code != 200:
            raise Refused(f"HTTP {response.status_code}")
        yield _messages(response)


async def _messages(response: httpx.Response) -> AsyncIterator[Message]:
    kind, data = "", ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
        elif not line and kind:
            payload: Any = json.loads(data) if data else {}
            is_error = kind == "next" and "data" not in payload
            yield Message("", "error" if is_error else kind, payload["errors"] if is_error else payload)
            kind, data = "", ""
