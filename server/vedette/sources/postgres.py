"""Rows of Postgres beyond a watermark, pushed by a NOTIFY channel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from vedette.errors import SourceUnavailable
from vedette.sources.listing import DEFAULT_LIMIT
from vedette.sources.source import Changes, Source
from vedette.sources.watermark import Overlap, Row, Watermark

SECONDS = 10.0
STATEMENT_SECONDS = 30.0
CHECK_SECONDS = 30.0


class PostgresChannel(Source[Row]):
    """The rows of a query beyond the highest watermark seen, each once, looked for as soon as a channel is notified.

    A notification is a knock, not the news: Postgres forgets it if nobody listens. So the news is in a table, and what
    was written while nobody listened is found as well.

    url: postgresql://…; channel: of `NOTIFY channel`, which writers do in the transaction that writes the row.
    query: takes `$1`, from where on to read, and is in the order of the watermark:
        "SELECT id, name FROM events WHERE id >= $1 ORDER BY id". No LIMIT.
    start: the `$1` of the first time; everything of the column's type is beyond it.
    The others are those of `SqlRows`.
    """

    def __init__(
        self,
        url: str,
        channel: str,
        query: str,
        *,
        watermark: str,
        key: str | tuple[str, ...],
        start: Any,
        overlap: Overlap | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        """Take where to listen and what to ask."""
        self._url = url
        self._channel = channel
        self._query = query
        self._start = start
        self._watermark = Watermark(watermark, (key,) if isinstance(key, str) else tuple(key), overlap, limit)

    async def changes(self, cursor: str | None) -> Changes[Row]:
        """Return the rows that have not been seen. Raises SourceUnavailable."""
        async with self._connected() as connection:
            return await self._read(connection, cursor)

    async def wait(self, cursor: str | None) -> None:
        """Return when the channel is notified, when there is something already, or when the connection is lost."""
        notified = asyncio.Event()
        async with self._connected() as connection:
            await connection.add_listener(self._channel, lambda *_: notified.set())
            # What was committed before this process listened is looked for, what comes after it is notified.
            if (await self._read(connection, cursor)).items:
                return
            connection.add_termination_listener(lambda _: notified.set())
            while not notified.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_SECONDS):
                        await notified.wait()
                if not notified.is_set():
                    # A connection that was cut without a word looks like one on which nothing happens.
                    await connection.execute("SELECT 1")

    async def _read(self, connection: Any, cursor: str | None) -> Changes[Row]:
        since = self._watermark.since(cursor)
        rows = await connection.fetch(self._query, self._start if since is None else since)
        return self._watermark.changes(map(dict, rows), cursor)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        try:
            connection = await asyncpg.connect(self._url, timeout=SECONDS, command_timeout=STATEMENT_SECONDS)
            try:
                yield connection
            finally:
                await connection.close(timeout=SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Without the cause: its text may hold what was connected with.
            raise SourceUnavailable(f"Postgres does not answer for channel {self._channel}: {error}") from None
