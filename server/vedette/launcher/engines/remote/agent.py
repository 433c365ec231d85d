"""The agent of one run on an engine's machine: makes the run's process, and stands between it and the launcher.

It runs no user code. It ends the run, and all that the run started, when the launcher says so, when the launcher is
gone or silent for too long, and when the worker that started it ends: so a run has one process at most.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from uuid import UUID

import msgspec

from vedette.errors import VedetteError
from vedette.hosts.child.frames import ChildKind, Exited, Finished, FromRun, LoadFailed, Signal
from vedette.hosts.child.options import ChildOptions
from vedette.hosts.child.process import die_with
from vedette.hosts.children import Child, ChildExit, NoChild
from vedette.hosts.leftovers import kill_leftovers
from vedette.hosts.transport import FrameConnection
from vedette.hosts.zygote import Zygote
from vedette.launcher.engines.remote.frames import (
    BEATS_PER_SILENCE,
    CONNECT_SECONDS,
    Beat,
    Hello,
    Placed,
    Refused,
    Ticket,
    ToAgent,
    Welcome,
)

logger = logging.getLogger(__name__)

# The run's last frames may still be under way when its process has ended.
LAST_FRAMES_SECONDS = 0.5
CANNOT_CONNECT = 3


def main() -> None:
    """Serve the run of the ticket on standard input, as a child of the process that the first argument names."""
    die_with(int(sys.argv[1]), signal.SIGTERM)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    ticket = msgspec.json.decode(sys.stdin.buffer.read(), type=Ticket)
    try:
        asyncio.run(serve(ticket))
    except (OSError, TimeoutError) as error:
        sys.stdout.write(
            f"{socket.gethostname()} cannot reach the launcher at {ticket.host}:{ticket.port}"
            f" ({str(error) or 'it does not answer'}); its VEDETTE_ENGINE_LISTEN says where workers reach it."
        )
        sys.exit(CANNOT_CONNECT)


async def serve(ticket: Ticket) -> None:
    """Serve the run until it has ended, here for certain. Raises OSError, TimeoutError if there is no launcher."""
    agent = Agent()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, agent.end)
    async with asyncio.timeout(CONNECT_SECONDS):
        await agent.connect(ticket)
    await agent.serve()


class Agent:
    """Between a launcher and the process of one run."""

    def __init__(self) -> None:
        """Connect it, then have it serve."""
        self._ended = asyncio.Event()
        self._hung_up = asyncio.Event()
        self._welcome: asyncio.Future[Welcome] = asyncio.get_running_loop().create_future()
        self._silence_seconds = CONNECT_SECONDS
        self._heard_at = time.monotonic()
        self._full = False
        self._link: FrameConnection[ToAgent]
        self._zygote: Zygote | None = None
        self._child: Child | None = None
        self._run: FrameConnection[FromRun] | None = None
        self._run_lost = asyncio.Event()
        self._frames_read = 0
        self._finished = False

    async def connect(self, ticket: Ticket) -> None:
        """Dial the launcher. Raises OSError."""
        self._link = await FrameConnection.connect(ticket.host, ticket.port, ToAgent, self._obey, self._lose)
        self._link.on_full = self._hold_back
        self._link.send(Hello(ticket.token, version("vedette"), f"{socket.gethostname()} (process {os.getpid()})"))

    def end(self) -> None:
        """End the run: its launcher is gone or wants it, or what started us is gone."""
        self._ended.set()

    def _lose(self) -> None:
        self._hung_up.set()
        self.end()

    async def serve(self) -> None:
        """Make the run's process and follow it to its end, or to ours."""
        watching = asyncio.create_task(self._watch_launcher(), name="watch of the launcher")
        working = asyncio.create_task(self._work(), name="run")
        ended = asyncio.create_task(self._ended.wait(), name="end")
        await asyncio.wait([working, ended], return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        working.cancel()
        [outcome, *_] = await asyncio.gather(working, ended, return_exceptions=True)
        await self._clean_up()
        if isinstance(outcome, Exception):
            raise outcome
        await self._take_leave(outcome if isinstance(outcome, ChildExit) else ChildExit())
        watching.cancel()

    async def _work(self) -> ChildExit:
        """Return how the run's process ended; what keeps it from being made is told."""
        welcome = await self._welcome
        try:
            self._child = await self._forked(welcome)
        except VedetteError as error:
            self._link.send(Refused(str(error)))
            return ChildExit()
        self._run = await FrameConnection.open(self._child.connection, FromRun, self._hand_on, self._run_lost.set)
        self._link.send(Placed(self._child.pid))
        self._link.flush()
        exit_ = await self._child.exited
        await self._read_on()
        return exit_

    async def _forked(self, welcome: Welcome) -> Child:
        """Import the project and fork a process for the run. Raises NoChild."""
        # What an earlier claim of the run left here ends before.
        await asyncio.to_thread(kill_leftovers, [UUID(welcome.run_id)])
        options = ChildOptions(-1, -1, welcome.target, welcome.memory_mb, 1, bytecode=True, storage=welcome.storage)
        self._zygote = await Zygote.start(welcome.code_location, options)
        answer = await self._zygote.loaded(welcome.load_seconds)
        if isinstance(answer, LoadFailed):
            told = f"{answer.error.type}: {answer.error.message}"
            raise NoChild(f"Its project {welcome.target} does not load on {socket.gethostname()}: {told}")
        if answer.catalog.code != welcome.code:
            raise NoChild(
                f"Worker and launcher have different code: {welcome.target} is version {answer.catalog.code or '?'} on"
                f" {socket.gethostname()} and {welcome.code} at the launcher. Deploy one version to both, and restart"
                " the launcher if it has the old one."
            )
        return await self._zygote.fork(ChildKind.RUN)

    def _obey(self, frames: list[ToAgent]) -> None:
        self._heard_at = time.monotonic()
        for frame in frames:
            if isinstance(frame, Welcome):
                self._silence_seconds = frame.silence_seconds
                if not self._welcome.done():
                    self._welcome.set_result(frame)
            elif isinstance(frame, Signal):
                self._signal(frame.number)
            elif not isinstance(frame, Beat) and self._run is not None:
                self._run.send(frame)
                self._run.flush()

    def _signal(self, number: int) -> None:
        if self._child is None:
            self.end()
        elif not self._child.exited.done():
            self._child.send_signal(number)

    def _hand_on(self, frames: list[FromRun]) -> None:
        self._frames_read += len(frames)
        for frame in frames:
            self._finished = self._finished or isinstance(frame, Finished)
            self._link.send(frame)

    def _hold_back(self, full: bool) -> None:
        """Read no more of the run while its launcher, or the network, does not keep up: the run waits then."""
        self._full = full
        if self._run is not None and full:
            self._run.pause_reading()
        elif self._run is not None:
            self._run.resume_reading()

    async def _watch_launcher(self) -> None:
        """Show that we live, and end the run when the launcher has been silent for too long."""
        while True:
            await asyncio.sleep(self._silence_seconds / BEATS_PER_SILENCE)
            if time.monotonic() - self._heard_at > self._silence_seconds:
                logger.warning("The launcher has been silent for %.1f s; the run ends.", self._silence_seconds)
                self._link.close()
            if not self._full:
                self._link.send(Beat())

    async def _read_on(self) -> None:
        """Wait for the end of what the run sends, or, where something else holds it open, until nothing comes."""
        while not self._run_lost.is_set():
            read = self._frames_read
            with suppress(TimeoutError):
                await asyncio.wait_for(self._run_lost.wait(), LAST_FRAMES_SECONDS)
            if read == self._frames_read and not self._full:
                return

    async def _clean_up(self) -> None:
        """End all that there is of the run."""
        if self._child is not None and not self._child.exited.done():
            self._child.send_signal(signal.SIGKILL)
        if self._zygote is not None:
            await self._zygote.close()
        # What a run that finished by itself has left in a session of its own is meant to live on.
        if self._welcome.done() and not self._finished:
            await asyncio.to_thread(kill_leftovers, [UUID(self._welcome.result().run_id)])

    async def _take_leave(self, exit_: ChildExit) -> None:
        """Tell how the run's process ended, which says that it and all that it started has.

        All that was said before is taken first, however long a launcher that lives may need for it.
        """
        self._link.send(Exited(0, exit_.code, exit_.signal))
        self._link.finish()
        await self._hung_up.wait()


if __name__ == "__main__":
    main()
