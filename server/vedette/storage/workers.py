"""Workers: the processes (more exactly, their roles) that are alive, told by a row and a session advisory lock."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_id
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.storage.connecting import connect
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 3.0
ANSWER_SECONDS = 5.0
LOSSES = (DatabaseError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

# Whether the worker's own connection still holds its advisory lock. Postgres shows a bigint key as two halves.
HOLDS_ITS_LOCK = """EXISTS (
    SELECT FROM pg_locks AS held
    WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 1
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (CAST(held.classid AS bigint) << 32 | CAST(held.objid AS bigint)) = workers.lock_key
)"""

_SEEN = """
INSERT INTO workers (id, role, host, pid, lock_key, tasks) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), tasks = excluded.tasks
"""
_TELL_LAUNCHER = text("UPDATE workers SET code_locations = CAST(:loaded AS text[]), slots = :slots WHERE id = :id")
_LEAVE = "DELETE FROM workers WHERE id = $1"
_FORGET_THE_DEAD = f"DELETE FROM workers WHERE last_seen_at < now() - interval '1 hour' AND NOT {HOLDS_ITS_LOCK}"


class _Presence:
    """A worker's row and the connection of its own that holds its lock; both are made anew after a lost connection."""

    def __init__(self, url: str, row: tuple[Any, ...]) -> None:
        self._url = url
        self._row = row
        self._connection: asyncpg.Connection | None = None

    async def appear(self) -> None:
        connection = await connect(self._url, ANSWER_SECONDS)
        self._connection = connection
        await connection.execute("SELECT pg_advisory_lock($1)", self._row[-1])
        await connection.execute(_FORGET_THE_DEAD)
        await self._show()

    async def keep(self) -> None:
        """Renew `last_seen_at` until cancelled, over every loss of the connection."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                if self._connection is None or self._connection.is_closed():
                    await self.appear()
                else:
                    await self._show()
            except LOSSES as error:
                said = str(error) or type(error).__name__
                logger.warning("The database does not answer (%s); trying again.", said)
                self._drop()

    async def leave(self) -> None:
        """Delete the row and let the lock go; without the database, the lock alone goes, with the connection."""
        if self._connection is None:
            return
        with suppress(*LOSSES):
            await self._connection.execute(_LEAVE, self._row[0])
            await self._connection.close(timeout=ANSWER_SECONDS)
        self._drop()

    async def _show(self) -> None:
        assert self._connection is not None
        await self._connection.execute(_SEEN, *self._row, len(asyncio.all_tasks()))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def registered(database: Database, role: str, host: str, pid: int) -> AsyncIterator[UUID]:
    """Be known as a live worker of `role` (SERVE, EVALUATE or LAUNCH) while the context is open; yield the worker's id.

    Takes a connection of its own, outside the pool: it lives as long as the worker does.
    """
    worker_id = new_id()
    presence = _Presence(database.url, (worker_id, role, host, pid, secrets.randbits(62)))
    await presence.appear()
    heartbeat = asyncio.create_task(endure("Presence", presence.keep), name=f"presence of {role}")
    try:
        yield worker_id
    finally:
        heartbeat.cancel()
        with suppress(asyncio.CancelledError):
            await heartbeat
        await presence.leave()


async def tell_launcher(connection: AsyncConnection, worker_id: UUID, loaded: Sequence[str], slots: int) -> None:
    """Tell which code locations' runs a launcher can execute, and how many at once."""
    await connection.execute(_TELL_LAUNCHER, {"id": worker_id, "loaded": list(loaded), "slots": slots})
