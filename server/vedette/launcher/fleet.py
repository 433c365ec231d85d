"""The runs that this launcher holds, one a slot."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from vedette.launcher.engines.contract import Engine
from vedette.launcher.recorder import Recorder
from vedette.launcher.supervision import Supervision
from vedette.settings import Settings
from vedette.storage.runs.run_queue import ClaimedRun

logger = logging.getLogger(__name__)

# Time beyond the grace for what is left to be recorded when the launcher stops.
LAST_WORDS_SECONDS = 5.0


class Fleet:
    """Runs under supervision. `on_free` is called whenever a slot is free again."""

    def __init__(self, engine: Engine, recorder: Recorder, settings: Settings) -> None:
        self._engine = engine
        self._recorder = recorder
        self._settings = settings
        # By run id and epoch: a run that is queued again may be claimed here before its last supervision is gone.
        self._runs: dict[tuple[UUID, int], tuple[Supervision, asyncio.Task[None]]] = {}
        self.on_free: Callable[[], None] = lambda: None
        self.on_unprepared: Callable[[str], None] = lambda code_location: None

    @property
    def free(self) -> int:
        """Return how many slots are free."""
        return self._settings.slots - len(self._runs)

    @property
    def taken(self) -> int:
        """Return how many slots are taken."""
        return len(self._runs)

    def epochs(self) -> dict[UUID, int]:
        """Return the runs held: run id -> epoch."""
        return dict(self._runs.keys())

    def launch(self, claimed: ClaimedRun, group: asyncio.TaskGroup) -> None:
        """Supervise a run in a task of `group`."""
        supervision = Supervision(claimed, self._engine, self._recorder, self._settings, self.on_unprepared)
        task = group.create_task(self._supervise(supervision), name=f"run {claimed.run_id}")
        self._runs[claimed.run_id, claimed.epoch] = (supervision, task)

    def cancel(self, asked: Mapping[UUID, bool]) -> None:
        """Cancel runs: run id -> whether by force. Asking again is harmless; others' runs are passed over."""
        for (run_id, _), (supervision, _) in self._runs.items():
            if run_id in asked:
                supervision.cancel(forced=asked[run_id])

    def drop(self, lost: Iterable[tuple[UUID, int]]) -> None:
        """Give up runs (id, epoch) that another launcher holds by now: their processes end, nothing is written."""
        for key in lost:
            if key in self._runs:
                logger.warning("Run %s is held by another launcher; it is dropped here.", key[0])
                self._runs[key][1].cancel()

    async def stop(self) -> None:
        """End every run within the grace, and return when all is recorded or, without a database, given up."""
        for supervision, _ in self._runs.values():
            supervision.stop()
        tasks = [task for _, task in self._runs.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._settings.shutdown_grace_seconds + LAST_WORDS_SECONDS)
        for task in late:
            task.cancel()
        if late:
            logger.warning("%d runs could not be recorded in time; the next launcher tells their end.", len(late))

    async def _supervise(self, supervision: Supervision) -> None:
        try:
            await supervision.run()
        finally:
            del self._runs[supervision.claimed.run_id, supervision.claimed.epoch]
            self.on_free()
