"""HTTP connections: uvicorn's, which besides gives up on a client that begins a request and does not end its head."""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class HttpConnection(HttpToolsProtocol):
    """One connection. Between two requests uvicorn has a limit of its own; the body's is the guard's."""

    head_seconds: ClassVar[float]
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's is
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a request's head, if this is the beginning of one."""
        if self._waiting is None and getattr(self.cycle, "response_complete", True):
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._rest()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_seconds, self._give_up)

    def _rest(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        self.transport.abort()


def connections(head_seconds: float) -> type[HttpConnection]:
    """Return the class of connections that wait so long for the head of a request."""
    return type("HttpConnection", (HttpConnection,), {"head_seconds": head_seconds})
