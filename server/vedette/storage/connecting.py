"""One connection to the database. Imports no SQLAlchemy, so that a start can look at the database before it has any."""

from collections.abc import Mapping

import asyncpg

from vedette import keepalive
from vedette.errors import DatabaseOutdated, DatabaseUnreachable, unreachable
from vedette.settings import redacted
from vedette.storage import moments

OLDEST_POSTGRES = 15
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 60.0
# Of the time that the client waits, what a statement may take: the server gives up first and says what took long.
STATEMENT_SHARE = 0.9
LOCK_SHARE = 0.5
# And after what part of it a server that does not even acknowledge is given up.
SILENT_SHARE = 0.5


def silent_seconds(command_seconds: float) -> float:
    """Return how long a server may be silent to whom waits for a statement for `command_seconds`."""
    return min(keepalive.SILENT_SECONDS, SILENT_SHARE * command_seconds)


def server_settings(command_seconds: float) -> dict[str, str]:
    """Return the settings of a session whose client gives a statement up after `command_seconds`."""
    return {
        **keepalive.server_settings(),
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
            url,
            timeout=CONNECT_SECONDS,
            command_timeout=command_seconds,
            server_settings=dict(settings),
            connection_class=keepalive.Connection,
        )
        await moments.read_by(connection)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(redacted(url), error) from None
    if command_seconds is not None:
        connection.watch(silent_seconds(command_seconds))
    major = connection.get_server_version().major
    if major < OLDEST_POSTGRES:
        await connection.close()
        raise DatabaseOutdated(f"{redacted(url)} is Postgres {major}; Vedette needs {OLDEST_POSTGRES} or later.")
    return connection
