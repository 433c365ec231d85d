"""The evaluation host: evaluates many sensors at a time, async ones on its loop and sync ones in threads."""

import asyncio
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any

import msgspec

from vedette.authoring.definitions import Definitions
from vedette.authoring.instance.instance import VedetteInstance
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.reactions import Reaction
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import DefinitionError
from vedette.execution.calls import call_of
from vedette.execution.evaluation import failed
from vedette.execution.process_resources import ProcessResources
from vedette.hosts.child.asking import EvaluationQuestions, HostQuestions
from vedette.hosts.child.deadlines import LEAVE_SECONDS, overran
from vedette.hosts.child.frames import Answered, Evaluate, Holding, Leave, Logged, Ping, Pong, Reacted, ToHost
from vedette.hosts.child.framing import READ_BYTES, FrameReader, encode
from vedette.hosts.child.marks import Marks
from vedette.hosts.child.outbox import Outbox
from vedette.hosts.child.process import OUT_OF_MEMORY, THREAD_STACK_BYTES
from vedette.hosts.child.threads import FAILED, Workers

# A thread that never pauses hands the interpreter on this often: the loop and the other sensors stay alive.
SWITCH_SECONDS = 0.0005
GIVEN_UP = ErrorInfo("EvaluationCancelled", "The evaluation was given up.")


def serve(connection: socket.socket, definitions: Definitions, threads: int) -> None:
    """Evaluate what `connection` asks for, until it ends; then this process ends too.

    The first thing that comes over it is the descriptor of the marks.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    threading.stack_size(THREAD_STACK_BYTES)
    try:
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
        if not descriptors:
            os._exit(0)
        asyncio.run(_serve(connection, definitions, threads, Marks(descriptors[0])))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(FAILED)


async def _serve(connection: socket.socket, definitions: Definitions, threads: int, marks: Marks) -> None:
    asyncio.get_running_loop().set_exception_handler(_handle)
    host = EvaluationHost(connection, definitions, threads, marks)
    async with host.shared:
        host.start()
        await host.leaving.wait()


def _handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(context.get("exception"), MemoryError):
        os._exit(OUT_OF_MEMORY)
    loop.default_exception_handler(context)


class EvaluationHost:
    """The host's side of one connection to the server."""

    def __init__(self, connection: socket.socket, definitions: Definitions, threads: int, marks: Marks) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(msgspec.msgpack.Decoder(ToHost))
        self._open: dict[int, Ongoing] = {}
        self.definitions = definitions
        self.outbox = Outbox(self._loop, connection)
        self.questions = HostQuestions(self.outbox.send_now)
        self.workers = Workers(self._loop, threads, self.outbox.flush)
        self.shared = ProcessResources(self._on_holding)
        self.leaving = asyncio.Event()
        self.marks = marks
        # What the project has set at its import; each evaluation begins with a copy.
        self.context = copy_context()

    def start(self) -> None:
        """Read from the connection from now on."""
        self._loop.add_reader(self._connection.fileno(), self._read)

    def _read(self) -> None:
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._connection.fileno())
            self._leave()
        for frame in self._reader.feed(data):
            self._take(frame)

    def _take(self, frame: ToHost) -> None:
        if isinstance(frame, Evaluate):
            self._begin(frame)
        elif isinstance(frame, Ping):
            self.outbox.send_now(encode(Pong(frame.number)))
        elif isinstance(frame, Leave):
            self._leave()
        elif isinstance(frame, Answered):
            self.questions.take(frame)
        elif (ongoing := self._open.get(frame.token)) is not None:
            ongoing.cancel()

    def _on_holding(self) -> None:
        """A first resource is about to live as long as this process."""
        self.outbox.send_now(encode(Holding()))

    def _leave(self) -> None:
        """End this process, after what it holds is torn down."""
        if not self.shared.are_there:
            os._exit(0)
        self._loop.call_later(LEAVE_SECONDS, os._exit, 0)
        self.leaving.set()

    def call_async(self, awaitable: Awaitable[Any]) -> Any:
        """Have the loop await something; blocks the thread that calls this until it is done."""

        async def awaited() -> Any:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()

    def _begin(self, frame: Evaluate) -> None:
        sync: list[Callable[[], None]] = []
        for token, instruction in frame.evaluations:
            try:
                ongoing = self._open[token] = Ongoing(self, token, instruction)
            except DefinitionError as error:
                self.outbox.answer(token, failed(error))
                self.outbox.flush_soon()
                continue
            if ongoing.call.is_async:
                ongoing.go_on()
            else:
                sync.append(ongoing.in_thread)
        self.workers.post(sync)

    def ended(self, token: int, evaluation: Evaluation) -> None:
        """Take the end of an evaluation, from any thread; it is sent with the next `flush` of the outbox."""
        self._open.pop(token).questions.close()
        if evaluation.error is None:
            self.marks.clear(token)
        self.outbox.answer(token, evaluation)

    def run(self, work: Coroutine[None, None, None], context: Context) -> asyncio.Task[None]:
        """Begin `work` as a task of the loop."""
        return self._loop.create_task(work, context=context)

    def call_soon(self, call: Callable[[], object]) -> None:
        """Have the loop make the call; from any thread."""
        self._loop.call_soon_threadsafe(call)


