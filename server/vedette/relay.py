"""The relay: gives what mutations have told their positions in the streams, for many of them at once.

Whoever comes while it is at work waits for the next turn, which is for all who came: as few transactions as there can
be, and at most one at a time of each process.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from vedette.bus import Bus, topics
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.faults import Point, reached
from vedette.storage import outbox
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

_TOPICS = {
    "runs": (topics.RUNS, topics.QUEUE),
    "sensors": (topics.SENSORS, topics.EDITS),
    "audit": (topics.AUDIT,),
}


class Relay:
    """Forwards what waits in the outbox, and knocks for those who follow the streams that have grown."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._turn = asyncio.Lock()
        self._asked = self._done = 0

    async def forward(self) -> None:
        """Return when what was committed before the call has its positions.

        Where the database is away it has them later, from whoever forwards or sweeps next: what was committed is done.
        """
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._done >= mine:
                return
            asked = self._asked
            try:
                await self._forward()
            except DatabaseError as error:
                logger.warning("What was done shows in the streams a little later: %s", error)
            self._done = asked

    async def _forward(self) -> None:
        reached(Point.OUTBOX_FORWARD)
        async with self._database.writing_at_once() as connection:
            grown = await outbox.forward(connection)
        self._bus.knock(*(topic for stream in grown for topic in _TOPICS[stream]))

    async def sweep(self, seconds: float) -> None:
        """Forward what processes that ended have left, now and every so many `seconds`, until cancelled."""
        while True:
            # That the database is away is told by those who cannot do without it.
            with suppress(DatabaseError):
                async with self._database.reading() as connection:
                    waits = await outbox.waits(connection)
                if waits:
                    await self.forward()
            await asyncio.sleep(seconds)


@asynccontextmanager
async def sweeping(database: Database, bus: Bus, seconds: float) -> AsyncIterator[None]:
    """Sweep the outbox while the context is open."""
    relay = Relay(database, bus)
    task = asyncio.create_task(endure("Relay", lambda: relay.sweep(seconds)), name="relay")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
