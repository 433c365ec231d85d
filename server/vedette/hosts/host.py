"""The server's handle of one evaluation host: what is in flight, whether it is alive, how it ended."""

import asyncio
import itertools
import os
import signal
import socket
import time
from collections.abc import Callable, Container, Sequence

from vedette.domain.ticks import Evaluation
from vedette.errors import InstanceUnavailable
from vedette.faults import Point, reached
from vedette.hosts.answers import MOST_OPEN, Answers, refusal
from vedette.hosts.assignment import Assignment
from vedette.hosts.attribution import Ending, out_of_memory, ran_out_of_memory
from vedette.hosts.child.deadlines import LEAVE_SECONDS
from vedette.hosts.child.frames import (
    Answered,
    Asked,
    Cancel,
    Evaluate,
    Evaluated,
    FromHost,
    Holding,
    Leave,
    Ping,
    Pong,
    Reacted,
    ToHost,
)
from vedette.hosts.child.marks import Marks
from vedette.hosts.children import Child, ChildExit
from vedette.hosts.host_limits import HostLimits
from vedette.hosts.transport import FrameConnection

LAST_FRAMES_SECONDS = 0.5
EXIT_SECONDS = 1.0


class Host:
    """A host process that evaluates for us. `on_room` is called when it can take more than before."""

    def __init__(
        self,
        child: Child,
        limits: HostLimits,
        alone: bool,
        on_room: Callable[[], None],
        marks: Marks,
        answers: Answers,
    ) -> None:
        """Use `open`. `alone`: it holds one evaluation only, and may take as long as that one may."""
        self.alone = alone
        self.in_flight: dict[int, Assignment] = {}
        self.overdue: set[Assignment] = set()
        self.ending: Ending | None = None
        self.lagging = False
        self.hung_up = False
        self.idle_since = time.monotonic()
        self._holds_resources = False
        self._child = child
        self._limits = limits
        self._on_room = on_room
        self._marks = marks
        self._answers = answers
        self._questions = 0
        self._rounds = itertools.count(1)
        self._places = list(range(marks.places))
        self._pinged_at: float | None = None
        self._alive_at = time.monotonic()
        self._lost: asyncio.Future[ChildExit] = asyncio.get_running_loop().create_future()
        self._connection: FrameConnection[FromHost] | None = None

    @classmethod
    async def open(
        cls, child: Child, limits: HostLimits, alone: bool, on_room: Callable[[], None], answers: Answers
    ) -> "Host":
        """Connect to a new child."""
        descriptor = Marks.make(limits.evaluations)
        try:
            host = cls(child, limits, alone, on_room, Marks(descriptor), answers)
            socket.send_fds(child.connection, [b"m"], [descriptor])
        finally:
            os.close(descriptor)
        host._connection = await FrameConnection.open(child.connection, FromHost, host._take, host._hang_up)
        return host

    @property
    def room(self) -> int:
        """Return how many more evaluations may be sent here and will be begun in time."""
        if self.ending is not None or self.lagging or self._lost.done():
            return 0
        return len(self._places)

    def assign(self, assignments: Sequence[Assignment]) -> None:
        """Send evaluations, no more than there is room for."""
        now = time.monotonic()
        if not self.in_flight:
            self._alive_at, self._pinged_at = now, None
        round_ = next(self._rounds) * self._marks.places
        evaluations = []
        for assignment in assignments:
            # No two in flight share a place for their marks, and no token comes twice.
            token = round_ + self._places.pop()
            self.in_flight[token] = assignment
            assignment.sent(now)
            evaluations.append((token, assignment.instruction))
        self._send(Evaluate(tuple(evaluations)))
        for _ in assignments:
            reached(Point.EVALUATION_SENT)

    def give_up(self, assignments: Container[Assignment]) -> None:
        """Ask for an end of these, as far as they are here; their places are taken until they have ended."""
        for token, one in self.in_flight.items():
            if one in assignments:
                self._send(Cancel(token))

    def look(self, now: float) -> None:
        """See whether a deadline has passed or the loop has stopped; end the host where that is so."""
        if self.ending is not None or not self.in_flight:
            return
        self._see_what_has_begun()
        self.overdue = {one for one in self.in_flight.values() if one.deadline < now}
        if self.overdue:
            self.end(Ending.OVERRAN)
        elif self._pinged_at is None:
            if now - self._alive_at > self._limits.stall_seconds / 8:
                self._pinged_at = now
                self._send(Ping(0))
        else:
            self._judge_silence(now - self._pinged_at)

    def forgive(self) -> None:
        """Forget how long it has been silent: we did not listen."""
        self._pinged_at = None
        self._alive_at = time.monotonic()

    def end(self, ending: Ending) -> None:
        """Kill it and all that it started; one that is closed while it holds resources may tear these down before."""
        if self.ending is None:
            self.ending = ending
            if ending is Ending.CLOSED and self._holds_resources:
                self._send(Leave())
                asyncio.get_running_loop().call_later(LEAVE_SECONDS, self._kill)
            else:
                self._kill()

    def _kill(self) -> None:
        if not self._child.exited.done():
            self._child.send_signal(signal.SIGKILL)

    async def ended(self) -> ChildExit:
        """Wait until it has ended and its last frames were read; return how."""
        await asyncio.wait([self._lost, self._child.exited], return_when=asyncio.FIRST_COMPLETED)
        if not self._child.exited.done():
            await asyncio.wait([self._child.exited], timeout=EXIT_SECONDS)
            if not self._child.exited.done():
                # It lives, but its user code has closed our socket.
                self.hung_up = self.ending is None
                self.end(Ending.DIED)
        exit_ = await self._child.exited
        # A process that user code forked off may hold the socket open: what was sent is here by then.
        await asyncio.wait([self._lost], timeout=LAST_FRAMES_SECONDS)
        if self._connection is not None:
            self._connection.close()
        self._see_what_has_begun()
        self._marks.close()
        return exit_

    def _see_what_has_begun(self) -> None:
        for token, one in self.in_flight.items():
            began = self._marks.begun_at(token)
            if began is None or began < one.sent_at:
                one.begun_at = None
            elif began != one.begun_at:
                one.begun(began)

    def _judge_silence(self, silent: float) -> None:
        self.lagging = silent > self._limits.stall_seconds / 4
        if silent > self._limits.stall_seconds:
            for one in self.in_flight.values():
                one.harmful = one.harmful or self.alone
            if not self.alone:
                self.end(Ending.STALLED)

    def _hang_up(self) -> None:
        self._lost.set_result(ChildExit())

    def _send(self, frame: ToHost) -> None:
        if self._connection is not None:
            self._connection.send(frame)

    def _take(self, frames: list[FromHost]) -> None:
        room = False
        for frame in frames:
            if isinstance(frame, Evaluated):
                for token, evaluation in frame.answers:
                    room = self._answer(token, evaluation) or room
            elif isinstance(frame, Holding):
                self._holds_resources = True
            elif isinstance(frame, Pong):
                self._pinged_at, self._alive_at = None, time.monotonic()
                room = room or self.lagging
                self.lagging = False
            elif isinstance(frame, Asked):
                self._question(frame)
            elif (assignment := self.in_flight.get(frame.token)) is not None:
                if isinstance(frame, Reacted):
                    assignment.reacted(frame.reaction, frame.evaluation)
                else:
                    assignment.log(frame.record)
        if room:
            self._on_room()

    def _question(self, asked: Asked) -> None:
        if asked.token not in self.in_flight:
            self._send(refusal(asked, InstanceUnavailable("The evaluation has ended.")))
        elif self._questions >= MOST_OPEN:
            self._send(refusal(asked, InstanceUnavailable("Too many questions wait for an answer already.")))
        else:
            self._questions += 1
            self._answers.begin(asked, self._replied)

    def _replied(self, answer: Answered) -> None:
        self._questions -= 1
        self._send(answer)
        if self._connection is not None:
            self._connection.flush()

    def _answer(self, token: int, evaluation: Evaluation) -> bool:
        assignment = self.in_flight.get(token)
        if assignment is None:
            return False
        if evaluation.error is not None and ran_out_of_memory(evaluation.error):
            if not self.alone:
                # Whoever gets the MemoryError need not be who took the memory.
                self.end(Ending.OUT_OF_MEMORY)
                return False
            assignment.harmful = True
            assignment.blame(out_of_memory(self._limits.memory_mb, evaluation.error))
        del self.in_flight[token]
        self._places.append(token % self._marks.places)
        if not self.in_flight:
            self.idle_since = time.monotonic()
        assignment.settle(evaluation)
        return True
