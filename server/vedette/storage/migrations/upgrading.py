"""Runs Alembic in this process. A module of its own, so that only a database that needs it pays for the import."""

import asyncio
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from vedette.errors import DatabaseUnreachable
from vedette.settings import redacted
from vedette.storage.connecting import SERVER_SETTINGS, connect

# A step may take long, as an index that is built while everybody works does, but it waits for no lock for longer than a
# moment: behind it everybody else would wait.
MIGRATION_SETTINGS = {
    **SERVER_SETTINGS,
    "statement_timeout": "0",
    "lock_timeout": "500ms",
    "idle_in_transaction_session_timeout": "0",
}
NO_LOCK = "55P03"
PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 600.0
# "vedette" in ASCII: a number that nothing else locks in this database. Asked for, never waited for: an index that is
# built while everybody works waits for every statement that has begun, and so for one that waits for this lock.
_LOCK = "SELECT pg_try_advisory_lock(x'76656465747465'::bigint)"


async def upgrade(url: str, versions: Path, patience: float = PATIENCE_SECONDS) -> None:
    """Run every missing version, each in a transaction of its own, under a lock that lets one process do so at a time.

    What finds a table in use is tried again until `patience` seconds have passed; then it raises DatabaseUnreachable.
    """
    migrator = await connect(url, command_seconds=None, settings=MIGRATION_SETTINGS)
    try:
        while not await migrator.fetchval(_LOCK):  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_SECONDS)
        await _upgrade_patiently(url, versions, time.monotonic() + patience)
    finally:
        await migrator.close()


async def _upgrade_patiently(url: str, versions: Path, deadline: float) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, command_seconds=None, settings=MIGRATION_SETTINGS),
        poolclass=NullPool,
    )
    while True:
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(_upgrade, versions)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != NO_LOCK:
                raise
            if time.monotonic() > deadline:
                raise DatabaseUnreachable(
                    f"A table of the database at {redacted(url)} is in use all the time, as by a backup or a long "
                    "query; run `vedette migrate` again when that is over. What was done is kept."
                ) from error
        await asyncio.sleep(PAUSE_SECONDS)


def _upgrade(connection: Connection, versions: Path) -> None:
    command.upgrade(_config(connection, versions), "head")


def _config(connection: Connection, versions: Path) -> Config:
    config = Config(attributes={"connection": connection})
    # The options are interpolated, the way configparser does it.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    return config
