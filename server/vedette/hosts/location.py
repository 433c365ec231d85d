"""A code location: one project, loaded, loaded anew, or not loadable for now."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from vedette import duties
from vedette.domain.catalog import Catalog
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import LocationUnloaded, VedetteError
from vedette.hosts.answers import Answers
from vedette.hosts.assignment import OnLog, Settle
from vedette.hosts.children import NoChild
from vedette.hosts.generation import Generation, LoadError
from vedette.hosts.pool import PoolClosed
from vedette.hosts.run_process import RunProcess
from vedette.settings import Settings
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 30.0


class CodeLocation:
    """One project. What user code does wrong, at import or later, is data here and never an exception.

    Exactly one of `catalog` and `error` is set once it was loaded; `generation` grows with each attempt to load it.
    """

    def __init__(
        self,
        name: str,
        target: str,
        settings: Settings,
        answers: Answers,
        *,
        watched: bool,
        on_change: Callable[[str], None],
    ) -> None:
        """`reload` loads the project; `on_change` is called with the name after each attempt.

        What user code asks the instance is answered by `answers`.
        """
        self.name = name
        self.target = target
        self.catalog: Catalog | None = None
        self.error: ErrorInfo | None = None
        self.generation = 0
        self.files: Sequence[str] = ()
        self.loading_since = 0.0
        self._settings = settings
        self._answers = answers
        self._watched = watched
        self._on_change = on_change
        self._current: Generation | None = None
        self._retired: set[Generation] = set()
        self._loading = asyncio.Lock()
        self._pause = FIRST_PAUSE_SECONDS
        self._tasks: set[asyncio.Task[None]] = set()
        self._again: dict[UUID, asyncio.Task[None]] = {}

    async def reload(self) -> None:
        """Load the project anew; until that is done the old one serves.

        Open evaluations have a few seconds to end, then they are evaluated in the new one; runs go on to their end in
        the old one. If the project does not load, the location is unloaded, with the error.
        """
        async with self._loading:
            old, files = self._current, self.files
            self.loading_since = time.time()
            try:
                self._current = await Generation.load(
                    self.name, self.target, self._settings, self._answers, bytecode=not self._watched
                )
            except LoadError as failure:
                # What made the last good load is watched on: the cause may be in a file that was not reached.
                self._current, self.error = None, failure.error
                self.catalog, self.files = None, sorted({*files, *failure.files})
                logger.error("Code location %s does not load: %s", self.name, _placed(failure.error))
            else:
                self.catalog, self.files, self.error = self._current.catalog, self._current.files, None
                self._start(self._stand_by(self._current))
            self.generation += 1
            self._count()
            if old is not None:
                self._retired.add(old)
                self._start(self._retire(old))
        self._on_change(self.name)

    def _count(self) -> None:
        is_loaded = self.error is None
        metrics.CODE_LOCATION_LOADED.labels(self.name).set(is_loaded)
        metrics.CODE_LOCATION_LOADS.labels(self.name, "loaded" if is_loaded else "failed").inc()

    async def close(self) -> None:
        """End all processes, runs included; the location is unloaded then."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        current, self._current = self._current, None
        async with AsyncExitStack() as stack:
            for generation in (*self._retired, *([current] if current else [])):
                stack.push_async_callback(generation.close)

    def begin(self, instructions: Sequence[EvaluationInstruction], settle: Settle, on_log: OnLog | None = None) -> None:
        """Evaluate sensors: deadline, kill, attribution and re-runs inside.

        `settle` is called for each, with LocationUnloaded where it was not evaluated, unless it is given up. `on_log`
        is called with each line while it goes on; lines come again if the evaluation has to be run again.
        """

        def settled(tick_id: UUID, answer: Evaluation | VedetteError) -> None:
            if isinstance(answer, PoolClosed):
                self._start(self._begin_again(by_id[tick_id], settle, on_log), tick_id)
            else:
                settle(tick_id, answer)

        by_id = {instruction.tick_id: instruction for instruction in instructions}
        try:
            pool = self._loaded().pool
        except LocationUnloaded as error:
            for instruction in instructions:
                settle(instruction.tick_id, error)
        else:
            pool.submit(instructions, settled, on_log)

    async def _begin_again(self, instruction: EvaluationInstruction, settle: Settle, on_log: OnLog | None) -> None:
        """Begin an evaluation that a reload or a crash of the zygote has cut off, once the outcome of that is known."""
        try:
            await asyncio.sleep(0)
            async with self._loading:
                pass
        except asyncio.CancelledError:
            if self._again.pop(instruction.tick_id, None) is not None:
                settle(instruction.tick_id, LocationUnloaded(f"Code location {self.name} was closed."))
            raise
        del self._again[instruction.tick_id]
        self.begin([instruction], settle, on_log)

    def give_up(self, tick_ids: Collection[UUID]) -> None:
        """Give up evaluations, which are not answered any more: async code is cancelled, sync code cannot be."""
        for again in filter(None, (self._again.pop(tick_id, None) for tick_id in tick_ids)):
            again.cancel()
        for generation in (*self._retired, *([self._current] if self._current else [])):
            generation.pool.give_up(tick_ids)

    async def evaluate(self, instruction: EvaluationInstruction, on_log: OnLog | None = None) -> Evaluation:
        """Evaluate one sensor, as `begin` does, and return its answer. Raises LocationUnloaded only."""
        answered: asyncio.Future[Evaluation | VedetteError] = asyncio.get_running_loop().create_future()
        self.begin([instruction], lambda _, answer: answered.set_result(answer), on_log)
        try:
            answer = await answered
        except asyncio.CancelledError:
            self.give_up([instruction.tick_id])
            raise
        if isinstance(answer, VedetteError):
            raise answer
        return answer

    async def wait(self, sensor_name: str, cursor: str | None) -> None:
        """Return when what a sensor watches may have changed since `cursor`. Raises WaitFailed, LocationUnloaded."""
        await self._loaded().waiter.wait(sensor_name, cursor)

    @asynccontextmanager
    async def run_process(self, instruction: RunInstruction, memory_mb: int | None = None) -> AsyncIterator[RunProcess]:
        """Make a process for the run, which begins no user code before it is told to.

        It may take `memory_mb` MiB, or what the settings say. Raises LocationUnloaded where none can be made now.
        """
        async with AsyncExitStack() as stack:
            try:
                process = await stack.enter_async_context(self._loaded().run_process(instruction, memory_mb))
            except NoChild as error:
                raise LocationUnloaded(f"Code location {self.name} has no process to give: {error}") from error
            yield process

    def _loaded(self) -> Generation:
        if self._current is None:
            why = f": {_shown(self.error)}" if self.error is not None else ""
            raise LocationUnloaded(f"Code location {self.name} is not loaded{why}")
        return self._current

    def _start(self, work: Coroutine[Any, Any, None], tick_id: UUID | None = None) -> None:
        """Begin a task; give the id of the tick whose evaluation it is to begin again."""
        task = duties.begin(work, f"code location {self.name}", self._tasks)
        if tick_id is not None:
            self._again[tick_id] = task

    async def _retire(self, generation: Generation) -> None:
        await generation.retire(DRAIN_SECONDS)
        self._retired.discard(generation)

    async def _stand_by(self, generation: Generation) -> None:
        """Load the project again when its zygote dies by itself, after a pause that grows while that goes on."""
        began = asyncio.get_running_loop().time()
        await generation.died()
        if self._current is not generation:
            return
        lasted = asyncio.get_running_loop().time() - began
        logger.error("The zygote of code location %s has ended; it is started again.", self.name)
        metrics.ZYGOTE_RESTARTS.labels(self.name).inc()
        pause = self._pause if lasted < LONGEST_PAUSE_SECONDS else FIRST_PAUSE_SECONDS
        self._pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)
        if self._current is generation:
            await self.reload()


def _placed(error: ErrorInfo) -> str:
    """Return the error and the frame that it came from, which is where to look in the project."""
    frame = error.stack[-1].strip().partition("\n")[0] if error.stack else ""
    return f"{_shown(error)} ({frame})" if frame else _shown(error)


def _shown(error: ErrorInfo) -> str:
    return f"{error.type}: {error.message}"
