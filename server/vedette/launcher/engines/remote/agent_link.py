"""The run's process as the launcher sees it through its agent: a child like one of this machine."""

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Any, TypeVar

from vedette.hosts.child.frames import Exited, Signal
from vedette.hosts.children import ChildExit, Link
from vedette.launcher.engines.contract import CannotPrepare
from vedette.launcher.engines.remote.frames import Beat, FromAgent, Hello, Placed, Refused, Welcome

T = TypeVar("T")
# Beyond its silence, the time that an agent has to end a run.
KILLING_SECONDS = 1.0
NOWHERE = "its worker"


class AgentLink:
    """A run that waits for an agent, and then the process that the agent made for it.

    `placed` is done once there is that process, or has CannotPrepare. Where the agent is lost, `exited` is done only
    when it must have ended the run: it does so when it hears nothing for `silence_seconds`.
    """

    def __init__(self, welcome: Welcome) -> None:
        """Wait for an agent that is to get `welcome`."""
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[ChildExit] = loop.create_future()
        self.placed: asyncio.Future[None] = loop.create_future()
        self.admitted: asyncio.Future[None] = loop.create_future()
        self.pid = 0
        self.place = NOWHERE
        self._loop = loop
        self._welcome = welcome
        self._connection: Link | None = None
        self._spoke_at = self._heard_at = 0.0
        self._paused = False
        self._lost = False
        self._on_frames: Callable[[list[Any]], None] = lambda frames: None
        self._on_lost: Callable[[], None] = lambda: None

    def admit(self, hello: Hello, connection: Link) -> None:
        """Let the agent have the run."""
        self.place, self._connection = f"its worker, {hello.place}", connection
        self._spoke_at = self._heard_at = time.monotonic()
        self.admitted.set_result(None)
        connection.send(self._welcome)
        connection.flush()

    def refuse(self, reason: Exception) -> None:
        """Tell that no agent will come, or that it cannot serve: the run is not to wait any more."""
        if not self.placed.done():
            self.placed.set_exception(reason)
            # It may be that nobody waits for it any more.
            self.placed.exception()

    def take(self, frames: list[FromAgent]) -> None:
        """Take what the agent sends."""
        self._heard_at = time.monotonic()
        of_run: list[Any] = []
        for frame in frames:
            if isinstance(frame, Placed):
                self.pid = frame.pid
                if not self.placed.done():
                    self.placed.set_result(None)
            elif isinstance(frame, Refused):
                self.refuse(CannotPrepare(frame.reason))
            elif isinstance(frame, Exited):
                if of_run:
                    self._on_frames(of_run)
                    of_run = []
                self._exit(ChildExit(frame.code, frame.signal, self.place))
            elif not isinstance(frame, Beat | Hello):
                of_run.append(frame)
        if of_run:
            self._on_frames(of_run)

    def lose(self) -> None:
        """Take in that the connection has ended."""
        self._lost = True
        self.refuse(CannotPrepare(f"The run lost {self.place}, before user code had begun."))
        self._on_lost()
        if not self.exited.done():
            must_have_ended = self._spoke_at + self._welcome.silence_seconds + KILLING_SECONDS - time.monotonic()
            self._loop.call_later(max(0.0, must_have_ended), self._exit, ChildExit(lost_with=self.place))

    def beat(self) -> None:
        """Show that we live; hang up on an agent that does not."""
        if self._connection is None or self._lost:
            return
        now = time.monotonic()
        if not self._paused and now - self._heard_at > self._welcome.silence_seconds:
            self._connection.close()
            return
        self._connection.send(Beat())
        self._spoke_at = now

    async def open(self, frames: object, on_frames: Callable[[list[T]], None], on_lost: Callable[[], None]) -> Link:
        """Take what the run's process sends from now on."""
        self._on_frames, self._on_lost = on_frames, on_lost
        if self._lost:
            on_lost()
        return self

    def send(self, frame: object) -> None:
        """Send a frame to the run's process."""
        if self._connection is not None:
            self._connection.send(frame)

    def send_signal(self, number: int) -> None:
        """Have the agent send a signal to the run's process and all that it started."""
        self.send(Signal(0, number))
        self.flush()

    def flush(self) -> None:
        """Send now what waits for company."""
        if self._connection is not None:
            self._connection.flush()

    def pause_reading(self) -> None:
        """Take no more frames for now: nor hear whether the agent lives."""
        self._paused = True
        if self._connection is not None:
            self._connection.pause_reading()

    def resume_reading(self) -> None:
        """Take frames again."""
        if self._paused:
            self._paused, self._heard_at = False, time.monotonic()
        if self._connection is not None:
            self._connection.resume_reading()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def discard(self) -> None:
        """End it and hang up."""
        self.send_signal(signal.SIGKILL)
        self.close()

    def _exit(self, exit_: ChildExit) -> None:
        if not self.exited.done():
            self.exited.set_result(exit_)
