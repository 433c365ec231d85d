"""What every driver does, whatever its engine: obey the launcher, keep up the connection, tell of what fails."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Protocol

import msgspec

from vedette.hosts.child.process import die_with
from vedette.hosts.transport import FrameConnection
from vedette.launcher.engines.remote.addresses import can_connect, engine_endpoint
from vedette.launcher.engines.remote.frames import (
    Connected,
    Disconnected,
    Place,
    ToDriver,
    Unplaced,
)

PAUSE_SECONDS = 1.0
LONGEST_REASON = 2000


class WrongOptions(Exception):
    """The run asks its engine for something that there is not."""


class Cluster(Protocol):
    """A connection to an engine."""

    async def connect(self) -> None:
        """Reach the engine. Raises any error where it cannot be reached."""

    async def lost(self) -> None:
        """Return when it cannot be reached any more."""

    async def execute(self, place: Place, ticket: str) -> None:
        """Have `attend(ticket)` called on one of its machines; return when that has returned.

        Raises WrongOptions, and any error where it was not called or did not return.
        """

    def withdraw(self, key: str) -> None:
        """Have it not be called if it was not yet, and forget it."""


def main(make: Callable[[str], Cluster]) -> None:
    """Serve the launcher as the command line says: descriptor, process id of the launcher, address of the engine.

    Returns when the connection to the engine is lost or refused: the launcher starts the process again. So whatever
    an engine's library keeps of a cluster that is gone goes with it.
    """
    descriptor, parent, address = sys.argv[1:]
    die_with(int(parent))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(_serve(make, socket.socket(fileno=int(descriptor)), address))


async def _serve(make: Callable[[str], Cluster], connection: socket.socket, address: str) -> None:
    driving = Driving()
    driving.link = await FrameConnection.open(connection, ToDriver, driving.obey, _leave)
    await driving.until_reachable(*engine_endpoint(address))
    await driving.follow(make(address))
    _leave()


def _leave() -> None:
    """End at once: the launcher is gone, or wants no more; what an engine's library would tidy up ends with us."""
    os._exit(0)


class Driving:
    """The launcher's orders, and the cluster that they are for."""

    def __init__(self) -> None:
        self.link: FrameConnection[ToDriver]
        self._cluster: Cluster | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def obey(self, frames: list[ToDriver]) -> None:
        """Take orders; before there is a connection the launcher gives none that matter."""
        for frame in frames:
            if self._cluster is None:
                continue
            if isinstance(frame, Place):
                self._tasks[frame.key] = asyncio.create_task(self._place(self._cluster, frame), name=frame.key)
            else:
                self._cluster.withdraw(frame.key)

    async def until_reachable(self, host: str, port: int) -> None:
        """Return once something listens there; tell why not until then."""
        while (reason := await can_connect(host, port)) is not None:
            self._tell(Disconnected(reason))
            await asyncio.sleep(PAUSE_SECONDS)

    async def follow(self, cluster: Cluster) -> None:
        """Connect, and return once the connection is lost."""
        try:
            await cluster.connect()
        except Exception as error:  # whatever an engine's library raises: it is not reached
            self._tell(Disconnected(_told(error)))
            await asyncio.sleep(PAUSE_SECONDS)
            return
        self._cluster = cluster
        self._tell(Connected())
        await cluster.lost()
        self._tell(Disconnected("the connection was lost"))

    async def _place(self, cluster: Cluster, place: Place) -> None:
        try:
            await cluster.execute(place, msgspec.json.encode(place.ticket).decode())
        except WrongOptions as error:
            self._tell(Unplaced(place.key, str(error), final=True))
        except Exception as error:  # whatever went wrong in the cluster, or in the agent
            self._tell(Unplaced(place.key, _told(error)))
        else:
            self._tell(Unplaced(place.key, "Its agent ended without a word to the launcher; see the worker's log."))
        finally:
            self._tasks.pop(place.key, None)

    def _tell(self, frame: Connected | Disconnected | Unplaced) -> None:
        self.link.send(frame)
        self.link.flush()


def _told(error: Exception) -> str:
    """Return an error of an engine in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:LONGEST_REASON]
