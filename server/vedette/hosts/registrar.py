"""Keeps the database told of what the code locations of this process define."""

import asyncio
import logging
from collections.abc import Iterable

from vedette.bus import Bus, topics
from vedette.errors import DatabaseUnreachable
from vedette.hosts.location import CodeLocation
from vedette.hosts.locations import CodeLocations
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


async def register(database: Database, bus: Bus, locations: CodeLocations) -> None:
    """Store the catalog or the load error of every location now, and after each load, until cancelled."""
    with locations.listen() as listener:
        names: Iterable[str] = locations.names
        while True:
            for name in sorted(names):
                await _store_patiently(database, bus, locations[name])
            names = await listener.wait()


async def store(database: Database, bus: Bus, location: CodeLocation) -> None:
    """Store what the last load of `location` came to. Raises DatabaseUnreachable."""
    outcome = location.catalog if location.catalog is not None else location.error
    if outcome is None:
        return
    async with database.writing() as connection:
        await catalogs.store(connection, location.name, location.target, outcome)
    bus.knock(topics.SENSORS, topics.CODE_LOCATIONS)


async def _store_patiently(database: Database, bus: Bus, location: CodeLocation) -> None:
    while True:
        try:
            return await store(database, bus, location)
        except DatabaseUnreachable as error:
            logger.warning("The definitions of code location %s are not stored yet: %s", location.name, error)
            await asyncio.sleep(RETRY_SECONDS)
