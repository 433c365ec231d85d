"""Log lines of evaluations that go on, stored while they do, so that people can follow them."""

import asyncio
import functools
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from vedette.bus import Bus, topics
from vedette.evaluator.evaluations import InFlight
from vedette.evaluator.patience import keep_trying
from vedette.storage.database import Database
from vedette.storage.ticks import tick_logs
from vedette.storage.ticks.tick_logs import LiveLine

# Between two writings, in seconds: lines wait for company.
PAUSE_SECONDS = 0.25
MOST_LINES = 5000


class LiveLogs:
    """Stores the new lines of those evaluations in flight that are shown as STARTED, while `run` runs."""

    def __init__(self, database: Database, bus: Bus, in_flight: Callable[[], Collection[InFlight]]) -> None:
        self._database = database
        self._bus = bus
        self._in_flight = in_flight

    async def run(self) -> None:
        """Store lines until cancelled."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            if lines := list(islice(self._new(), MOST_LINES)):
                await keep_trying("store log lines", functools.partial(self._store, lines))

    def _new(self) -> Iterator[LiveLine]:
        for flight in self._in_flight():
            if flight.shown and not flight.ended:
                flight.lines_tried = len(flight.lines)
                for seq in range(flight.lines_stored + 1, len(flight.lines) + 1):
                    yield LiveLine(flight.tick_id, flight.epoch, seq, flight.lines[seq - 1])

    async def _store(self, lines: list[LiveLine]) -> None:
        async with self._database.writing() as connection:
            added = await tick_logs.add(connection, lines)
        for flight in self._in_flight():
            flight.lines_stored = max(flight.lines_stored, added.get(flight.tick_id, 0))
        if added:
            self._bus.knock(*map(topics.tick_logs, added))
