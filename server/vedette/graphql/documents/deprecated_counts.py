"""Counts who uses what is deprecated: at once for metrics, and into the database some seconds later, added up.

What was counted since is lost with a process that is killed, and kept for the next time where the database is away.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from vedette.access.authority import Caller
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.storage.access import deprecated_uses
from vedette.storage.access.deprecated_uses import User
from vedette.storage.database import Database
from vedette.telemetry import metrics
from vedette.telemetry.few_names import LONGEST_NAME, OTHER, FewNames

logger = logging.getLogger(__name__)

MOST_CLIENTS = 100
# Of those that are counted between two times.
MOST_USERS = 1000


class DeprecatedCounts:
    """The counts of one server; `async with` has them noted in the database, at most once in so many seconds."""

    def __init__(self, database: Database, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._names = FewNames(MOST_CLIENTS)
        self._counts: Counter[User] = Counter()
        self._news = asyncio.Event()
        self._noting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._noting = asyncio.create_task(endure("Noting what is deprecated", self._note), name="deprecated uses")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._noting is not None:
            self._noting.cancel()
            await asyncio.wait([self._noting])
        await self._flush()

    def count(self, members: Iterable[str], caller: Caller) -> None:
        """Count one operation of a caller that uses these."""
        name, version = map(_shown, caller.client)
        for member in members:
            metrics.API_DEPRECATED.labels(member, self._names.of(name)).inc()
            user = User(member, name, version, caller.authority.actor)
            if user not in self._counts and len(self._counts) >= MOST_USERS:
                user = User(member, OTHER, "", "")
            self._counts[user] += 1
        self._news.set()

    async def _note(self) -> None:
        while True:
            await self._news.wait()
            await asyncio.sleep(self._seconds)
            self._news.clear()
            await self._flush()

    async def _flush(self) -> None:
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            async with self._database.writing_at_once() as connection:
                await deprecated_uses.add(connection, counts)
        except DatabaseError:
            self._counts.update(counts)
            self._news.set()
            logger.info("Who uses what is deprecated is noted later, as the database does not answer.")


def _shown(given: str) -> str:
    """Return what is kept of a text that a client sends: what people can read, and not much of it."""
    return "".join(letter for letter in given[:LONGEST_NAME] if letter.isprintable()).strip()
