"""The evaluation host: evaluates many sensors at a time, async ones on its loop and sync ones in threads."""

import asyncio
import os
import socket
import sys
import threading
import time
import traceback
from typing import Any

import msgspec

from vedette.authoring.definitions import Definitions
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation
from vedette.execution.evaluation import evaluate
from vedette.hosts.child.deadlines import overran
from vedette.hosts.child.frames import Evaluate, Evaluated, Logged, Ping, Pong, ToHost
from vedette.hosts.child.framing import READ_BYTES, FrameReader, FrameTooLarge, Unserialisable, encode
from vedette.hosts.child.marks import Marks
from vedette.hosts.child.outbox import Outbox
from vedette.hosts.child.process import OUT_OF_MEMORY, THREAD_STACK_BYTES
from vedette.hosts.child.threads import Workers

# A thread that never pauses hands the interpreter on this often: the loop and the other sensors stay alive.
SWITCH_SECONDS = 0.0005
FAILED = 70


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
    except BaseException:
        traceback.print_exc()
    os._exit(FAILED)


async def _serve(connection: socket.socket, definitions: Definitions, threads: int, marks: Marks) -> None:
    asyncio.get_running_loop().set_exception_handler(_handle)
    host = EvaluationHost(connection, definitions, threads, marks)
    host.start()
    await asyncio.Event().wait()


def _handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if isinstance(context.get("exception"), MemoryError):
        os._exit(OUT_OF_MEMORY)
    loop.default_exception_handler(context)


class EvaluationHost:
    """The host's side of one connection to the server."""

    def __init__(self, connection: socket.socket, definitions: Definitions, threads: int, marks: Marks) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._definitions = definitions
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(msgspec.msgpack.Decoder(ToHost))
        self.outbox = Outbox(self._loop, connection)
        self.workers = Workers(self._loop, threads)
        self.marks = marks
        self._open: dict[int, Ongoing] = {}

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
            os._exit(0)
        for frame in self._reader.feed(data):
            self._take(frame)

    def _take(self, frame: ToHost) -> None:
        if isinstance(frame, Evaluate):
            self._open[frame.token] = Ongoing(self, frame)
        elif isinstance(frame, Ping):
            self.outbox.send_soon(encode(Pong(frame.number)))
        elif (ongoing := self._open.get(frame.token)) is not None:
            ongoing.cancel()

    def evaluate(self, ongoing: "Ongoing") -> asyncio.Task[None]:
        """Begin the evaluation as a task."""
        return self._loop.create_task(self._evaluate(ongoing))

    async def _evaluate(self, ongoing: "Ongoing") -> None:
        instruction = ongoing.frame.instruction
        evaluation: Evaluation | None = None
        try:
            async with ongoing.deadline:
                evaluation = await evaluate(
                    self._definitions, instruction, ongoing.on_begin, ongoing.on_log, self.workers
                )
        except TimeoutError:
            pass
        except MemoryError:
            # None was left to tell what happened.
            os._exit(OUT_OF_MEMORY)
        except asyncio.CancelledError:
            evaluation = ongoing.stopped(ErrorInfo("EvaluationCancelled", "The evaluation was given up."))
        if evaluation is None or ongoing.deadline.expired():
            # Also where user code swallowed the cancellation and went on to some end of its own.
            evaluation = ongoing.stopped(overran(instruction.timeout_seconds))
        del self._open[ongoing.frame.token]
        self.outbox.send_soon(_answer(ongoing.frame.token, evaluation))


class Ongoing:
    """One evaluation from its instruction to its answer."""

    def __init__(self, host: EvaluationHost, frame: Evaluate) -> None:
        self.frame = frame
        self.deadline = asyncio.timeout(None)
        self._host = host
        self._begun_at: float | None = None
        self._in_thread = False
        self._logs: list[LogRecord] = []
        self._task = host.evaluate(self)

    def on_begin(self) -> None:
        """User code begins now, in the thread of this call; the server must know before it can do any harm."""
        self._begun_at = time.monotonic()
        self._host.marks.set(self.frame.token)
        if threading.current_thread() is threading.main_thread():
            timeout = self.frame.instruction.timeout_seconds
            self.deadline.reschedule(asyncio.get_running_loop().time() + timeout)
        else:
            # A thread cannot be stopped: the server ends this whole process at the deadline.
            self._in_thread = True

    def on_log(self, record: LogRecord) -> None:
        """Send a line while the evaluation goes on; called from any thread."""
        self._logs.append(record)
        if not self._host.outbox.congested:
            self._host.outbox.send_now(encode(Logged(self.frame.token, record)))

    def cancel(self) -> None:
        """Give it up, unless it is in a thread."""
        if not self._in_thread:
            self._task.cancel()

    def stopped(self, error: ErrorInfo) -> Evaluation:
        """Return what is left of an evaluation that did not come to its own end."""
        duration = 0.0 if self._begun_at is None else time.monotonic() - self._begun_at
        return Evaluation(error=error, logs=tuple(self._logs), duration_seconds=duration)


def _answer(token: int, evaluation: Evaluation) -> bytes:
    try:
        return encode(Evaluated(token, evaluation))
    except (FrameTooLarge, Unserialisable) as flaw:
        message = f"What the evaluation returned, its logs included, cannot be sent to the server: {flaw}"
        error = ErrorInfo("ResultTooLarge" if isinstance(flaw, FrameTooLarge) else "UnserialisableResult", message)
        return encode(Evaluated(token, Evaluation(error=error, duration_seconds=evaluation.duration_seconds)))
