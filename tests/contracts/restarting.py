"""A server of the API that comes back at the same address after it was stopped."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.server import serve_http


class Restarting:
    """`address` stays the same."""

    def __init__(self, database: Database, bus: Bus, settings: Settings) -> None:
        self._parts = (database, bus, settings)
        self._port = 0
        self._server = AsyncExitStack()
        self.address = ""

    async def start(self) -> None:
        """Serve, at the port that it had before."""
        application = create_app(*self._parts)
        server = await self._server.enter_async_context(serve_http(application, "127.0.0.1", self._port))
        self.address = server.address
        self._port = int(self.address.rpartition(":")[2])

    async def stop(self) -> None:
        """Shut down as a server does."""
        await self._server.aclose()


@asynccontextmanager
async def restarting(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Restarting]:
    """Serve until the end."""
    server = Restarting(database, bus, settings)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
