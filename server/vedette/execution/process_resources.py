"""The resources of a process that evaluates: built by the first evaluation that needs them, shared by all that follow.

They belong to the process that built them. A zygote never builds any: only what is forked from it evaluates.
"""

import asyncio
import os
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from vedette.authoring.resources.definition import ResourceDefinition
from vedette.execution.resource_building import tear_down
from vedette.execution.resource_drivers import Driver, LoopDriver, ThreadDriver
from vedette.execution.resource_scopes import ResourceScope

# So many may block while they are built or torn down, each in a thread.
MOST_THREADS = 4


class ProcessResources:
    """Holds each resource in a task of its own, on the loop on which the `async with` is."""

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        """Make none yet; `on_first` is called before the first is built."""
        self._on_first = on_first
        # Threads of their own: those that evaluate may all be waiting for what is built here.
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="resource")
        self._driver = LoopDriver(self._threads)
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._values: dict[int, Any] = {}
        self._building: dict[int, asyncio.Future[Any]] = {}
        self._ended = asyncio.Event()
        self._holders = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Begin without any."""
        await self._holders.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tear all of them down."""
        self._ended.set()
        await self._holders.__aexit__(None, None, None)
        self._threads.shutdown(wait=False)

    @property
    def are_there(self) -> bool:
        """Tell whether any was built, or is being built."""
        return bool(self._building)

    async def value(self, scope: ResourceScope, definition: ResourceDefinition, driver: Driver) -> Any:
        """Return the resource; on this loop, or with a ThreadDriver in a thread beside it."""
        if id(definition) in self._values and os.getpid() == self._pid:
            return self._values[id(definition)]
        if isinstance(driver, ThreadDriver):
            return await driver.wait(self._one(scope, definition))
        return await self._one(scope, definition)

    async def _one(self, scope: ResourceScope, definition: ResourceDefinition) -> Any:
        building = self._building.get(id(definition))
        if building is None:
            if not self._building:
                self._on_first()
            building = self._building[id(definition)] = self._loop.create_future()
            self._holders.create_task(self._hold(scope, definition, building))
        # An evaluation that is given up leaves it to the others.
        return await asyncio.shield(building)

    async def _hold(self, scope: ResourceScope, definition: ResourceDefinition, building: asyncio.Future[Any]) -> None:
        """Build one and hold it to the end; its loop and task are the same throughout."""
        try:
            needed = {key: await self._one(scope, one) for key, one in scope.registry.dependencies(definition).items()}
            built = await scope.build(definition, needed, self._driver)
        except Exception as exception:
            # The next evaluation tries again.
            del self._building[id(definition)]
            building.set_exception(exception)
            building.exception()
            return
        self._values[id(definition)] = built.value
        building.set_result(built.value)
        await self._ended.wait()
        if (error := await tear_down(built, self._driver)) is not None:
            traceback.print_exception(error)
