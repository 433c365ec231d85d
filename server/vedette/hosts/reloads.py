"""Serves the wish to load a code location anew, which anybody may leave in the database."""

import asyncio
import logging

from vedette.bus import Bus, topics
from vedette.errors import DatabaseUnreachable
from vedette.hosts.locations import CodeLocations
from vedette.hosts.registrar import store
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

POLL_SECONDS = 5.0
RETRY_SECONDS = 1.0


async def follow_reloads(database: Database, bus: Bus, locations: CodeLocations) -> None:
    """Load locations anew when that is asked for, store the outcome and say that it is done, until cancelled.

    Every process that serves a location loads it anew; the first to end answers.
    """
    served: dict[str, int] = {}
    with bus.listen(topics.CODE_LOCATIONS) as listener:
        while True:
            try:
                await _serve(database, bus, locations, served)
            except DatabaseUnreachable as error:
                logger.warning("Asks for reloads are not served for now: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await listener.wait(POLL_SECONDS)


async def _serve(database: Database, bus: Bus, locations: CodeLocations, served: dict[str, int]) -> None:
    async with database.reading() as connection:
        reloads = await catalogs.read_reloads(connection, locations.names)
    for name, reload in reloads.items():
        # What was done before this process came, it has done by loading.
        if reload.asked > served.setdefault(name, reload.done):
            await locations[name].reload()
            await store(database, bus, locations[name])
            async with database.writing() as connection:
                await catalogs.reload_done(connection, name, reload.asked)
            bus.knock(topics.CODE_LOCATIONS)
            served[name] = reload.asked
