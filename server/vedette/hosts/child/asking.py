"""Asking the instance from user code: the question goes to the parent, which has the database, the thread waits.

Of one evaluation, and of one run, a few questions are under way at a time; threads that ask more of them wait.
"""

import itertools
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from vedette.domain.questions import Question
from vedette.errors import AnswerTooLarge, InstanceUnavailable, InvocationError
from vedette.hosts.child.frames import Answered, Asked, ToRun
from vedette.hosts.child.framing import FrameReader, encode, receive

AT_ONCE = 4
# The parent gives up before; this is for a parent that is frozen.
ANSWER_SECONDS = 20.0

_ERRORS = {one.__name__: one for one in (AnswerTooLarge, InstanceUnavailable, InvocationError)}
_MAKING = threading.Lock()
_LATE = f"The instance did not answer within {ANSWER_SECONDS:.0f} s."


def read(frame: Answered, answer_type: Any) -> Any:
    """Return the answer that a frame holds; raises what it says went wrong."""
    if frame.error is not None:
        raise _ERRORS.get(frame.error.type, InstanceUnavailable)(frame.error.message)
    return msgspec.msgpack.decode(frame.answer, type=answer_type)


class _Waiting:
    """A question that is under way."""

    __slots__ = ("answer", "arrived")

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.answer: Answered | None = None


class HostQuestions:
    """The questions of all evaluations of a host; its loop hands the answers to `take`."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """Send frames by `send`, which any thread may call."""
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._pid = os.getpid()

    def take(self, frame: Answered) -> None:
        """Wake who waits for the answer, if somebody still does."""
        waiting = self._waiting.pop(frame.number, None)
        if waiting is not None:
            waiting.answer = frame
            waiting.arrived.set()

    def ask(self, token: int, question: Question, answer_type: Any, deadline: float) -> Any:
        """Return the answer, waiting until `deadline` (monotonic seconds) at most."""
        if os.getpid() != self._pid:
            raise InstanceUnavailable("A process that user code has started cannot ask the instance; ask before.")
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        try:
            self._send(encode(Asked(token, number, question)))
            if not waiting.arrived.wait(max(0.0, deadline - time.monotonic())) or waiting.answer is None:
                raise InstanceUnavailable(_LATE)
        finally:
            self._waiting.pop(number, None)
        return read(waiting.answer, answer_type)


class EvaluationQuestions:
    """The questions of one evaluation; closed when that ends."""

    def __init__(self, questions: HostQuestions, token: int) -> None:
        """Ask by `questions`, as the evaluation `token`."""
        self._questions = questions
        self._token = token
        # Most evaluations ask nothing, and are to cost nothing for it.
        self._slots: threading.BoundedSemaphore | None = None
        self._closed = False

    def close(self) -> None:
        """Answer no more: the evaluation has ended."""
        self._closed = True

    def __call__(self, question: Question, answer_type: Any) -> Any:
        """Ask, and wait for the answer. Raises InstanceUnavailable, AnswerTooLarge, InvocationError."""
        deadline = time.monotonic() + ANSWER_SECONDS
        if self._closed:
            raise InvocationError("The evaluation has ended; its context.instance is not to be asked any more.")
        with _MAKING:
            slots = self._slots = self._slots or threading.BoundedSemaphore(AT_ONCE)
        if not slots.acquire(timeout=ANSWER_SECONDS):
            raise InstanceUnavailable(_LATE)
        try:
            return self._questions.ask(self._token, question, answer_type, deadline)
        finally:
            slots.release()


class RunQuestions:
    """The questions of a run. Nobody reads its connection meanwhile: of the threads that wait, one reads for all."""

    def __init__(self, connection: socket.socket, reader: FrameReader[ToRun], send: Callable[[Asked], None]) -> None:
        """Send by `send`, which any thread may call, and read the answers from `connection`."""
        self._connection = connection
        self._reader = reader
        self._send = send
        self._numbers = itertools.count(1)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._changed = threading.Condition()
        self._reading = False
        self._answers: dict[int, Answered] = {}
        self._pid = os.getpid()

    def __call__(self, question: Question, answer_type: Any) -> Any:
        """Ask, and wait for the answer. Raises InstanceUnavailable, AnswerTooLarge, InvocationError."""
        if os.getpid() != self._pid:
            raise InstanceUnavailable("A process that user code has started cannot ask the instance; ask before.")
        deadline = time.monotonic() + ANSWER_SECONDS
        if not self._slots.acquire(timeout=ANSWER_SECONDS):
            raise InstanceUnavailable(_LATE)
        try:
            number = next(self._numbers)
            self._send(Asked(0, number, question))
            return read(self._wait_for(number, deadline), answer_type)
        finally:
            self._slots.release()

    def _wait_for(self, number: int, deadline: float) -> Answered:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: number in self._answers or not self._reading, max(0.0, deadline - time.monotonic())
                )
                if (answer := self._answers.pop(number, None)) is not None:
                    return answer
                if time.monotonic() >= deadline:
                    raise InstanceUnavailable(_LATE)
                if self._reading:
                    continue
                self._reading = True
            self._read(deadline)

    def _read(self, deadline: float) -> None:
        answers: list[Answered] = []
        try:
            if select.select([self._connection], [], [], max(0.0, deadline - time.monotonic()))[0]:
                frames = receive(self._connection, self._reader)
                if frames is None:
                    raise InstanceUnavailable("The process that this run belongs to is gone.")
                answers = [frame for frame in frames if isinstance(frame, Answered)]
        finally:
            with self._changed:
                self._reading = False
                self._answers.update((frame.number, frame) for frame in answers)
                self._changed.notify_all()
