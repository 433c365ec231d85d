"""Statements given to the driver itself, for the hot paths: there SQLAlchemy took longer than Postgres did.

They are part of the transaction that their connection is in, as any other statement is, and fail with the same errors.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

# What is called with a connection that did not answer in time; kept with each connection.
SILENT = "vedette.silent"
# What a connection has to take its leave in.
CLOSE_SECONDS = 2.0
REFUSED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z_0-9]*)")

T = TypeVar("T")


class Statement:
    """The `text` of a statement with parameters `:name`; `names` are these in the order of their first use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
        numbers = {name: f"${number}" for number, name in enumerate(self.names, start=1)}
        # As the driver wants it.
        self.sql = _PARAMETER.sub(lambda found: numbers[found[1]], text)


def driver(connection: AsyncConnection) -> asyncpg.Connection:
    """Return the driver's connection."""
    assert connection.sync_connection is not None
    found = connection.sync_connection.connection.driver_connection
    assert isinstance(found, asyncpg.Connection)
    return found


async def fetch(
    connection: AsyncConnection, statement: Statement, parameters: Mapping[str, object]
) -> list[asyncpg.Record]:
    """Execute a statement; return its rows. Raises DBAPIError, TimeoutError."""
    values = [parameters[name] for name in statement.names]
    return await call(connection, statement.sql, lambda driver: driver.fetch(statement.sql, *values))


async def call(connection: AsyncConnection, sql: str, ask: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Return what `ask` has the driver do; errors name it as `sql`. Raises DBAPIError, TimeoutError."""
    asked = driver(connection)
    try:
        return await ask(asked)
    except TimeoutError:
        assert connection.sync_connection is not None
        connection.sync_connection.info[SILENT](asked)
        raise
    except asyncio.CancelledError:
        await _end(asked)
        raise
    except REFUSED as error:
        raise DBAPIError(sql, (), error, connection_invalidated=asked.is_closed()) from error


async def _end(asked: asyncpg.Connection) -> None:
    """End a connection whose statement was given up: the server gives it up too then, and what it has locked."""
    try:
        await asked.close(timeout=CLOSE_SECONDS)
    except BaseException:
        asked.terminate()
