"""The recorder: one committer for all that this evaluator's sensors produced, many ticks a transaction.

At most one tick a sensor waits here (its next evaluation begins only after this one is recorded), which bounds the
queue. What has ended is committed together once nothing else is about to end, GATHER_SECONDS after the first of it at
the latest. Ticks that ask for runs, that somebody waits for, that a change brought about, or whose sensor is due again
before that, do not wait.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from vedette.bus import Bus
from vedette.bus.topics import ANSWERS, ASSETS, QUEUE, RUNS, SENSORS, TICKS, tick_logs
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, TickCause
from vedette.errors import DatabaseError
from vedette.evaluator.counting import count
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.patience import FIRST_PAUSE_SECONDS, next_pause, report
from vedette.evaluator.tracing import follow
from vedette.storage.database import Database
from vedette.storage.ticks.recording import RecordedTick, Recording, TickRefused, record
from vedette.storage.ticks.verdicts import TickRecord
from vedette.telemetry import metrics

GATHER_SECONDS = 0.01
MOST_TICKS = 500
MOST_REQUESTS = 10_000
PASSING = (DatabaseError, OSError, TimeoutError)


def _is_urgent(tick: TickRecord) -> bool:
    if tick.cause is not TickCause.INTERVAL or tick.interval_seconds <= GATHER_SECONDS:
        return True
    return tick.evaluation is not None and bool(tick.evaluation.run_requests or tick.evaluation.asset_events)


def _weight(tick: TickRecord) -> int:
    made = tick.evaluation
    if made is None:
        return 0
    changed = sum(len(change.keys) for change in made.partition_changes)
    return len(made.run_requests) + len(made.logs) + len(made.asset_events) + changed


def refused(tick: TickRecord, error: Exception) -> TickRecord:
    """Return the tick as a failure that says why the database would not have it."""
    duration = 0.0 if tick.evaluation is None else tick.evaluation.duration_seconds
    reason = str(error).replace("\0", "\ufffd")
    info = ErrorInfo("TickRefused", f"The database refused what this evaluation produced: {reason}")
    left = msgspec.structs.replace(tick.fallback or Evaluation(), error=info, duration_seconds=duration)
    return msgspec.structs.replace(tick, evaluation=left)


class Recorder:
    """Takes ticks by `put`, commits them in groups while `run` runs, and tells `on_recorded` what became of each."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        worker_id: UUID,
        holdings: Holdings,
        on_recorded: Callable[[RecordedTick], None],
        all_ended: Callable[[], bool],
    ) -> None:
        """`all_ended` tells whether no tick is about to be put."""
        self._database = database
        self._bus = bus
        self._worker_id = worker_id
        self._holdings = holdings
        self._on_recorded = on_recorded
        self._all_ended = all_ended
        self._waiting: dict[UUID, TickRecord] = {}
        self._arrived = asyncio.Event()
        self._complete = asyncio.Event()

    def put(self, tick: TickRecord) -> None:
        """Have `tick` recorded; the end of a tick replaces its STARTED where that still waits."""
        self._waiting[tick.sensor_id] = tick
        self._arrived.set()
        if _is_urgent(tick) or self._all_ended():
            self._complete.set()

    async def run(self) -> None:
        """Commit what waits until cancelled; a batch that was being committed then waits again, for `flush`."""
        while True:
            await self._arrived.wait()
            await self._gather()
            await self._commit(self._take())

    async def flush(self) -> None:
        """Commit what waits, once `run` has been cancelled."""
        while self._waiting:
            await self._commit(self._take())

    async def _gather(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._complete.wait()

    def _take(self) -> list[TickRecord]:
        batch: list[TickRecord] = []
        weight = 0
        for tick in self._waiting.values():
            weight += _weight(tick)
            if batch and (len(batch) >= MOST_TICKS or weight > MOST_REQUESTS):
                break
            batch.append(tick)
        for tick in batch:
            del self._waiting[tick.sensor_id]
        if not self._waiting:
            self._arrived.clear()
            self._complete.clear()
        return batch

    async def _commit(self, batch: Sequence[TickRecord]) -> None:
        try:
            await self._commit_all(batch)
        except asyncio.CancelledError:
            self._waiting = {tick.sensor_id: tick for tick in batch} | self._waiting
            raise

    async def _commit_all(self, batch: Sequence[TickRecord]) -> None:
        pause = FIRST_PAUSE_SECONDS
        while held := self._drop_lost(batch):
            try:
                recording = await self._record(held)
            except PASSING as error:
                report("record ticks", error)
                await asyncio.sleep(pause)
                pause = next_pause(pause)
                continue
            except Exception as error:
                await self._commit_apart(held, error)
                break
            self._tell(recording)
            break

    async def _commit_apart(self, batch: Sequence[TickRecord], error: Exception) -> None:
        """Record a batch that was refused tick by tick, so that the one to blame fails alone."""
        if len(batch) > 1:
            for tick in batch:
                await self._commit_all([tick])
            return
        [tick] = batch
        if not isinstance(error, TickRefused):
            report("record a tick", error)
        try:
            self._tell(await self._record([refused(tick, error)]))
        except Exception as again:
            report("record that a tick was refused", again)
            self._on_recorded(RecordedTick(tick, None))

    async def _record(self, ticks: Sequence[TickRecord]) -> Recording:
        timeout = self._holdings.seconds_left(time.monotonic())
        with metrics.commit("ticks", len(ticks)):
            return await record(self._database, self._worker_id, ticks, timeout)

    def _drop_lost(self, batch: Sequence[TickRecord]) -> list[TickRecord]:
        now = time.monotonic()
        held = []
        for tick in batch:
            if self._holdings.trusts(tick.shard, tick.epoch, now):
                held.append(tick)
            else:
                self._on_recorded(RecordedTick(tick, None))
        return held

    def _tell(self, recording: Recording) -> None:
        # In the order in which somebody waits for it.
        changed = {
            QUEUE: recording.runs_changed,
            ANSWERS: recording.requests_answered,
            TICKS: recording.ticks_changed,
            SENSORS: recording.sensors_changed,
            RUNS: recording.runs_changed,
            ASSETS: recording.assets_changed,
        }
        followed = [tick_logs(tick.tick.id) for tick in recording.ticks if tick.tick.shown and tick.tick.evaluation]
        if topics := [*(topic for topic, has_changed in changed.items() if has_changed), *followed]:
            self._bus.knock(*topics)
        count(recording.ticks)
        follow(recording.ticks)
        for tick in recording.ticks:
            self._on_recorded(tick)
