"""HTTP connections: uvicorn's, which besides gives up on a client that begins a request and does not end its head.

Heads that have come whole are the guard's to judge.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from vedette.settings import Settings
from vedette.web.answers import head_too_large


class HttpConnection(HttpToolsProtocol):
    """One connection. Between two requests uvicorn has a limit of its own; the body's is the guard's."""

    head_seconds: ClassVar[float]
    most_head_bytes: ClassVar[int]
    _head_bytes = 0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's is
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request's head, if this is the beginning of one."""
        if self._waiting is None and getattr(self.cycle, "response_complete", True):
            self._wait()
        if self._waiting is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._waiting is not None and self._head_bytes > self.most_head_bytes:
            self._refuse()

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._rest()
        super().on_headers_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on."""
        super().handle_websocket_upgrade()
        # They know each other: without this, both would be there until a collection.
        self.parser = None  # type: ignore[assignment]  # as uvicorn does for a connection that is lost

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._head_bytes = 0
        self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self) -> None:
        self._rest()
        body = bytes(head_too_large(self.most_head_bytes).body)
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + head.encode() + body)
        self.transport.close()

    def _give_up(self) -> None:
        self._waiting = None
        self.transport.abort()


def connections(settings: Settings) -> type[HttpConnection]:
    """Return the class of connections that wait so long for the head of a request, and take so much of it."""
    limits = {"head_seconds": settings.request_seconds, "most_head_bytes": settings.max_head_bytes}
    return type("HttpConnection", (HttpConnection,), limits)
