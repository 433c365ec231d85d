"""One connection to the database. Imports no SQLAlchemy, so that a start can look at the database before it has any."""

from collections.abc import Mapping

import asyncpg

from vedette.errors import DatabaseOutdated, DatabaseUnreachable, unreachable
from vedette.settings import redacted

OLDEST_POSTGRES = 15
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 60.0
# Of the time that the client waits, what a statement may take: the server gives up first and says what took long.
STATEMENT_SHARE = 0.9
LOCK_SHARE = 0.5


def server_settings(command_seconds: float) -> dict[str, str]:
    """Return the settings of a session whose client gives a statement up after `command_seconds`."""
    return {
        "application_name": "vedette",
        "statement_timeout": f"{1000 * command_seconds * STATEMENT_SHARE:.0f}ms",
        "lock_timeout": f"{1000 * command_seconds * LOCK_SHARE:.0f}ms",
        "timezone": "UTC",
    }


SERVER_SETTINGS = server_settings(COMMAND_SECONDS)


async def connect(
    url: str, command_seconds: float | None = COMMAND_SECONDS, settings: Mapping[str, str] = SERVER_SETTINGS
) -> asyncpg.Connection:
    """Open one connection to a postgresql:// URL.

    Raises DatabaseUnreachable, one line without the password, and DatabaseOutdated for a Postgres before 15.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise DatabaseUnreachable(f"{redacted(url)} is not the URL of a database; it starts with postgresql://.")
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_SECONDS, command_timeout=command_seconds, server_settings=dict(settings)
        )
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(redacted(url), error) from None
    major = connection.get_server_version().major
    if major < OLDEST_POSTGRES:
        await connection.close()
        raise DatabaseOutdated(f"{redacted(url)} is Postgres {major}; Vedette needs {OLDEST_POSTGRES} or later.")
    return connection
