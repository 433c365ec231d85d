"""Claims queued runs for free slots: at once on a knock, and every few seconds without one."""

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from uuid import UUID

from vedette.bus import Bus, Listener
from vedette.bus.topics import QUEUE, RUNS, run_events
from vedette.errors import VedetteError
from vedette.faults import Point, reached
from vedette.launcher.enduring import endure
from vedette.launcher.engines.contract import Changes, Engine
from vedette.launcher.fleet import Fleet
from vedette.settings import Settings
from vedette.storage import workers
from vedette.storage.database import Database
from vedette.storage.runs import run_claims, run_queue
from vedette.storage.runs.run_claims import Claims
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.telemetry import metrics

# A claim whose commit took more of the lease than this may have run out since, or be about to.
CLAIM_SHARE = 1 / 3
# For how long a launcher that stops tries to say so.
LEAVE_SECONDS = 1.0


class Claimer:
    """Fills the fleet's free slots with the first runs of the queue that may start.

    It tells the database what it can execute, and how many at once, for people to see why a run waits.
    """

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
        # Whether there were limits at the last look, and whether a run ended here since: others may wait for that.
        self._limited = False
        self._freed = False
        self._told: tuple[list[str], int] | None = None
        fleet.on_free = self._on_free
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
                    await endure("tell what it can execute", self._tell)
                    await self._rest()

    async def leave(self) -> None:
        """Tell that nothing more is executed here; for a moment only, as there may be no database to tell it to."""
        with suppress(VedetteError, TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS), self._database.writing_at_once() as connection:
                await workers.tell_launcher(connection, self._launcher_id, [], 0)

    async def _tell(self) -> None:
        can = (sorted(set(self._engine.code_locations()) - self._resting), self._settings.slots)
        if can == self._told:
            return
        async with self._database.writing_at_once() as connection:
            await workers.tell_launcher(connection, self._launcher_id, *can)
        self._told = can

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._settings.poll_seconds):
                await self._awake.wait()
        except TimeoutError:
            self._resting.clear()
            # Its row may have been made anew.
            self._told = None

    def _on_free(self) -> None:
        self._freed = True
        self._awake.set()

    async def _claim(self, runs: asyncio.TaskGroup) -> None:
        free = self._fleet.free
        code_locations = set(self._engine.code_locations()) - self._resting
        if free > 0 and code_locations:
            await self._fill(free, code_locations, runs)
        if self._freed and self._limited:
            # What ended here may have been all that a run waited for that only another launcher can execute.
            self._bus.knock(QUEUE)
        self._freed = False

    async def _fill(self, free: int, code_locations: Collection[str], runs: asyncio.TaskGroup) -> None:
        began = time.monotonic()
        reached(Point.RUN_CLAIM)
        claims = await self._take(free, code_locations)
        claimed = claims.runs
        if claimed:
            metrics.RUNS_CLAIMED.inc(len(claimed))
            reached(Point.RUN_CLAIMED)
        if time.monotonic() - began > CLAIM_SHARE * self._settings.lease_seconds:
            claimed = await self._still_held(claimed)
        for run in claimed:
            self._fleet.launch(run, runs)
        if claimed:
            self._bus.knock(RUNS, *(run_events(run.run_id) for run in claimed))
        if claims.are_more:
            self._bus.knock(QUEUE)

    async def _take(self, free: int, code_locations: Collection[str]) -> Claims:
        """Claim: in one statement, unless there are limits, or there were when it was last done."""
        asked = (self._launcher_id, code_locations, free, self._settings.lease_seconds)
        if not self._limited:
            async with self._database.writing_at_once() as connection:
                claims = await run_claims.claim(connection, *asked)
            if not claims.are_limited:
                return claims
        async with self._database.writing() as connection:
            claims = await run_claims.claim_under_limits(connection, *asked)
            reached(Point.LIMITED_CLAIM)
        self._limited = claims.are_limited
        return claims

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
