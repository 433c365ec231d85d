"""The server's view of a child process, and the contract of what makes them."""

import asyncio
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vedette.errors import VedetteError
from vedette.hosts.child.frames import ChildKind


class NoChild(VedetteError):
    """No child process can be made: what makes them has ended, or the system refuses."""


@dataclass(frozen=True, slots=True)
class ChildExit:
    """How a child ended: by itself with `code`, by `signal`, or (neither) lost with the process that forked it."""

    code: int | None = None
    signal: int | None = None

    @property
    def lost(self) -> bool:
        """Tell whether it ended only because its zygote did: nothing that ran in it is to blame."""
        return self.code is None and self.signal is None


@dataclass(slots=True)
class Child:
    """A child process: our end of its socket, and how it ended, once it has.

    `send_signal` reaches the child and all that it started (its process group).
    """

    pid: int
    connection: socket.socket
    send_signal: Callable[[int], None]
    exited: "asyncio.Future[ChildExit]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def discard(self) -> None:
        """End it and hang up."""
        self.send_signal(signal.SIGKILL)
        self.connection.close()


class Forker(Protocol):
    """Makes children that have the project imported."""

    async def fork(self, kind: ChildKind) -> Child:
        """Return a new child. Raises NoChild."""
