"""An engine in this process: runs do what the test scripted for their job, and can be told to end like processes."""

import asyncio
import signal
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogLevel
from vedette.domain.runs import RunInstruction
from vedette.launcher.engines.contract import CannotPrepare, Changes, RunDied, RunExit, RunOrder, RunRefused

SUCCEEDS = RunExit(None, finished=True, code=0, signal=None)


def failing(error: ErrorInfo) -> RunExit:
    """Return the end of a process whose user code raised."""
    return RunExit(error, finished=True, code=0, signal=None)


def dying(code: int | None = None, signal: int | None = None) -> RunExit:
    """Return the end of a process that did not finish."""
    return RunExit(ErrorInfo("ProcessDied", "It died."), finished=False, code=code, signal=signal)


def log(message: str) -> RunEvent:
    """Return a log line of user code."""
    return RunEvent(datetime.now(UTC), RunEventKind.LOG, "work", message, LogLevel.INFO, "test")


@dataclass
class Script:
    """What runs of one job do: refuse, or prepare; begin, wait for `gate`, tell `events`, end as `ends`."""

    ends: RunExit = SUCCEEDS
    events: tuple[RunEvent, ...] = ()
    gate: asyncio.Event | None = None
    refusal: ErrorInfo | None = None
    dies_early: RunExit | None = None
    ignores_term: bool = False
    unprepared_times: int = 0
    ready_gate: asyncio.Event | None = None


class ScriptedProcess:
    """One run of a script."""

    def __init__(self, engine: "ScriptedEngine", script: Script, instruction: RunInstruction) -> None:
        self.signals: list[int] = []
        self._engine = engine
        self._script = script
        self._instruction = instruction
        self._begun = asyncio.Event()
        self._killed = asyncio.Event()
        self._exit: RunExit | None = None

    async def exit(self) -> RunExit:
        assert self._exit is not None, "it has not ended"
        return self._exit

    async def ready(self) -> Sequence[str]:
        if self._script.refusal is not None:
            raise RunRefused(self._script.refusal)
        if self._script.ready_gate is not None and not await self._wait(self._script.ready_gate):
            raise RunDied(await self.exit())
        if self._script.dies_early is not None:
            raise RunDied(self._script.dies_early)
        return ("work", "rest")

    async def begin(self) -> None:
        self._engine.begun.append((self._instruction.run_id, self._instruction.attempt))
        self._begun.set()

    async def events(self) -> AsyncIterator[Sequence[RunEvent]]:
        if not await self._wait(self._begun):
            return
        yield [RunEvent(datetime.now(UTC), RunEventKind.STEP_STARTED, "work"), *self._script.events]
        if self._script.gate is not None and not await self._wait(self._script.gate):
            return
        if self._script.ends == SUCCEEDS:
            yield [RunEvent(datetime.now(UTC), RunEventKind.STEP_SUCCESS, step) for step in ("work", "rest")]
        self._exit = self._exit or self._script.ends

    def terminate(self) -> None:
        self.signals.append(signal.SIGTERM)
        if not self._script.ignores_term:
            self._die(signal.SIGTERM)

    def kill(self) -> None:
        self.signals.append(signal.SIGKILL)
        self._die(signal.SIGKILL)

    def _die(self, number: int) -> None:
        self._exit = self._exit or dying(signal=number)
        self._killed.set()

    async def _wait(self, event: asyncio.Event) -> bool:
        """Wait for `event`; False if the process is killed first."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._killed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not self._killed.is_set()


@dataclass
class ScriptedEngine:
    """Runs the scripts, by job name; `begun` lists (run id, attempt) of user code that began, in order."""

    scripts: dict[str, Script] = field(default_factory=dict)
    locations: list[str] = field(default_factory=lambda: ["project"])
    begun: list[tuple[UUID, int]] = field(default_factory=list)
    prepared: list[UUID] = field(default_factory=list)
    live: dict[UUID, ScriptedProcess] = field(default_factory=dict)
    most_live: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def code_locations(self) -> Collection[str]:
        return tuple(self.locations)

    @contextmanager
    def listen(self) -> Iterator[Changes]:
        yield _Changes(self.changed)

    @asynccontextmanager
    async def prepare(self, order: RunOrder) -> AsyncIterator[ScriptedProcess]:
        instruction = order.instruction
        script = self.scripts.setdefault(instruction.job_name, Script())
        self.prepared.append(instruction.run_id)
        if script.unprepared_times > 0:
            script.unprepared_times -= 1
            raise CannotPrepare(f"The code location {order.code_location} is being reloaded.")
        process = ScriptedProcess(self, script, instruction)
        self.live[instruction.run_id] = process
        self.most_live = max(self.most_live, len(self.live))
        try:
            yield process
        finally:
            process.kill()
            del self.live[instruction.run_id]


class _Changes:
    def __init__(self, changed: asyncio.Event) -> None:
        self._changed = changed

    async def wait(self) -> object:
        await self._changed.wait()
        self._changed.clear()
        return None
