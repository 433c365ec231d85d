"""The sending side of an evaluation host: any thread may send, nothing blocks the loop, frames leave in order."""

import asyncio
import os
import socket
import threading

from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation
from vedette.hosts.child.frames import Evaluated
from vedette.hosts.child.framing import FrameTooLarge, Unserialisable, encode

# Live log lines beyond this many unsent bytes are dropped: the evaluation's answer holds them all.
CONGESTED_BYTES = 4 * 1024 * 1024


class Outbox:
    """Unsent frames of a non-blocking `connection`, and answers that are to leave together in the next."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        self._loop = loop
        self._connection = connection
        self._lock = threading.Lock()
        self._unsent = bytearray()
        self._answers: list[tuple[int, Evaluation]] = []
        self._flush_planned = False
        self._waiting_for_room = False
        self._abandoned = False
        # A process that user code forks off has our socket, but must not speak for us or keep it open.
        os.register_at_fork(after_in_child=self._abandon)

    @property
    def congested(self) -> bool:
        """Tell whether the server reads more slowly than this host writes."""
        return len(self._unsent) > CONGESTED_BYTES

    def answer(self, token: int, evaluation: Evaluation) -> None:
        """Send the answer with the next `flush`; from any thread."""
        self._answers.append((token, evaluation))

    def flush(self) -> None:
        """Send what is unsent at once, as far as the socket takes it; from any thread."""
        if not self._abandoned and (self._answers or self._unsent):
            with self._lock:
                self._flush()

    def send_now(self, frame: bytes) -> None:
        """Send what is unsent and `frame` at once, as far as the socket takes it; from any thread."""
        if self._abandoned:
            return
        with self._lock:
            self._unsent += frame
            self._flush()

    def flush_soon(self) -> None:
        """Flush at the end of this turn of the loop; from the loop's thread only."""
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._planned_flush)

    def _planned_flush(self) -> None:
        self._flush_planned = False
        self.flush()

    def _flush(self) -> None:
        if self._answers:
            answers, self._answers = self._answers, []
            self._unsent += _frames(tuple(answers))
        if self._waiting_for_room or not self._unsent:
            return
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The server is gone, or user code closed the socket: nobody is left to answer.
            os._exit(0)
        del self._unsent[:sent]
        if self._unsent:
            self._waiting_for_room = True
            self._loop.call_soon_threadsafe(self._loop.add_writer, self._connection.fileno(), self._room)

    def _room(self) -> None:
        with self._lock:
            self._loop.remove_writer(self._connection.fileno())
            self._waiting_for_room = False
            self._flush()

    def _abandon(self) -> None:
        self._abandoned = True
        self._connection.close()


def _frames(answers: tuple[tuple[int, Evaluation], ...]) -> bytes:
    """Return the answers in one frame, or in one each where one of them, or all together, cannot be sent."""
    try:
        return encode(Evaluated(answers))
    except (FrameTooLarge, Unserialisable) as flaw:
        if len(answers) > 1:
            return b"".join(_frames((answer,)) for answer in answers)
        [(token, evaluation)] = answers
        message = f"What the evaluation returned, its logs included, cannot be sent to the server: {flaw}"
        error = ErrorInfo("ResultTooLarge" if isinstance(flaw, FrameTooLarge) else "UnserialisableResult", message)
        return encode(Evaluated(((token, Evaluation(error=error, duration_seconds=evaluation.duration_seconds)),)))
