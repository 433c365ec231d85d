"""Runs on this machine: processes forked from the warm, preloaded process of their code location."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager

from vedette.domain.compute import ComputeSpec
from vedette.errors import LocationUnloaded
from vedette.hosts.leftovers import kill_leftovers
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.capacity import Capacity, machine
from vedette.launcher.engines.contract import CannotPrepare, Changes, RunOrder, RunProcess
from vedette.launcher.engines.demands import Demands, demands_of


class LocalEngine:
    """Executes runs of the code locations that are loaded here, on what `there_is`: this machine unless given.

    Processors and graphics processors are counted, memory is counted and held to: each process of a run that asked for
    some gets a MemoryError beyond it.
    """

    def __init__(self, locations: CodeLocations, there_is: ComputeSpec | None = None) -> None:
        self._locations = locations
        self._capacity = Capacity(there_is or machine(gpus=0))

    def code_locations(self) -> Collection[str]:
        """Return the names of the code locations that are loaded."""
        return self._locations.loaded

    def listen(self) -> AbstractContextManager[Changes]:
        """Listen for code locations that are loaded, reloaded or no longer loadable."""
        return self._locations.listen()

    @asynccontextmanager
    async def prepare(self, order: RunOrder) -> AsyncIterator[RunProcess]:
        """Fork a process for the run. Raises CannotPrepare while the code location is not loaded, RunRefused.

        A process that did not finish by itself takes with it all that it started, also what left its process group.
        """
        compute = self._demands(order).compute
        async with self._capacity.taken(compute), AsyncExitStack() as stack:
            try:
                making = self._locations[order.code_location].run_process(order.instruction, compute.memory_mb)
                process = await stack.enter_async_context(making)
            except (LocationUnloaded, KeyError) as error:
                raise _unprepared(error) from error
            try:
                yield process
            finally:
                await stack.aclose()
                if not (await process.exit()).finished:
                    await asyncio.to_thread(kill_leftovers, [order.instruction.run_id])

    def _demands(self, order: RunOrder) -> Demands:
        try:
            catalog = self._locations[order.code_location].catalog
        except KeyError as error:
            raise _unprepared(error) from error
        return Demands() if catalog is None else demands_of(catalog, order.instruction)


def _unprepared(error: Exception) -> CannotPrepare:
    return CannotPrepare(f"No process can be made for the run now: {str(error).rstrip('.')}.")
