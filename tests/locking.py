"""Reads that wait for a lock, so that a test decides when they go on, or whether they are given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import seeds
from vedette.storage.database import Database


@asynccontextmanager
async def stuck(database: Database) -> AsyncIterator[None]:
    """Let every read of sensors wait, for as long as the block runs."""
    async with database.writing() as connection:
        await connection.exec_driver_sql("LOCK TABLE sensors IN ACCESS EXCLUSIVE MODE")
        yield


async def waiting(database: Database) -> int:
    """Return how many statements wait for a lock."""
    found = await seeds.execute(database, "SELECT count(*) FROM pg_locks WHERE NOT granted")
    return int(found[0][0])


async def until_waiting(database: Database, count: int) -> None:
    """Return once so many wait."""
    async with asyncio.timeout(20):
        while await waiting(database) != count:  # noqa: ASYNC110  (Postgres tells nobody)
            await asyncio.sleep(0.01)
