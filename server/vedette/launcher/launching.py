"""The launcher on any engine: its duties, the order in which they begin and in which they stop."""

import asyncio
from contextlib import ExitStack
from uuid import UUID

from vedette.bus import Bus
from vedette.launcher.claiming import Claimer
from vedette.launcher.engines.contract import Engine
from vedette.launcher.fleet import Fleet
from vedette.launcher.holding import Holder
from vedette.launcher.recorder import Recorder
from vedette.launcher.rescuing import Rescuer
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.telemetry import metrics


class Launching:
    """Claims queued runs, executes them on `engine`, and rescues those that other launchers lost.

    When `run` is cancelled, nothing more is claimed. Runs whose user code has not begun are queued again at once. The
    others may end by themselves for a fifth of `shutdown_grace_seconds`, then get TERM, and KILL when the grace is
    over; they are FAILURE, "interrupted", or queued as the next attempt where their job says so. `run` returns when
    all of that is recorded. A second cancel does not wait: the next launcher tells what became of the runs.
    """

    def __init__(self, database: Database, bus: Bus, engine: Engine, settings: Settings, worker_id: UUID) -> None:
        self._slots = settings.slots
        self._recorder = Recorder(database, bus)
        self._fleet = Fleet(engine, self._recorder, settings)
        self._claimer = Claimer(database, bus, engine, self._fleet, settings, worker_id)
        self._holder = Holder(database, bus, self._fleet, settings, worker_id)
        self._rescuer = Rescuer(database, bus, self._fleet, settings, worker_id)

    async def run(self) -> None:
        """Launch until cancelled."""
        with ExitStack() as shown:
            shown.enter_context(metrics.shown(metrics.SLOTS, lambda: self._slots))
            shown.enter_context(metrics.shown(metrics.SLOTS_TAKEN, lambda: self._fleet.taken))
            await self._serve()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as services:
            serving = [
                services.create_task(self._recorder.run(), name="recorder of runs"),
                services.create_task(self._holder.renew_claims(), name="claims of runs"),
            ]
            try:
                await self._execute_runs()
            finally:
                for task in serving:
                    task.cancel()

    async def _execute_runs(self) -> None:
        async with asyncio.TaskGroup() as runs:
            try:
                await self._do_duties(runs)
            finally:
                await self._claimer.leave()
                await self._fleet.stop()
                await self._rescuer.release_own()

    async def _do_duties(self, runs: asyncio.TaskGroup) -> None:
        async with asyncio.TaskGroup() as duties:
            duties.create_task(self._claimer.run(runs), name="claimer of runs")
            duties.create_task(self._holder.follow_cancels(), name="cancels of runs")
            duties.create_task(self._rescuer.run(), name="rescuer of runs")
