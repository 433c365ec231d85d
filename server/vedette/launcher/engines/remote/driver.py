"""The launcher's handle of the process that speaks to an engine's scheduler.

It is a process of its own: clients of clusters end the process that they are in when they lose a cluster, and hold
hundreds of MiB. If it ends it is started again; runs that have an agent do not notice.
"""

import asyncio
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from types import TracebackType
from typing import Self

from vedette.hosts.project_output import ProjectOutput
from vedette.hosts.transport import FrameConnection
from vedette.hosts.zygote import SECRETS
from vedette.launcher.engines.remote.frames import Connected, Disconnected, FromDriver, Place, Unplaced, Withdraw

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
END_SECONDS = 3.0


class Driver:
    """Has the engine `name` place agents, while the `async with` block lasts.

    `on_change` is called when the engine is reached, or is not any more, as `is_connected` says; `on_unplaced` when
    no agent will be started for a key.
    """

    def __init__(
        self,
        name: str,
        module: str,
        address: str,
        on_change: Callable[[], None],
        on_unplaced: Callable[[Unplaced], None],
    ) -> None:
        """Enter it to start the process: `python -m module`."""
        self.is_connected = False
        self.trouble = f"{name.capitalize()} at {address} has not been reached yet."
        self._name = name
        self._module = module
        self._address = address
        self._on_change = on_change
        self._on_unplaced = on_unplaced
        self._connection: FrameConnection[FromDriver] | None = None
        self._open: set[str] = set()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._serve(), name=f"driver of {self._name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    def place(self, order: Place) -> bool:
        """Have an agent started; False if the engine is not reached now."""
        if self._connection is None or not self.is_connected:
            return False
        self._open.add(order.key)
        self._connection.send(order)
        self._connection.flush()
        return True

    def withdraw(self, key: str) -> None:
        """Need it no more."""
        self._open.discard(key)
        if self._connection is not None:
            self._connection.send(Withdraw(key))

    async def _serve(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._drive()
            except OSError as error:
                self._cannot(str(error))
            lasted = asyncio.get_running_loop().time() - began
            pause = FIRST_PAUSE_SECONDS if lasted > LONGEST_PAUSE_SECONDS else min(2 * pause, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _drive(self) -> None:
        """Start the process and hear it until it ends. Raises OSError."""
        lost = asyncio.Event()
        ours, theirs = socket.socketpair()
        output = await ProjectOutput.open(self._name)
        try:
            process = await self._start(ours, theirs, output)
            self._connection = await FrameConnection.open(ours, FromDriver, self._take, lost.set)
            try:
                await lost.wait()
            finally:
                self._connection.close()
                self._connection = None
                await _end(process)
        finally:
            await output.close()
            self._cannot(f"the process that speaks to it has ended (logs: vedette.project.{self._name})")

    async def _start(self, ours: socket.socket, theirs: socket.socket, output: ProjectOutput) -> Process:
        words = [str(theirs.fileno()), str(os.getpid()), self._address]
        environ = {name: value for name, value in os.environ.items() if name not in SECRETS}
        try:
            return await asyncio.create_subprocess_exec(
                *[sys.executable, "-P", "-m", self._module, *words],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.sink,
                stderr=output.sink,
                pass_fds=[theirs.fileno()],
                env=environ,
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            output.close_sink()

    def _take(self, frames: list[FromDriver]) -> None:
        for frame in frames:
            if isinstance(frame, Connected):
                logger.info("Runs execute by %s at %s.", self._name, self._address)
                self.is_connected = True
                self._on_change()
            elif isinstance(frame, Disconnected):
                self._cannot(frame.reason)
            else:
                self._open.discard(frame.key)
                self._on_unplaced(frame)

    def _cannot(self, reason: str) -> None:
        """Take in that the engine is not reached: what it has not begun it will not begin."""
        trouble = f"{self._name.capitalize()} at {self._address} is not reached: {reason}"
        if self.is_connected or trouble != self.trouble:
            logger.warning("%s", trouble)
        self.is_connected, self.trouble = False, trouble
        keys, self._open = self._open, set()
        for key in keys:
            self._on_unplaced(Unplaced(key, trouble))
        self._on_change()


async def _end(process: Process) -> None:
    """Wait for the end of a process that was hung up on, and see to it."""
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except asyncio.CancelledError:
        # Whoever gives this up is still the last to know of the process.
        process.kill()
        await process.wait()
        raise
