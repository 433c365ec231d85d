"""Claims queued runs for free slots: at once on a knock, and every few seconds without one."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from vedette.bus import Bus, Listener
from vedette.bus.topics import QUEUE, RUNS, run_events
from vedette.faults import Point, reached
from vedette.launcher.enduring import endure
from vedette.launcher.engines.contract import Changes, Engine
from vedette.launcher.fleet import Fleet
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.runs import run_queue
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.telemetry import metrics

# A claim whose commit took more of the lease than this may have run out since, or be about to.
CLAIM_SHARE = 1 / 3


class Claimer:
    """Fills the fleet's free slots with the runs that have waited longest."""

    def __init__(
        self, database: Database, bus: Bus, engine: Engine, fleet: Fleet, settings: Settings, launcher_id: UUID
    ) -> None:
        self._database = database
        self._bus = bus
        self._engine = engine
        self._fleet = fleet
        self._settings = settings
        self._launcher_id = launcher_id
        self._awake = asyncio.Event()
        # Code locations of which no process could be made; they rest until they change or the next look.
        self._resting: set[str] = set()
        fleet.on_free = self._awake.set
        fleet.on_unprepared = self._resting.add

    async def run(self, runs: asyncio.TaskGroup) -> None:
        """Claim until cancelled; each claimed run becomes a task of `runs`."""
        with self._bus.listen(QUEUE) as knocks, self._engine.listen() as changes:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._wake_on_knocks(knocks))
                group.create_task(self._wake_on_changes(changes))
                while True:
                    self._awake.clear()
                    await endure("claim runs", lambda: self._claim(runs))
                    await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll_seconds):
                await self._awake.wait()
        except TimeoutError:
            self._resting.clear()

    async def _claim(self, runs: asyncio.TaskGroup) -> None:
        free = self._fleet.free
        code_locations = set(self._engine.code_locations()) - self._resting
        if free <= 0 or not code_locations:
            return
        began = time.monotonic()
        reached(Point.RUN_CLAIM)
        async with self._database.writing_at_once() as connection:
            claimed = await run_queue.claim(
                connection, self._launcher_id, code_locations, free, self._settings.lease_seconds
            )
        if claimed:
            metrics.RUNS_CLAIMED.inc(len(claimed))
            reached(Point.RUN_CLAIMED)
        if time.monotonic() - began > CLAIM_SHARE * self._settings.lease_seconds:
            claimed = await self._still_held(claimed)
        for run in claimed:
            self._fleet.launch(run, runs)
        if claimed:
            self._bus.knock(RUNS, *(run_events(run.run_id) for run in claimed))

    async def _still_held(self, claimed: Sequence[ClaimedRun]) -> list[ClaimedRun]:
        """Return those that nobody has taken over while the claim waited to be committed; they are renewed."""
        epochs = {run.run_id: run.epoch for run in claimed}
        async with self._database.writing() as connection:
            held = await run_queue.renew(connection, epochs, self._settings.lease_seconds)
        return [run for run in claimed if run.run_id in held]

    async def _wake_on_knocks(self, knocks: Listener) -> None:
        while True:
            await knocks.wait(None)
            self._awake.set()

    async def _wake_on_changes(self, changes: Changes) -> None:
        while True:
            await changes.wait()
            self._resting.clear()
            self._awake.set()
