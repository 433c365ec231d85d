"""All code locations of a process."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from vedette.errors import LocationUnloaded
from vedette.hosts.location import CodeLocation
from vedette.hosts.watching import reload_on_change
from vedette.settings import Settings

__all__ = ["CodeLocation", "CodeLocations", "LoadListener", "LocationUnloaded"]


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
    one of its files is saved. One that does not load is here as well, with its error.
    """

    def __init__(self, targets: Mapping[str, str], settings: Settings, watch: bool) -> None:
        """Enter it to load."""
        self._watch = watch
        self._listeners: set[LoadListener] = set()
        self._locations = {
            name: CodeLocation(name, target, settings, watched=watch, on_change=self._tell)
            for name, target in targets.items()
        }
        self._watching: list[asyncio.Task[None]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names, in the order given."""
        return tuple(self._locations)

    def __getitem__(self, name: str) -> CodeLocation:
        """Return the code location called `name`; raises KeyError."""
        return self._locations[name]

    async def __aenter__(self) -> Self:
        """Load all, side by side."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for location in self._locations.values():
                    tasks.create_task(location.reload())
        except BaseException:
            await self._close()
            raise
        if self._watch:
            for location in self._locations.values():
                task = asyncio.create_task(reload_on_change(location), name=f"watch {location.name}")
                self._watching.append(task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes."""
        for task in self._watching:
            task.cancel()
        if self._watching:
            await asyncio.wait(self._watching)
        await self._close()

    @contextlib.contextmanager
    def listen(self) -> Iterator[LoadListener]:
        """Listen for locations that are loaded or fail to load from now on."""
        listener = LoadListener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _tell(self, name: str) -> None:
        for listener in self._listeners:
            listener.hear([name])

    async def _close(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for location in self._locations.values():
                tasks.create_task(location.close())
