"""Group commit: what many runs have to record at the same moment is one transaction.

What a database that is away or busy refuses is written again until it is there. What else goes wrong is tried again a
few times, all together and then run by run, and ends at most the run that it hits.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from vedette.bus import Bus
from vedette.bus.topics import ASSETS, QUEUE, RUNS, run_events
from vedette.domain.runs import FINISHED, RunStatus
from vedette.errors import DatabaseUnreachable, LeaseLost, VedetteError
from vedette.faults import Point, reached
from vedette.storage.database import Database
from vedette.storage.runs import run_updates
from vedette.storage.runs.run_updates import RunUpdate
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

ENDINGS = FINISHED | {RunStatus.QUEUED}
# What a lost connection looks like; the writes wait until there is one again.
UNREACHABLE = (DatabaseUnreachable, TimeoutError, OSError)
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
# How often what nobody foresaw is tried before it is held to lie in what is written.
TRIES = 4
# A transaction stays short also when many runs talk a lot.
EVENTS_PER_COMMIT = 5_000


class CannotRecord(VedetteError):
    """What happened in a run cannot be written, however often it is tried; nothing of it was."""


class Recorder:
    """Writes updates of runs; `run` does so until cancelled.

    Callers wait for their commit and have one update under way per run, so the queue is bounded by the runs in slots,
    and a process that tells more than the database takes is read no further.
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._waiting: list[tuple[RunUpdate, asyncio.Future[bool]]] = []
        self._filled = asyncio.Event()
        self._closed = False

    async def record(self, update: RunUpdate) -> None:
        """Write `update`; returns once it is committed.

        Raises LeaseLost if another launcher holds the run by now, CannotRecord if the database refuses it for good:
        nothing was written.
        """
        if self._closed:
            raise LeaseLost(f"Run {update.run_id} cannot be recorded: its launcher has stopped.")
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((update, answer))
        self._filled.set()
        if not await answer:
            raise LeaseLost(f"Run {update.run_id} is held by another launcher.")

    async def run(self) -> None:
        """Commit what gathers, one transaction at a time."""
        try:
            while True:
                await self._filled.wait()
                await self._commit(self._take())
        finally:
            self._closed = True
            for _, answer in self._waiting:
                answer.cancel()

    def _take(self) -> list[tuple[RunUpdate, asyncio.Future[bool]]]:
        events, taken = 0, 0
        for update, _ in self._waiting:
            events += len(update.events)
            if taken and events > EVENTS_PER_COMMIT:
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        if not self._waiting:
            self._filled.clear()
        return batch

    async def _commit(self, batch: Sequence[tuple[RunUpdate, asyncio.Future[bool]]]) -> None:
        try:
            updates = [update for update, _ in batch]
            try:
                held = await self._write(updates)
            except Exception as error:  # whatever the database refuses of one run must not fail the others
                await self._refused(batch, error)
                return
            written = [update for update in updates if update.run_id in held]
            count_endings(written)
            self._knock(written)
            for update, answer in batch:
                if not answer.done():  # its asker may have been cancelled
                    answer.set_result(update.run_id in held)
        finally:
            for _, answer in batch:
                answer.cancel()

    async def _refused(self, batch: Sequence[tuple[RunUpdate, asyncio.Future[bool]]], error: Exception) -> None:
        """Write a batch that was refused run by run, so that the one to blame fails alone."""
        if len(batch) > 1:
            for entry in batch:
                await self._commit([entry])
            return
        [(update, answer)] = batch
        # The lines that follow are the statement and all of its values.
        reason = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".")
        logger.error("What happened in run %s cannot be recorded.", update.run_id, exc_info=error)
        if not answer.done():
            answer.set_exception(CannotRecord(f"What happened in the run could not be recorded ({reason})."))

    async def _write(self, updates: Sequence[RunUpdate]) -> frozenset[UUID]:
        """Write `updates` in one transaction; return the ids of the runs that are still held.

        Tries for as long as the database is away, and TRIES times at what nobody foresaw, which it raises then.
        """
        doubtful, tries, pause = False, 0, FIRST_PAUSE_SECONDS
        while True:
            try:
                with metrics.commit("runs", len(updates)):
                    return await self._try(updates, doubtful)
            except UNREACHABLE as error:
                logger.warning("Runs wait to be recorded: %s", str(error) or type(error).__name__)
            except Exception as error:
                tries += 1
                if tries == TRIES:
                    raise
                logger.warning("Runs could not be recorded and are tried again: %r", error)
            doubtful = True  # the commit may have happened before whatever went wrong
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _try(self, updates: Sequence[RunUpdate], doubtful: bool) -> frozenset[UUID]:
        _pass(updates, Point.START_COMMIT, Point.END_COMMIT)
        # What happened to assets is a statement of its own, and part of the same write.
        together = any(update.tells_of_assets for update in updates)
        writing = self._database.writing if together else self._database.writing_at_once
        async with writing() as connection:
            done = await run_updates.applied(connection, updates) if doubtful else frozenset()
            rest = [update for update in updates if update.run_id not in done]
            held = done | await run_updates.apply(connection, rest) if rest else done
            if doubtful and len(held) < len(updates):
                # The lost commit may have ended only now, while this one waited for its locks.
                held |= await run_updates.applied(connection, updates)
        _pass(updates, Point.START_COMMITTED, Point.END_COMMITTED)
        return held

    def _knock(self, updates: Sequence[RunUpdate]) -> None:
        topics = [run_events(update.run_id) for update in updates]
        if any(update.statuses for update in updates):
            topics.append(RUNS)
        if any(update.is_queued_again for update in updates):
            topics.append(QUEUE)
        if any(update.tells_of_assets for update in updates):
            topics.append(ASSETS)
        self._bus.knock(*topics)


def count_endings(updates: Iterable[RunUpdate]) -> None:
    """Count the runs that ended by these updates, or are to be run again."""
    for status, number in Counter(update.status for update in updates if update.status in ENDINGS).items():
        metrics.RUNS_ENDED.labels(status).inc(number)


def _pass(updates: Sequence[RunUpdate], start: Point, end: Point) -> None:
    """Pass the fault point of what is recorded: that runs start, that they end."""
    statuses = {status for update in updates for status in update.statuses}
    if RunStatus.STARTED in statuses:
        reached(start)
    if statuses & ENDINGS:
        reached(end)
