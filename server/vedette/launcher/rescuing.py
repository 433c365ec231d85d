"""Finds runs whose launcher was lost, and tells or mends what became of them.

A lost run is taken over first (its epoch grows, so that its old launcher writes nothing any more), then what it left
running on this machine is killed, and only then it ends or is queued again: a next attempt never meets leftovers.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psutil

from vedette.bus import Bus
from vedette.bus.topics import QUEUE, RUNS, run_events
from vedette.domain.runs import RunStatus
from vedette.faults import Point, reached
from vedette.hosts.leftovers import kill_leftovers
from vedette.launcher.endings import rescued
from vedette.launcher.enduring import endure
from vedette.launcher.fleet import LAST_WORDS_SECONDS, Fleet
from vedette.launcher.record import told
from vedette.launcher.recorder import count_endings
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.runs import run_queue, run_updates
from vedette.storage.runs.run_queue import Holder, LostRun
from vedette.storage.runs.run_updates import RunUpdate
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
RUNS_PER_LOOK = 500
# A launcher elsewhere may have lost only its connection; it takes its lock again within a few seconds.
UNLOCKED_SECONDS = 5.0
# Clocks differ: only a process this much younger than the worker certainly has its pid by chance.
CLOCK_SECONDS = 60.0


class Rescuer:
    """Rescues runs whose claim ran out or whose launcher is dead: at once on this machine, soon elsewhere.

    When the database was away from us it may have been from everybody, so that no claim could be renewed: then the
    others have a lease's time to show that they live. What they work at goes on.
    """

    def __init__(self, database: Database, bus: Bus, fleet: Fleet, settings: Settings, launcher_id: UUID) -> None:
        self._database = database
        self._bus = bus
        self._fleet = fleet
        self._settings = settings
        self._launcher_id = launcher_id
        self._host = socket.gethostname()
        # Launchers elsewhere without their lock, and since when (monotonic seconds).
        self._unlocked: dict[UUID, float] = {}
        # Since when the database has answered each look, and when it last did (monotonic seconds).
        self._in_touch_since = float("-inf")
        self._looked_at = time.monotonic()

    async def run(self) -> None:
        """Rescue now and every few seconds until cancelled."""
        while True:
            await endure("rescue runs", self._look)
            await asyncio.sleep(min(LOOK_SECONDS, self._settings.lease_seconds / 3))

    async def release_own(self) -> None:
        """Let go of runs that this launcher holds without knowing: the answer to a claim's commit was lost."""
        await endure("release its runs", self._release_own)

    async def _release_own(self) -> None:
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            await self._rescue([self._launcher_id], lapsed=False)

    async def _look(self) -> None:
        async with self._database.reading() as connection:
            holders = await run_queue.holders(connection, self._launcher_id)
        now = time.monotonic()
        if now - self._looked_at > self._settings.lease_seconds:
            self._in_touch_since = now
        self._looked_at = now
        lapsed = now - self._in_touch_since > self._settings.lease_seconds
        await self._rescue(self._dead(holders, now, lapsed=lapsed), lapsed=lapsed)

    async def _rescue(self, dead: Collection[UUID], *, lapsed: bool) -> None:
        while True:
            async with self._database.writing() as connection:
                lost = await run_queue.take_over(
                    connection,
                    self._launcher_id,
                    dead,
                    self._fleet.epochs(),
                    RUNS_PER_LOOK,
                    self._settings.lease_seconds,
                    lapsed=lapsed,
                )
            if not lost:
                return
            reached(Point.RESCUE_TAKEN_OVER)
            await asyncio.to_thread(kill_leftovers, [run.run_id for run in lost])
            await self._settle(lost)

    async def _settle(self, lost: Sequence[LostRun]) -> None:
        updates = [_update(run) for run in lost]
        async with self._database.writing() as connection:
            ids = {status: [each.run_id for each in updates if each.status is status] for status in RunStatus}
            held = await run_updates.apply(connection, updates)
            await run_queue.close_steps(connection, ids[RunStatus.CANCELED], canceled=True)
            await run_queue.close_steps(connection, ids[RunStatus.FAILURE], canceled=False)
        written = [update for update in updates if update.run_id in held]
        metrics.RUNS_RESCUED.inc(len(written))
        count_endings(written)
        for update in updates:
            logger.warning("Run %s lost its launcher; it is %s now.", update.run_id, update.status)
        self._bus.knock(QUEUE, RUNS, *(run_events(run_id) for run_id in held))

    def _dead(self, holders: Sequence[Holder], now: float, *, lapsed: bool) -> list[UUID]:
        """Return which of `holders` are dead for certain or, with `lapsed`, as good as."""
        if not lapsed:
            self._unlocked.clear()
        unlocked = {holder.launcher_id for holder in holders if not holder.locked}
        self._unlocked = {launcher_id: self._unlocked.get(launcher_id, now) for launcher_id in unlocked}
        return [
            holder.launcher_id
            for holder in holders
            if not holder.locked and self._is_dead(holder, now - self._unlocked[holder.launcher_id])
        ]

    def _is_dead(self, holder: Holder, unlocked_seconds: float) -> bool:
        if holder.pid is None or holder.started_at is None:
            return True
        if holder.host == self._host:
            return not _is_alive(holder.pid, holder.started_at)
        return unlocked_seconds > UNLOCKED_SECONDS


def _is_alive(pid: int, started_at: datetime) -> bool:
    """Tell whether the process `pid` of this machine may be the worker that registered at `started_at`."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.create_time() < started_at.timestamp() + CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _update(lost: LostRun) -> RunUpdate:
    ending = rescued(lost)
    return RunUpdate(
        run_id=lost.run_id,
        epoch=lost.epoch,
        event_count=lost.event_count,
        attempt=lost.attempt + ending.next_attempt,
        events=told(ending, datetime.now(UTC)),
        statuses=ending.statuses,
        error=ending.error,
    )
