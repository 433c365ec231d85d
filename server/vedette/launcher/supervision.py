"""The life of one claimed run: prepared, recorded as STARTED, let begin, followed to its end.

User code begins only after STARTED is committed, so a run that is not STARTED has executed nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import msgspec

from vedette.access.sealing import NoSecretKey, Sealer
from vedette.domain import secrets
from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction, RunStatus
from vedette.errors import LeaseLost, VedetteError
from vedette.faults import Point, reached
from vedette.launcher import endings
from vedette.launcher.endings import Ending
from vedette.launcher.engines.contract import (
    CannotPrepare,
    Engine,
    RunDied,
    RunExit,
    RunOrder,
    RunProcess,
    RunRefused,
)
from vedette.launcher.record import RunRecord
from vedette.launcher.recorder import Recorder
from vedette.launcher.tracing import RunTracer
from vedette.settings import Settings
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

# Of the grace that a stopping launcher gives, the share in which runs may end by themselves before they get TERM.
UNDISTURBED_SHARE = 0.2


class Supervision:
    """One run in a slot. `run` returns when the run has ended, was queued again, or belongs to another launcher.

    `on_unprepared` is told the code location if no process could be made.
    """

    def __init__(
        self,
        claimed: ClaimedRun,
        engine: Engine,
        recorder: Recorder,
        settings: Settings,
        on_unprepared: Callable[[str], None],
    ) -> None:
        self.claimed = claimed
        self._engine = engine
        self._settings = settings
        self._on_unprepared = on_unprepared
        self._record = RunRecord(claimed, recorder)
        self._cancel = asyncio.Event()
        self._force = asyncio.Event()
        self._stop = asyncio.Event()
        self._last_events: Sequence[RunEvent] = ()
        self._claimed_at = time.monotonic()
        self._tracer = RunTracer(claimed)
        self._begun = False
        self._stopped = False
        # While the engine makes a process, what ends that.
        self._patience: asyncio.Timeout | None = None

    def cancel(self, *, forced: bool) -> None:
        """Cancel the run: TERM, and KILL after a grace; `forced`: KILL at once."""
        self._cancel.set()
        if forced:
            self._force.set()
        self._give_up_waiting()

    def stop(self) -> None:
        """End the run because the launcher stops: see `Launching`."""
        self._stop.set()
        self._give_up_waiting()

    async def run(self) -> None:
        """Execute the run. Whatever goes wrong with it stays with it."""
        try:
            ending = await self._outcome()
            await self._record.ended(ending, self._last_events)
            self._tracer.happened(self._last_events)
            self._tracer.ended(ending)
        except LeaseLost as lost:
            logger.warning("%s", lost)
        except Exception:  # its claim runs out, and the rescuer tells the run's end
            logger.exception("Run %s cannot be recorded and is given up.", self.claimed.run_id)

    async def _outcome(self) -> Ending:
        """Execute the run; return what becomes of it, once its process is gone."""
        try:
            async with AsyncExitStack() as stack:
                process = await self._prepared(stack)
                if process is None:
                    return self._unprepared(endings.STOPPED_BEFORE)
                return await self._drive(process)
        except NoSecretKey as reason:
            return endings.failed(type(reason).__name__, str(reason))
        except LeaseLost:
            raise
        except CannotPrepare as reason:
            self._on_unprepared(self.claimed.code_location)
            return self._unprepared(str(reason))
        except RunRefused as refusal:
            return Ending((RunStatus.FAILURE,), refusal.error)
        except Exception as error:
            logger.exception("Run %s cannot be followed; it ends.", self.claimed.run_id)
            return self._broken(error)

    async def _prepared(self, stack: AsyncExitStack) -> RunProcess | None:
        """Have the engine make a process, which ends with `stack`; None if the run is not to wait for it any more."""
        order = RunOrder(self.claimed.code_location, self._instruction(), self.claimed.epoch)
        patience = asyncio.timeout(None)
        try:
            async with patience:
                self._patience = patience
                return None if self._is_unwanted else await stack.enter_async_context(self._engine.prepare(order))
        except TimeoutError:
            if not patience.expired():
                raise
            return None
        finally:
            self._patience = None

    @property
    def _is_unwanted(self) -> bool:
        return self._cancel.is_set() or self._stop.is_set()

    def _give_up_waiting(self) -> None:
        if self._patience is not None:
            self._patience.reschedule(asyncio.get_running_loop().time())

    def _instruction(self) -> RunInstruction:
        """Return what the process is told, the run's secrets opened. Raises NoSecretKey."""
        told = self._tracer.instruction
        if not secrets.holds(told.run_config, secrets.SEALED):
            return told
        config = secrets.opened(told.run_config, Sealer(self._settings).open)
        return msgspec.structs.replace(told, run_config=config)

    async def _drive(self, process: RunProcess) -> Ending:
        """Take the run to its end, while cancels and stops are obeyed."""
        try:
            async with asyncio.TaskGroup() as group:
                obeying = [
                    group.create_task(self._cancel_when_asked(process)),
                    group.create_task(self._stop_when_asked(process)),
                ]
                ended = await self._follow(process)
                async with self._record.turn:  # a write that has begun is waited for: its outcome must be known
                    for task in obeying:
                        task.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return endings.ended(self.claimed, self._record.status, ended, begun=self._begun, stopped=self._stopped)

    async def _follow(self, process: RunProcess) -> RunExit:
        try:
            async with asyncio.timeout(self._settings.load_timeout_seconds):
                steps = await process.ready()
        except RunRefused as refusal:
            return _refused(refusal.error)
        except RunDied as death:
            return death.exit
        except TimeoutError:
            process.kill()
            return _refused(self._not_ready())
        reached(Point.PROCESS_PREPARED)
        await self._let_begin(process, steps)
        async for events in process.events():
            await self._record.happened(events)
            self._tracer.happened(events)
        exit_ = await process.exit()
        # They go with the end: a short run is recorded in two commits.
        self._last_events = exit_.last_events
        return exit_

    async def _let_begin(self, process: RunProcess, steps: Sequence[str]) -> None:
        if await self._record.started(steps) and not self._stop.is_set():
            self._begun = True
            await process.begin()
            waited = self.claimed.waited_seconds + time.monotonic() - self._claimed_at
            metrics.RUN_START_SECONDS.observe(waited)
            self._tracer.began()
            reached(Point.PROCESS_BEGUN)
        else:
            self._stopped = self._stop.is_set()
            process.kill()

    async def _cancel_when_asked(self, process: RunProcess) -> None:
        await self._cancel.wait()
        await self._record.canceling()
        if self._begun:
            process.terminate()
            try:
                async with asyncio.timeout(self._settings.cancel_grace_seconds):
                    await self._force.wait()
            except TimeoutError:
                logger.warning("Run %s does not end when asked to; it is killed.", self.claimed.run_id)
        process.kill()

    async def _stop_when_asked(self, process: RunProcess) -> None:
        await self._stop.wait()
        if self._begun:
            grace = self._settings.shutdown_grace_seconds
            await asyncio.sleep(grace * UNDISTURBED_SHARE)
            self._stopped = True
            process.terminate()
            await asyncio.sleep(grace * (1 - UNDISTURBED_SHARE))
        self._stopped = True
        process.kill()

    def _not_ready(self) -> ErrorInfo:
        seconds = self._settings.load_timeout_seconds
        message = f"The run was not ready {seconds:g} s after its process was made; what does checking its config do?"
        return ErrorInfo("RunNotReady", message)

    def _unprepared(self, reason: str) -> Ending:
        if self._cancel.is_set():
            return Ending((RunStatus.CANCELING, RunStatus.CANCELED))
        return endings.queued_again(self.claimed, reason)

    def _broken(self, error: Exception) -> Ending:
        told = f"{type(error).__name__}: {error}"
        if self._record.status is RunStatus.CANCELING:
            return Ending((RunStatus.CANCELED,), note=told)
        if isinstance(error, VedetteError):  # raised on purpose: it would come again
            return endings.failed(type(error).__name__, f"What happened in the run could not be followed: {error}")
        if self._begun:
            return endings.interrupted(self.claimed, f"what happened in it could not be followed ({told})")
        return endings.queued_again(self.claimed, f"What happens in the run could not be followed ({told}).")


def _refused(error: ErrorInfo) -> RunExit:
    return RunExit(error, finished=True, code=None, signal=None)
