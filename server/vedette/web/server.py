"""The HTTP server: uvicorn on the running loop, under our control instead of that of signals."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from vedette.errors import PortTaken, UsageError
from vedette.settings import Settings
from vedette.web.connections import connections

BACKLOG = 1024
# What open requests get to end in; websockets are closed at once.
GRACE_SECONDS = 3


DEFAULT_SETTINGS = Settings()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield


@dataclass(frozen=True)
class Listening:
    """Where the server listens."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """Return the base address, http://host:port."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises PortTaken, or UsageError for an address that is not this machine's."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(
            f"Cannot listen on {host}: {error.strerror}; give --host an address of this machine."
        ) from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} of {host} is taken by another program; stop it, or choose another with --port."
            ) from None
        raise UsageError(
            f"Cannot listen on port {port} of {host}: {error.strerror}; choose others with --host and --port."
        ) from None
    return listener


def _give_up_on_the_dead(listener: socket.socket, seconds: float) -> None:
    """Have the system cut off clients that acknowledge or read nothing for so long, where it can."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Every connection that is accepted inherits it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


@asynccontextmanager
async def serve_http(
    app: ASGIApp, host: str, port: int, settings: Settings = DEFAULT_SETTINGS
) -> AsyncIterator[Listening]:
    """Serve `app` on `host` and `port` (0: a free one) while the block runs; then close every socket, soon.

    Of the settings, those of connections and messages count. Raises PortTaken.
    """
    listener = _listen(host, port)
    _give_up_on_the_dead(listener, settings.send_seconds)
    config = uvicorn.Config(
        app,
        http=connections(settings),
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        # Deflating each message for each client costs more than all else about it.
        ws_per_message_deflate=False,
        ws_ping_interval=settings.keep_alive_seconds,
        ws_ping_timeout=settings.send_seconds,
        # Streams and operations have limits of their own, which say so; this is for all that sends nothing.
        limit_concurrency=2 * (settings.max_connections + settings.max_operations),
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(sockets=[listener]), name="http")
        try:
            yield Listening(host, listener.getsockname()[1])
        finally:
            server.should_exit = True
            # Whoever leaves by cancellation waits as well: sockets are closed before what they use.
            await asyncio.shield(_ended(server, serving))


async def _ended(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    """Wait for the server and for the requests that it cancelled, for which it does not wait itself."""
    await asyncio.wait([serving])
    if server.server_state.tasks:
        await asyncio.wait(set(server.server_state.tasks), timeout=GRACE_SECONDS)
