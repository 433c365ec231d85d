"""The server's handle of the process of one run."""

import asyncio
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.errors import VedetteError
from vedette.hosts.answers import Answers
from vedette.hosts.attribution import describe_exit
from vedette.hosts.child.frames import Answered, Asked, Execute, Finished, FromRun, Go, Happened, Ready
from vedette.hosts.children import FORKED_FROM, ChildExit, Link, RunChild

# More events than this, untaken, make the run wait.
MOST_UNTAKEN = 2000
# A run that has said that it finished, and a process that has closed its socket, has this long to end.
EXIT_SECONDS = 5.0
LAST_FRAMES_SECONDS = 0.5
# Events that come within this time are handed on together, with the end of a run that is as short.
GATHER_SECONDS = 0.003


class RunRefused(VedetteError):
    """The run cannot be executed, as `error` tells: no such job, a config that it does not accept."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


class RunDied(VedetteError):
    """The process ended before the run was prepared; `exit` tells how."""

    def __init__(self, exit_: "RunExit") -> None:
        super().__init__("The run's process ended before the run was prepared.")
        self.exit = exit_


@dataclass(frozen=True, slots=True)
class RunExit:
    """How a run's process ended: `finished` by its own word, with `error` or without; else by `code` or `signal`.

    Where it did not finish, `error` says what happened instead; neither code nor signal: it was lost with what
    `lost_with` names. `last_events` are those that were not handed on before.
    """

    error: ErrorInfo | None
    finished: bool
    code: int | None
    signal: int | None
    last_events: tuple[RunEvent, ...] = ()
    lost_with: str = FORKED_FROM


class RunProcess:
    """A process made for one run; `async with` ends it, and all that it started, if it has not ended by then."""

    def __init__(
        self,
        child: RunChild,
        instruction: RunInstruction,
        answers: Answers,
        *,
        memory_mb: int | None = None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> None:
        """Use it as a context manager; `on_begin` is called once user code was let begin.

        `memory_mb` is how many MiB each of its processes may take, where that is not what the settings say.
        """
        self.pid = child.pid
        self.result: RunExit | None = None
        self._child = child
        self._execute = Execute(instruction, memory_mb)
        self._on_begin = on_begin
        self._answers = answers
        self._events: deque[RunEvent] = deque()
        self._changed = asyncio.Event()
        self._frames_read = 0
        self._left = False
        self._finished: Finished | None = None
        self._ready: asyncio.Future[tuple[str, ...] | None] = asyncio.get_running_loop().create_future()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection: Link | None = None
        self._attending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Send the run to the process, which prepares it."""
        try:
            self._connection = await self._child.open(FromRun, self._take, self._hang_up)
        except BaseException:
            self._child.discard()
            raise
        self._attending = asyncio.create_task(self._attend(), name=f"run {self._execute.instruction.run_id}")
        self._connection.send(self._execute)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process if it has not ended, and wait until it has."""
        self.kill()
        self._left = True
        self._events.clear()
        if self._connection is not None:
            self._connection.resume_reading()
        if self._attending is not None:
            await self._attending

    async def ready(self) -> tuple[str, ...]:
        """Wait until the run is prepared; return the names of its steps. Raises RunRefused, RunDied."""
        steps = await asyncio.shield(self._ready)
        if steps is not None:
            return steps
        if self._finished is not None and self._finished.error is not None:
            raise RunRefused(self._finished.error)
        raise RunDied(await self.exit())

    async def begin(self) -> None:
        """Let user code begin; does nothing if the process is gone."""
        if self._connection is not None:
            self._connection.send(Go())
            self._connection.flush()
        self._on_begin()

    async def events(self) -> AsyncIterator[list[RunEvent]]:
        """Yield what happens, in batches; ends when the process has ended, and `result` tells how, and what came last.

        A run whose events are not taken waits once 2000 of them are here.
        """
        while self.result is None:
            self._changed.clear()
            if self._events and self._finished is None:
                await asyncio.sleep(GATHER_SECONDS)
            if self._events and self._finished is None and self.result is None:
                batch = list(self._events)
                self._events.clear()
                if self._connection is not None:
                    self._connection.resume_reading()
                yield batch
            else:
                await self._changed.wait()

    async def exit(self) -> RunExit:
        """Wait until the process has ended; return how."""
        while self.result is None:
            self._changed.clear()
            await self._changed.wait()
        return self.result

    def terminate(self) -> None:
        """Send TERM to the process and all that it started: user code is interrupted, its clean-up runs."""
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process and all that it started at once."""
        self._send_signal(signal.SIGKILL)

    def _send_signal(self, number: int) -> None:
        if not self._child.exited.done():
            self._child.send_signal(number)

    def _take(self, frames: list[FromRun]) -> None:
        self._frames_read += len(frames)
        for frame in frames:
            if isinstance(frame, Happened):
                if not self._left:
                    self._events.extend(frame.events)
            elif isinstance(frame, Ready):
                if not self._ready.done():
                    self._ready.set_result(frame.steps)
            elif isinstance(frame, Asked):
                self._answers.begin(frame, self._reply)
            else:
                self._finished = frame
                if not self._ready.done():
                    self._ready.set_result(None)
        if len(self._events) > MOST_UNTAKEN and self._finished is None and self._connection is not None:
            self._connection.pause_reading()
        self._changed.set()

    def _reply(self, answer: Answered) -> None:
        if self._connection is not None:
            self._connection.send(answer)
            self._connection.flush()

    def _hang_up(self) -> None:
        self._lost.set_result(None)

    async def _attend(self) -> None:
        """Wait for the end of the process, and for the last that it has to say."""
        ends: list[asyncio.Future[Any]] = [self._lost, self._child.exited]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not self._child.exited.done():
            await asyncio.wait([self._child.exited], timeout=EXIT_SECONDS)
            self.kill()
        exit_ = await self._child.exited
        await self._read_on()
        if self._connection is not None:
            self._connection.close()
        self.result = self._result(exit_)
        if not self._ready.done():
            self._ready.set_result(None)
        self._changed.set()

    async def _read_on(self) -> None:
        """Wait for the end of the stream, or, where something else holds it open, until nothing comes any more."""
        while not self._lost.done():
            read = self._frames_read
            await asyncio.wait([self._lost], timeout=LAST_FRAMES_SECONDS)
            if read == self._frames_read and (self._finished is not None or not self._events):
                return

    def _result(self, exit_: ChildExit) -> RunExit:
        error = describe_exit(exit_, "the run") if self._finished is None else self._finished.error
        finished, events = self._finished is not None, tuple(self._events)
        return RunExit(error, finished, exit_.code, exit_.signal, events, exit_.lost_with)
