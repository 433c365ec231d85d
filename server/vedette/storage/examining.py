"""What a deployment's database tells about itself, for `vedette doctor`."""

import asyncio
import time
from typing import NamedTuple

import asyncpg

from vedette.storage.connecting import connect

# Of the answer to a NOTIFY of our own, over the same path that the bus takes.
NOTIFY_SECONDS = 3.0
CHANNEL = "vedette_doctor"

_SERVER = """
    SELECT current_setting('server_version'), current_user::text,
        (SELECT rolsuper FROM pg_roles WHERE rolname = current_user), pg_is_in_recovery(),
        CAST(current_setting('max_connections') AS integer)
            - CAST(current_setting('superuser_reserved_connections') AS integer),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        ARRAY(SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY 1),
        pg_database_size(current_database()), clock_timestamp()
"""
# What we read and write, as far as we may not; and what is not ours: only the owner can make and drop partitions.
_RIGHTS = """
    SELECT
        coalesce(array_agg(relname::text ORDER BY 1) FILTER (
            WHERE NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT'))), '{}'),
        coalesce(array_agg(relname::text ORDER BY 1) FILTER (
            WHERE relkind = 'p' AND NOT pg_has_role(relowner, 'USAGE')), '{}'),
        has_schema_privilege(current_schema(), 'CREATE')
    FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
"""


class Server(NamedTuple):
    """The server and who we are there. `unsafe` are settings that let a crash lose what was committed; times as told.

    `clock_ahead` is by how many seconds its clock is ahead of this machine's, known to `round_trip` / 2.
    """

    version: str
    role: str
    is_superuser: bool
    is_standby: bool
    connections: int
    connections_used: int
    unsafe: list[str]
    size_bytes: int
    clock_ahead: float
    round_trip: float


class Rights(NamedTuple):
    """Tables that this role may not read or write, partitioned ones that are not its own, the right to make some."""

    denied: list[str]
    foreign: list[str]
    may_create: bool


async def server(url: str) -> Server:
    """Ask the server about itself. Raises DatabaseUnreachable, DatabaseOutdated."""
    connection = await connect(url)
    try:
        before, at = time.monotonic(), time.time()
        [row] = await connection.fetch(_SERVER)
        round_trip = time.monotonic() - before
    finally:
        await connection.close()
    *told, clock = row
    return Server._make((*told, clock.timestamp() - (at + round_trip / 2), round_trip))


async def rights(url: str) -> Rights:
    """Ask what this role may do with the tables that are there."""
    connection = await connect(url)
    try:
        [row] = await connection.fetch(_RIGHTS)
        return Rights(*row)
    finally:
        await connection.close()


async def hears_itself(url: str) -> bool:
    """Tell whether what is notified comes back: not through a proxy that lends connections by the transaction."""
    heard = asyncio.Event()

    def hear(connection: object, process: int, channel: str, payload: object) -> None:
        heard.set()

    listening = await connect(url)
    try:
        await listening.add_listener(CHANNEL, hear)
        # A second connection, as it is between two processes.
        telling = await connect(url)
        try:
            await telling.execute(f"NOTIFY {CHANNEL}")
        finally:
            await telling.close()
        async with asyncio.timeout(NOTIFY_SECONDS):
            await heard.wait()
    except (TimeoutError, asyncpg.PostgresError):
        return False
    finally:
        await listening.close()
    return True
