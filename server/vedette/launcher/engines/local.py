"""Runs on this machine: processes forked from the warm, preloaded process of their code location."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager

from vedette.domain.runs import RunInstruction
from vedette.errors import LocationUnloaded
from vedette.hosts.locations import CodeLocations
from vedette.launcher.engines.contract import CannotPrepare, Changes, RunProcess
from vedette.launcher.leftovers import kill_leftovers


class LocalEngine:
    """Executes runs of the code locations that are loaded here."""

    def __init__(self, locations: CodeLocations) -> None:
        self._locations = locations

    def code_locations(self) -> Collection[str]:
        """Return the names of the code locations that are loaded."""
        return [name for name in self._locations.names if self._locations[name].catalog is not None]

    def listen(self) -> AbstractContextManager[Changes]:
        """Listen for code locations that are loaded, reloaded or no longer loadable."""
        return self._locations.listen()

    @asynccontextmanager
    async def prepare(self, code_location: str, instruction: RunInstruction) -> AsyncIterator[RunProcess]:
        """Fork a process for the run. Raises CannotPrepare while the code location is not loaded.

        A process that did not finish by itself takes with it all that it started, also what left its process group.
        """
        async with AsyncExitStack() as stack:
            try:
                making = self._locations[code_location].run_process(instruction)
                process = await stack.enter_async_context(making)
            except (LocationUnloaded, KeyError) as error:
                reason = str(error).rstrip(".")
                raise CannotPrepare(f"No process can be made for the run now: {reason}.") from error
            try:
                yield process
            finally:
                await stack.aclose()
                if not (await process.exit()).finished:
                    await asyncio.to_thread(kill_leftovers, [instruction.run_id])
