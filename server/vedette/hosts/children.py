"""The server's view of a child process, and the contract of what makes them."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from vedette.errors import VedetteError
from vedette.hosts.child.frames import ChildKind
from vedette.hosts.transport import FrameConnection

T = TypeVar("T")
FORKED_FROM = "the process that it was forked from"


class NoChild(VedetteError):
    """No child process can be made: what makes them has ended, or the system refuses."""


@dataclass(frozen=True, slots=True)
class ChildExit:
    """How a child ended: by itself with `code`, by `signal`, or (neither) lost with what it depended on."""

    code: int | None = None
    signal: int | None = None
    lost_with: str = FORKED_FROM

    @property
    def lost(self) -> bool:
        """Tell whether it ended only because its zygote or its machine did: nothing that ran in it is to blame."""
        return self.code is None and self.signal is None


class Link(Protocol):
    """Our end of the frames between us and a child."""

    def send(self, frame: object) -> None:
        """Send `frame`, at once or soon with others; one for a child that is gone is dropped."""

    def flush(self) -> None:
        """Send now what waits for company."""

    def pause_reading(self) -> None:
        """Take no more frames for now; the child then waits."""

    def resume_reading(self) -> None:
        """Take frames again."""

    def close(self) -> None:
        """Hang up."""


class RunChild(Protocol):
    """A process that is to execute a run, here or elsewhere.

    `exited` has how it ended; `send_signal` reaches it and all that it started.
    """

    exited: "asyncio.Future[ChildExit]"

    @property
    def pid(self) -> int:
        """Return its process id where it runs."""

    @property
    def send_signal(self) -> Callable[[int], None]:
        """Return what sends a signal."""

    async def open(self, frames: object, on_frames: Callable[[list[T]], None], on_lost: Callable[[], None]) -> Link:
        """Take what it sends, of the union type `frames`; `on_lost` is called once when no more comes."""

    def discard(self) -> None:
        """End it and hang up."""


@dataclass(slots=True)
class Child:
    """A child process: our end of its socket, and how it ended, once it has.

    `send_signal` reaches the child and all that it started (its process group).
    """

    pid: int
    connection: socket.socket
    send_signal: Callable[[int], None]
    exited: "asyncio.Future[ChildExit]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def open(
        self, frames: object, on_frames: Callable[[list[T]], None], on_lost: Callable[[], None]
    ) -> FrameConnection[T]:
        """Serve its connection, which takes frames of the union type `frames`; it is closed with that."""
        return await FrameConnection.open(self.connection, frames, on_frames, on_lost)

    def discard(self) -> None:
        """End it and hang up."""
        self.send_signal(signal.SIGKILL)
        self.connection.close()


class Forker(Protocol):
    """Makes children that have the project imported."""

    async def fork(self, kind: ChildKind) -> Child:
        """Return a new child. Raises NoChild."""
