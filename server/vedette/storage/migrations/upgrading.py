"""Runs Alembic in this process. A module of its own, so that only a database that needs it pays for the import."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from vedette.storage.connecting import SERVER_SETTINGS, connect

# A migration may rewrite a table, and may wait for another process that does: the everyday bounds do not apply.
MIGRATION_SETTINGS = {
    **SERVER_SETTINGS,
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
# "vedette" in ASCII: a number that nothing else locks in this database.
_LOCK = text("SELECT pg_advisory_xact_lock(x'76656465747465'::bigint)")


async def upgrade(url: str) -> None:
    """Run every missing migration in one transaction, under a lock that lets one process do so at a time."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: connect(url, command_seconds=None, settings=MIGRATION_SETTINGS),
        poolclass=NullPool,
    )
    async with engine.begin() as connection:
        await connection.execute(_LOCK)
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    # The option is interpolated, the way configparser does it.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
