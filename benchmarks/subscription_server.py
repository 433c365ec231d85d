"""The API alone, on a free port, over the database at the URL given; prints the port."""

import asyncio
import gc
import sys

import uvloop

from vedette.bus import Bus
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.server import serve_http


async def main(url: str) -> None:
    """Serve until killed."""
    settings = Settings()
    async with (
        Database(url) as database,
        Bus(url) as bus,
        serve_http(create_app(database, bus, settings), "127.0.0.1", 0, settings) as server,
    ):
        # As `vedette serve` does.
        gc.collect()
        gc.freeze()
        print(server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
