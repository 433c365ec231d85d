"""All code locations of a process."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from vedette.errors import LocationUnloaded
from vedette.hosts.answers import Answers
from vedette.hosts.location import CodeLocation
from vedette.hosts.watching import reload_on_change
from vedette.settings import Settings

__all__ = ["CodeLocation", "CodeLocations", "LoadListener", "LocationUnloaded"]

logger = logging.getLogger(__name__)

# A project that takes longer to import does not keep the others, nor the whole process, from beginning.
PATIENCE_SECONDS = 5.0


class LoadListener:
    """Which code locations were loaded, or failed to load, since the last `wait`."""

    def __init__(self) -> None:
        """Use `CodeLocations.listen`."""
        self._names: set[str] = set()
        self._changed = asyncio.Event()

    async def wait(self) -> frozenset[str]:
        """Return their names, as soon as there are any."""
        await self._changed.wait()
        self._changed.clear()
        names, self._names = frozenset(self._names), set()
        return names

    def hear(self, names: Iterable[str]) -> None:
        """Add `names`."""
        self._names.update(names)
        if self._names:
            self._changed.set()


class CodeLocations:
    """Code locations by name; `targets` maps each name to a project's .py file or module.

    `async with` loads all of them at once and ends all their processes; with `watch`, a project is loaded anew when
    one of its files is saved. One that does not load is here as well, with its error; one that takes long is here
    with neither catalog nor error, and listeners are told when it is done.
    """

    def __init__(
        self, targets: Mapping[str, str], settings: Settings, watch: bool, answers: Answers | None = None
    ) -> None:
        """Enter it to load. Without `answers`, what user code asks the instance is refused."""
        answers = answers or Answers()
        self._watch = watch
        self._listeners: set[LoadListener] = set()
        self._locations = {
            name: CodeLocation(name, target, settings, answers, watched=watch, on_change=self._tell)
            for name, target in targets.items()
        }
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, in the order given."""
        return tuple(self._locations)

    @property
    def loaded(self) -> tuple[str, ...]:
        """Return the names of those that are loaded."""
        return tuple(name for name, location in self._locations.items() if location.catalog is not None)

    def __getitem__(self, name: str) -> CodeLocation:
        """Return the code location called `name`; raises KeyError."""
        return self._locations[name]

    async def __aenter__(self) -> Self:
        """Load all, side by side, and wait for them for a while."""
        try:
            await self._load()
        except BaseException:
            await self._end()
            raise
        if self._watch:
            self._tasks += [
                asyncio.create_task(reload_on_change(location), name=f"watch {location.name}")
                for location in self._locations.values()
            ]
        return self

    async def _load(self) -> None:
        loads = {asyncio.create_task(one.reload(), name=f"load {one.name}"): one for one in self._locations.values()}
        self._tasks += loads
        done, late = await asyncio.wait(loads, timeout=PATIENCE_SECONDS) if loads else (set(), set())
        for load in done:
            load.result()
        for load in late:
            logger.warning("Code location %s is still being imported; the rest begins without it.", loads[load].name)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes."""
        await self._end()

    @contextlib.contextmanager
    def listen(self) -> Iterator[LoadListener]:
        """Listen for locations that are loaded or fail to load from now on."""
        listener = LoadListener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def trouble(self) -> str | None:
        """Say which project cannot be worked with now; None where all are loaded."""
        for name, location in self._locations.items():
            if location.error is not None:
                return f"Code location {name} does not load: {location.error.type}: {location.error.message}"
            if location.catalog is None:
                return f"Code location {name} is still being imported."
        return None

    def _tell(self, name: str) -> None:
        for listener in self._listeners:
            listener.hear([name])

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        async with asyncio.TaskGroup() as tasks:
            for location in self._locations.values():
                tasks.create_task(location.close())
