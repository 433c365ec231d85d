"""Watching folders: a change there makes the sensors that watch them due at once.

A hint, as a knock is: what cannot be watched is looked at by the sensor's interval. One watcher and one thread serve
all sensors of the process; what may have changed while it was not watched counts as changed.
"""

import asyncio
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

# The documented backend of `awatch`, which itself would go through the folders on the loop and forget them at each end.
from watchfiles._rust_notify import RustNotify

from vedette.evaluator.patience import keep_trying
from vedette.storage.sensors.due import DueSensor

logger = logging.getLogger(__name__)

# A change is told after the first step in which nothing more changes, at the latest after the debounce. Each step wakes
# the thread: about a fiftieth of a core while anything is watched (2.5 % measured on a busy machine, 4 ms to the news).
STEP_MILLISECONDS = 2
DEBOUNCE_MILLISECONDS = 20
# How often to see whether a folder has come, gone or been made again; and how often to try what the system refused.
LOOK_MILLISECONDS = 500
REFUSED_SECONDS = 30.0

# What a path leads to (device, inode), or the end of a sentence that says why it cannot be watched.
Identity = tuple[int, int] | str
T = TypeVar("T")


class FolderWatch:
    """Watches the folders of the sensors `watching()` and calls `on_change` with each that is concerned by a change.

    Folders are relative to the working directory, which the processes of user code have from this one; all that is in
    them counts, however deep. `look` makes it see at once that other sensors are to be watched.
    """

    def __init__(self, watching: Callable[[], Iterable[DueSensor]], on_change: Callable[[UUID], None]) -> None:
        self._watching = watching
        self._on_change = on_change
        self._looked = asyncio.Event()
        self._look_at = float("-inf")
        self._interrupt = threading.Event()
        self._thread: ThreadPoolExecutor | None = None
        self._notify: RustNotify | None = None
        self._sensors: dict[str, list[DueSensor]] = {}
        self._identities: dict[str, Identity] = {}
        self._refused: dict[str, str] = {}
        self._refused_at = float("-inf")
        self._told: dict[str, str] = {}

    def __enter__(self) -> Self:
        # One thread of its own: a walk through a large tree keeps nothing else waiting.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="folders")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupt.set()
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        if self._notify is not None:
            self._notify.close()

    def look(self) -> None:
        """See now whether other sensors are to be watched."""
        self._looked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await keep_trying("watch folders", self._round)

    async def _round(self) -> None:
        if self._looked.is_set() or time.monotonic() >= self._look_at:
            await self._see()
        if self._notify is not None:
            self._take(await self._in_thread(self._notify.watch, *_WAIT, self._interrupt))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_MILLISECONDS / 1000 if self._sensors else None):
                await self._looked.wait()

    async def _see(self) -> None:
        """See what there is to watch, and watch it anew if that has changed."""
        self._looked.clear()
        sensors = _by_path(self._watching())
        identities: dict[str, Identity] = await self._in_thread(_identify, sorted(sensors)) if sensors else {}
        now = time.monotonic()
        if identities != self._identities or (self._refused and now - self._refused_at > REFUSED_SECONDS):
            await self._begin(identities)
        before, self._identities = self._identities, identities
        watched, self._sensors = self._sensors, sensors
        self._tell({path: found for path, found in identities.items() if isinstance(found, str)} | self._refused)
        self._changed(path for path, found in identities.items() if before.get(path) != found)
        for _, sensor_id in _pairs(sensors) - _pairs(watched):
            self._on_change(sensor_id)
        self._look_at = now + LOOK_MILLISECONDS / 1000

    async def _begin(self, identities: Mapping[str, Identity]) -> None:
        there = [path for path, found in identities.items() if not isinstance(found, str)]
        notify, self._refused = await self._in_thread(_watch, there) if there else (None, {})
        self._refused_at = time.monotonic()
        old, self._notify = self._notify, notify
        if old is not None:
            # It has watched until now: nothing falls between the two.
            self._take(await self._in_thread(old.watch, 1, 1, 1, None))
            old.close()

    def _take(self, changes: set[tuple[int, str]] | str) -> None:
        """Take in what was told: changes, or that there were none."""
        if isinstance(changes, str):
            return
        concerned: set[str] = set()
        for _, path in changes:
            if path in self._sensors:
                # It may lead elsewhere now, or to a new folder that got the number of the old one.
                self._identities.pop(path, None)
                self._look_at = float("-inf")
            concerned.update({path, *map(str, Path(path).parents)} & self._sensors.keys())
        self._changed(concerned)

    def _changed(self, paths: Iterable[str]) -> None:
        for sensor_id in {sensor.id for path in paths for sensor in self._sensors.get(path, ())}:
            self._on_change(sensor_id)

    def _tell(self, obstacles: Mapping[str, str]) -> None:
        """Log what cannot be watched, once, and that it can be again."""
        for path, why in obstacles.items():
            if self._told.get(path) != why:
                names = ", ".join(sorted({sensor.spec.name for sensor in self._sensors[path]}))
                logger.warning(
                    "%s is to be watched for %s, but %s; until that changes, only the interval makes it due.",
                    path, names, why,
                )  # fmt: skip
        for path in self._told.keys() - obstacles.keys():
            if path in self._sensors:
                logger.info("%s is watched now.", path)
        self._told = dict(obstacles)

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


_WAIT = (DEBOUNCE_MILLISECONDS, STEP_MILLISECONDS, LOOK_MILLISECONDS)


def _by_path(sensors: Iterable[DueSensor]) -> dict[str, list[DueSensor]]:
    found: defaultdict[str, list[DueSensor]] = defaultdict(list)
    for sensor in sensors:
        for path in sensor.spec.watch:
            found[str(Path(path).absolute())].append(sensor)
    return dict(found)


def _pairs(sensors: Mapping[str, Sequence[DueSensor]]) -> set[tuple[str, UUID]]:
    return {(path, sensor.id) for path, watching in sensors.items() for sensor in watching}


def _identify(paths: Sequence[str]) -> dict[str, Identity]:
    return {path: _identity(path) for path in paths}


def _identity(path: str) -> Identity:
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return "it is not there"
    except OSError as error:
        return f"it cannot be looked at ({error.strerror})"
    if not os.access(path, os.R_OK):
        return "it must not be read (permission denied)"
    return found.st_dev, found.st_ino


def _watch(paths: Sequence[str]) -> tuple[RustNotify | None, dict[str, str]]:
    """Watch all of `paths` that the system lets be watched; return the watch and why the others are not."""
    try:
        return _notify(paths), {}
    except Exception as error:
        refused = {path: why for path in paths if (why := _refusal(path)) is not None}
        reason = _told(error)
    if not refused:
        # Each alone could be watched: together they are too many.
        return None, dict.fromkeys(paths, reason)
    try:
        rest = [path for path in paths if path not in refused]
        return (_notify(rest) if rest else None), refused
    except Exception as error:
        return None, dict.fromkeys(paths, _told(error))


def _notify(paths: Sequence[str]) -> RustNotify:
    return RustNotify(list(paths), False, False, 0, True, True)


def _refusal(path: str) -> str | None:
    try:
        _notify([path]).close()
    except Exception as error:
        return _told(error)
    return None


def _told(error: Exception) -> str:
    return f"the system refuses ({' '.join(str(error).split()) or type(error).__name__})"