class Ongoing:
    """One evaluation from its instruction to its answer."""

    def __init__(self, host: EvaluationHost, token: int, instruction: EvaluationInstruction) -> None:
        """Prepare it; raises DefinitionError."""
        self.questions = EvaluationQuestions(host.questions, token)
        self.call = call_of(
            host.definitions,
            instruction,
            self._on_begin,
            self._on_log,
            self._on_reaction,
            host.shared,
            VedetteInstance(self.questions),
        )
        self._host = host
        self._token = token
        self._timeout_seconds = instruction.timeout_seconds
        self._context = host.context.copy()
        self._begun_at: float | None = None
        self._in_thread = False
        self._given_up = False
        self._deadline: asyncio.Timeout | None = None
        self._task: asyncio.Task[None] | None = None

    def in_thread(self) -> None:
        """Evaluate a sync function in this thread."""
        if self._given_up:
            evaluation: Evaluation | None = self._stopped(GIVEN_UP)
        else:
            evaluation = self._context.run(self.call.in_thread, self._host.call_async)
            self._host.workers.memory.look()
        if evaluation is None:
            self._host.call_soon(self.go_on)
        else:
            self._host.ended(self._token, evaluation)

    def go_on(self) -> None:
        """Evaluate an async function on the loop, or what a sync one has handed back."""
        self._task = self._host.run(self._evaluate(), self._context)

    async def _evaluate(self) -> None:
        evaluation: Evaluation | None = None
        self._deadline = asyncio.timeout(None)
        try:
            async with self._deadline:
                evaluation = await self.call.in_loop(self._host.workers)
        except TimeoutError:
            pass
        except MemoryError:
            # None was left to tell what happened.
            os._exit(OUT_OF_MEMORY)
        except asyncio.CancelledError:
            evaluation = self._stopped(GIVEN_UP)
        if evaluation is None or self._deadline.expired():
            # Also where user code swallowed the cancellation and went on to some end of its own.
            evaluation = self._stopped(overran(self._timeout_seconds))
        self._host.ended(self._token, evaluation)
        self._host.outbox.flush_soon()

    def _on_begin(self) -> None:
        """User code begins now, in the thread of this call; the server must know before it can do any harm."""
        self._begun_at = time.monotonic()
        self._host.marks.set(self._token)
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._timeout_seconds)
        else:
            # A thread cannot be stopped: the server ends this whole process at the deadline.
            self._in_thread = True

    def _on_log(self, record: LogRecord) -> None:
        """Send a line while the evaluation goes on; called from any thread."""
        if not self._host.outbox.congested:
            self._host.outbox.send_now(encode(Logged(self._token, record)))

    def _on_reaction(self, reaction: Reaction, evaluation: Evaluation) -> None:
        """Tell of an event before the next begins, which may end this process; called from any thread."""
        self._host.outbox.send_now(encode(Reacted(self._token, reaction, evaluation)))

    def cancel(self) -> None:
        """Give it up, unless it is in a thread."""
        self._given_up = True
        if self._task is not None and not self._in_thread:
            # Not before its first step: a task that is cancelled before that answers nothing.
            self._host.call_soon(lambda: self._task and self._task.cancel())

    def _stopped(self, error: ErrorInfo) -> Evaluation:
        """Return what is left of an evaluation that did not come to its own end."""
        duration = 0.0 if self._begun_at is None else time.monotonic() - self._begun_at
        return self.call.stopped(error, duration)
