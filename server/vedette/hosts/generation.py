"""One load of a project: its zygote, its hosts, the runs forked from it. A reload makes the next one."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.hosts.answers import Answers
from vedette.hosts.child.frames import ChildKind, Loaded, LoadFailed
from vedette.hosts.child.options import ChildOptions
from vedette.hosts.children import Child, NoChild
from vedette.hosts.host_limits import HostLimits
from vedette.hosts.pool import HostPool
from vedette.hosts.run_process import RunProcess
from vedette.hosts.waiter import Waiter
from vedette.hosts.zygote import Zygote
from vedette.settings import Settings

logger = logging.getLogger(__name__)


class LoadError(Exception):
    """The project could not be loaded; `files` are those of its files that were read."""

    def __init__(self, error: ErrorInfo, files: Sequence[str]) -> None:
        super().__init__(error.message)
        self.error = error
        self.files = files


class Generation:
    """A project as it was when it was loaded. `close` leaves its runs alone until they have ended."""

    def __init__(self, name: str, loaded: Loaded, zygote: Zygote, limits: HostLimits, answers: Answers) -> None:
        """Use `load`."""
        self.catalog = loaded.catalog
        self.files = loaded.modules
        self.pool = HostPool(name, zygote, limits, answers)
        self.waiter = Waiter(zygote.name, zygote)
        self._zygote = zygote
        self._answers = answers
        # The process of the next run, forked ahead once there has been one: a run need not wait for it.
        self._spare: asyncio.Task[Child] | None = None
        self._runs = 0
        self._runs_ended = asyncio.Event()
        self._runs_ended.set()
        self._closed = False

    @classmethod
    async def load(
        cls, name: str, target: str, settings: Settings, answers: Answers, *, bytecode: bool
    ) -> "Generation":
        """Import the project in a new zygote and fork a first host. Raises LoadError."""
        limits = HostLimits.of(settings)
        storage = settings.home.absolute() / "storage"
        options = ChildOptions(-1, -1, target, limits.memory_mb, limits.evaluations, bytecode, storage=str(storage))
        try:
            zygote = await Zygote.start(name, options)
        except NoChild as error:
            raise LoadError(ErrorInfo("NoChild", str(error)), ()) from error
        try:
            answer = await zygote.loaded(settings.load_timeout_seconds)
        except BaseException:
            await zygote.close()
            raise
        if isinstance(answer, LoadFailed):
            await zygote.close()
            raise LoadError(answer.error, answer.modules)
        if not answer.forkable:
            logger.warning("Importing %s starts threads: its runs are not forked, each imports it again.", target)
        generation = cls(name, answer, zygote, limits, answers)
        generation.pool.start()
        return generation

    async def died(self) -> None:
        """Wait until the zygote has ended."""
        await self._zygote.ended.wait()

    @asynccontextmanager
    async def run_process(self, instruction: RunInstruction, memory_mb: int | None) -> AsyncIterator[RunProcess]:
        """Make a process for the run, which may take `memory_mb` or what the settings say. Raises NoChild."""
        self._runs += 1
        self._runs_ended.clear()
        try:
            process = RunProcess(
                await self._child(), instruction, self._answers, memory_mb=memory_mb, on_begin=self._fork_ahead
            )
            async with process:
                yield process
        finally:
            self._runs -= 1
            if not self._runs:
                self._runs_ended.set()

    async def _child(self) -> Child:
        """Return a process for a run."""
        spare, self._spare = self._spare, None
        return await self._forked_ahead(spare) or await self._zygote.fork(ChildKind.RUN)

    def _fork_ahead(self) -> None:
        """Have the next run's process forked: not before this one has begun, which needs the processor first."""
        if self._spare is None and not self._closed:
            self._spare = asyncio.create_task(self._zygote.fork(ChildKind.RUN), name="next run's process")

    async def _forked_ahead(self, spare: asyncio.Task[Child] | None) -> Child | None:
        if spare is None:
            return None
        try:
            child = await spare
        except NoChild:
            return None
        except asyncio.CancelledError:
            _discard(spare)
            raise
        if child.exited.done():
            child.discard()
            return None
        return child

    async def retire(self, drain_seconds: float) -> None:
        """Close the hosts; once the last run has ended, end everything."""
        await self.waiter.close()
        await self.pool.close(drain_seconds)
        await self._runs_ended.wait()
        await self.close()

    async def close(self) -> None:
        """End everything at once."""
        self._closed = True
        spare, self._spare = self._spare, None
        _discard(spare)
        await self.waiter.close()
        await self.pool.close(0.0)
        await self._zygote.close()


def _discard(spare: asyncio.Task[Child] | None) -> None:
    """End a process that was forked ahead, or is being forked."""
    if spare is None:
        return
    if not spare.done():
        spare.cancel()
    elif not spare.cancelled() and spare.exception() is None:
        spare.result().discard()
