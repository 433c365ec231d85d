"""Waiting for sources: where one tells that it may have changed, the sensors that watch it are due at once.

A hint, as the change of a folder is: what cannot be waited for is looked at by the sensor's interval. The waits go on
in processes of the code locations, not here.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import UUID

from vedette.errors import VedetteError
from vedette.evaluator.code import LoadedCode
from vedette.storage.sensors.due import DueSensor

logger = logging.getLogger(__name__)

# How often to see whether other sensors are to be waited for, while any is.
LOOK_SECONDS = 0.5
# Before the next wait with the cursor that the last one had, which an evaluation did not move on: each as long again.
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
# Before the next wait after one that failed.
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0


class SourceWatch:
    """Waits for the sensors `waiting()` and calls `on_change` with each whose source may have changed.

    A wait is for a cursor: when that changes, the next one begins, once the sensor is `quiet`, not evaluated and not
    about to be.
    """

    def __init__(
        self,
        waiting: Callable[[], Iterable[DueSensor]],
        quiet: Callable[[UUID], bool],
        code: LoadedCode,
        on_change: Callable[[UUID], None],
    ) -> None:
        self._waiting = waiting
        self._quiet = quiet
        self._code = code
        self._on_change = on_change
        self._looked = asyncio.Event()
        self._waits: dict[UUID, tuple[int, asyncio.Task[None]]] = {}
        self._pauses: dict[UUID, Pause] = {}

    def look(self) -> None:
        """See now whether other sensors are to be waited for, or other cursors."""
        self._looked.set()

    async def run(self) -> None:
        """Wait until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._looked.clear()
                wanted = self._see(tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS if wanted else None):
                        await self._looked.wait()

    def _see(self, tasks: asyncio.TaskGroup) -> bool:
        wanted = {sensor.id: sensor for sensor in self._waiting()}
        for sensor_id, (version, task) in list(self._waits.items()):
            sensor = wanted.get(sensor_id)
            if sensor is None or sensor.state.cursor_version != version:
                task.cancel()
                del self._waits[sensor_id]
        for sensor_id in self._pauses.keys() - wanted.keys():
            del self._pauses[sensor_id]
        for sensor in wanted.values():
            pause = self._pauses.setdefault(sensor.id, Pause())
            if sensor.id not in self._waits and self._quiet(sensor.id) and time.monotonic() >= pause.until:
                task = tasks.create_task(self._wait(sensor, pause), name=f"wait of {sensor.spec.name}")
                self._waits[sensor.id] = sensor.state.cursor_version, task
        return bool(wanted)

    async def _wait(self, sensor: DueSensor, pause: "Pause") -> None:
        version = sensor.state.cursor_version
        try:
            await self._code.location(sensor.code_location).wait(sensor.spec.name, sensor.state.cursor)
        except VedetteError as error:
            if pause.failed(str(error)):
                logger.warning(
                    "%s cannot be waited for: %s; until it can, only the interval makes it due.",
                    sensor.spec.name, error,
                )  # fmt: skip
        else:
            pause.woken(version)
            self._on_change(sensor.id)
        if self._waits.get(sensor.id, (None, None))[1] is asyncio.current_task():
            del self._waits[sensor.id]
        self.look()


class Pause:
    """When the next wait of a sensor may begin: `until`, in monotonic seconds."""

    def __init__(self) -> None:
        self.until = 0.0
        self._seconds = 0.0
        self._version: int | None = None
        self._retry_seconds = 0.0
        self._told: str | None = None

    def woken(self, version: int) -> None:
        """A wait with the cursor of `version` has ended: if the next one has it too, that one comes later."""
        again = version == self._version
        self._seconds = min(2 * self._seconds or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS) if again else 0.0
        self._version, self._retry_seconds, self._told = version, 0.0, None
        self.until = time.monotonic() + self._seconds

    def failed(self, why: str) -> bool:
        """A wait has failed; tell whether that is news."""
        self._retry_seconds = min(2 * self._retry_seconds or FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS)
        self.until = time.monotonic() + self._retry_seconds
        news, self._told = why != self._told, why
        return news
