"""Following a subscription over graphql-transport-ws, resumed by position when the connection is lost."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from vedette.client.addresses import is_local, socket_url
from vedette.client.connection import Json, data_of, unreachable
from vedette.client.errors import Refused

PROTOCOL = Subprotocol("graphql-transport-ws")
OPEN_SECONDS = 10.0
LARGEST_MESSAGE = 64 * 2**20
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 5.0
# With these the server says that the request is wrong; to ask again would be in vain.
REFUSING_CODES = range(4400, 4500)


class Lost(Exception):
    """The connection could not be made or has ended. The server may say at which position to go on."""

    def __init__(self, reason: str, position: str | None = None) -> None:
        super().__init__(reason)
        self.position = position


@dataclass(frozen=True)
class Subscription:
    """One subscription. `document` has the one field `name`, takes $after, and each of its items has a position.

    Items without positions tell how things stand, and once more after a lost connection.
    """

    url: str
    document: str
    name: str
    variables: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    # A stream that has no end: where the server ends it, it shuts down.
    endless: bool = False

    async def items(self, after: str | None, on_lost: Callable[[str], None]) -> AsyncGenerator[Json, None]:
        """Yield the items after the position, over as many connections as it takes, until the server has no more.

        `on_lost` is called with the reason when a connection is lost, once until there is one again. Raises
        ServerUnreachable where there is none to begin with, and Refused.
        """
        connected = said = False
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._opened(after) as items:
                    connected, said, pause = True, False, FIRST_PAUSE_SECONDS
                    async for item in items:
                        after = item.get("position", after)
                        yield item
                    return
            except Lost as error:
                after = error.position or after
                if not connected:
                    raise unreachable(self.url, str(error)) from None
                if not said:
                    on_lost(str(error))
                said = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    @asynccontextmanager
    async def _opened(self, after: str | None) -> AsyncIterator[AsyncIterator[Json]]:
        """Connect and subscribe. Raises Lost, also while the items are read."""
        try:
            async with connect(
                socket_url(self.url),
                subprotocols=[PROTOCOL],
                additional_headers=self.headers,
                proxy=None if is_local(self.url) else True,
                open_timeout=OPEN_SECONDS,
                max_size=LARGEST_MESSAGE,
            ) as socket:
                async with asyncio.timeout(OPEN_SECONDS):
                    await self._subscribe(socket, after)
                yield self._received(socket)
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.code in REFUSING_CODES:
                raise Refused(error.rcvd.reason or f"The server refused ({error.rcvd.code}).") from None
            raise Lost("the connection ended") from None
        except TimeoutError:
            raise Lost("no answer") from None
        except (OSError, InvalidHandshake) as error:
            raise Lost(str(error)) from None

    async def _subscribe(self, socket: ClientConnection, after: str | None) -> None:
        await socket.send(json.dumps({"type": "connection_init"}))
        while json.loads(await socket.recv())["type"] != "connection_ack":
            pass
        payload = {"query": self.document, "variables": {**self.variables, "after": after}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))

    async def _received(self, socket: ClientConnection) -> AsyncIterator[Json]:
        async for text in socket:
            message = json.loads(text)
            match message["type"]:
                case "next":
                    yield data_of(message["payload"])[self.name]
                case "error":
                    _resume_where_told(message["payload"])
                    data_of({"errors": message["payload"]})
                case "ping":
                    await socket.send(json.dumps({"type": "pong"}))
                case "complete" if not self.endless:
                    return
                case "complete":
                    raise Lost("the server ended the stream")
        raise Lost("the server ended the connection")


# What ends a stream that can be resumed: this client has read too slowly, as one whose output is not read, or the
# server's database did not answer for long.
PASSING = {
    "FELL_BEHIND": "it was not read as fast as there was news",
    "UNAVAILABLE": "the server's database did not answer",
}


def _resume_where_told(errors: Json) -> None:
    """Raise Lost where the server only says that the stream is to be resumed."""
    for error in errors:
        extensions = error.get("extensions") or {}
        reason = PASSING.get(str(extensions.get("code")))
        if reason is not None:
            raise Lost(reason, extensions.get("position"))
