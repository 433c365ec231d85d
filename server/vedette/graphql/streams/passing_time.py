"""What no commit announces: that a sensor is late, or ticked as before. A server looks for it while somebody follows.

However many follow, it is two statements a second: one that tells lateness in the stream `sensors`, for all, where
something changed; one that reads the marks of those sensors whose pulse is followed.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from vedette.bus import Bus, Listener, topics
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.storage.database import Database
from vedette.storage.sensors import passing_time
from vedette.storage.sensors.passing_time import MOST_TURNED, Mark

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class PassingTime:
    """Looks once a second while it is entered and somebody follows sensors or their pulse."""

    def __init__(self, database: Database, bus: Bus) -> None:
        """Look at nothing yet."""
        self._database = database
        self._bus = bus
        # What is found concerns this process alone: each looks for those that follow it.
        self._here = Bus(None)
        self._followers = 0
        self._watched: Counter[UUID] = Counter()
        self._marks: dict[UUID, Mark] = {}
        self._wanted = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(endure("Looking for late sensors", self._run), name="passing time")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    @contextmanager
    def following(self) -> Iterator[None]:
        """Have lateness told in the stream `sensors` while the block runs."""
        self._followers += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._followers -= 1
            self._rest()

    @contextmanager
    def watching(self, ids: Sequence[UUID]) -> Iterator[Listener]:
        """Yield what is knocked on, by `topics.pulse`, when one of the sensors ticked, at most once a second each."""
        self._watched.update(ids)
        self._wanted.set()
        try:
            with self._here.listen(*map(topics.pulse, ids)) as listener:
                yield listener
        finally:
            self._watched.subtract(ids)
            for one in ids:
                if not self._watched[one]:
                    del self._watched[one]
                    self._marks.pop(one, None)
            self._rest()

    def _rest(self) -> None:
        if not self._followers and not self._watched:
            self._wanted.clear()

    async def _run(self) -> None:
        is_well = True
        while True:
            await self._wanted.wait()
            try:
                await self._look()
                is_well = True
            except DatabaseError as error:
                if is_well:
                    logger.warning("Who is late is not told for the moment: %s", error)
                is_well = False
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        told = MOST_TURNED if self._followers else 0
        while told == MOST_TURNED:
            told = await passing_time.tell_late(self._database)
            if told:
                self._bus.knock(topics.SENSORS)
        if self._watched:
            async with self._database.reading() as connection:
                found = await passing_time.marks(connection, self._watched)
            turned = [one for one, mark in found.items() if self._marks.get(one) != mark]
            self._marks = {one: mark for one, mark in found.items() if one in self._watched}
            self._here.knock(*map(topics.pulse, turned))
