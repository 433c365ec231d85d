"""The server's handle of the process in which a project's sources wait: made when needed, again when it is lost."""

import asyncio
import itertools
import logging
import signal
import time

from vedette.domain.logs import ErrorInfo
from vedette.duties import endure
from vedette.errors import WaitFailed
from vedette.hosts.child.frames import Cancel, ChildKind, FromWaiter, Ping, Pong, ToWaiter, Wait
from vedette.hosts.children import Child, Forker, NoChild
from vedette.hosts.transport import FrameConnection

logger = logging.getLogger(__name__)

# How often to see whether its loop turns, and how long it may stand still: it keeps the other waits from hearing.
LOOK_SECONDS = 2.0
STALL_SECONDS = 10.0


class Waiter:
    """Waits for sensors, many at a time, in one process of the project."""

    def __init__(self, name: str, forker: Forker) -> None:
        """Make one for the code location `name`; the process is forked with the first wait."""
        self._name = name
        self._forker = forker
        self._tokens = itertools.count(1)
        self._waits: dict[int, asyncio.Future[ErrorInfo | None]] = {}
        self._child: Child | None = None
        self._connection: FrameConnection[FromWaiter] | None = None
        self._opening = asyncio.Lock()
        self._heard_at = 0.0
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    async def wait(self, sensor_name: str, cursor: str | None) -> None:
        """Return when what the sensor watches may have changed since `cursor`; raises WaitFailed."""
        await self._open()
        token = next(self._tokens)
        woken = self._waits[token] = asyncio.get_running_loop().create_future()
        self._send(Wait(token, sensor_name, cursor))
        try:
            error = await woken
        finally:
            if self._waits.pop(token, None) is not None:
                self._send(Cancel(token))
        if error is not None:
            raise WaitFailed(f"{error.type}: {error.message}")

    async def close(self) -> None:
        """End the process; whoever waits is told so."""
        self._closed = True
        async with self._opening:
            self._end("The process in which sources wait was closed.")

    async def _open(self) -> None:
        async with self._opening:
            if self._closed:
                raise WaitFailed("The process in which sources wait was closed.")
            if self._connection is not None:
                return
            try:
                child = await self._forker.fork(ChildKind.WAITER)
            except NoChild as error:
                raise WaitFailed(str(error)) from error
            try:
                self._connection = await FrameConnection.open(child.connection, FromWaiter, self._take, self._lost)
            except BaseException:
                child.discard()
                raise
            self._child = child
            self._heard_at = time.monotonic()
            self._watching = asyncio.create_task(
                endure("Watching sources", self._watch), name=f"waiter of {self._name}"
            )

    def _send(self, frame: ToWaiter) -> None:
        if self._connection is not None:
            self._connection.send(frame)

    def _take(self, frames: list[FromWaiter]) -> None:
        self._heard_at = time.monotonic()
        for frame in frames:
            if not isinstance(frame, Pong) and (woken := self._waits.pop(frame.token, None)) is not None:
                woken.set_result(frame.error)

    def _lost(self) -> None:
        self._end("The process in which sources wait has ended.")

    async def _watch(self) -> None:
        """Look whether its loop turns; end it where it does not."""
        while True:
            asked_at = time.monotonic()
            self._send(Ping(0))
            await asyncio.sleep(LOOK_SECONDS)
            late = time.monotonic() - asked_at - LOOK_SECONDS
            if late > LOOK_SECONDS:
                # It is this process that did not listen.
                self._heard_at = time.monotonic()
            elif time.monotonic() - self._heard_at > STALL_SECONDS:
                logger.warning(
                    "The sources of code location %s hold up the process in which they wait; it is started again:"
                    " wait() must not block.",
                    self._name,
                )
                self._end("The process in which sources wait stood still.")
                return

    def _end(self, why: str) -> None:
        child, self._child = self._child, None
        connection, self._connection = self._connection, None
        watching, self._watching = self._watching, None
        if watching is not None and watching is not asyncio.current_task():
            watching.cancel()
        if child is not None and not child.exited.done():
            child.send_signal(signal.SIGKILL)
        if connection is not None:
            connection.close()
        waits, self._waits = self._waits, {}
        for woken in waits.values():
            if not woken.done():
                woken.set_result(ErrorInfo("WaitEnded", why))
