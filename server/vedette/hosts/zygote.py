"""The server's handle of a zygote: start it, learn what the project defines, have children forked."""

import asyncio
import itertools
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import replace

from vedette.domain.assets import STORAGE_VARIABLE
from vedette.domain.logs import ErrorInfo
from vedette.hosts.attribution import describe_exit
from vedette.hosts.child.frames import ChildKind, Exited, Fork, Forked, FromZygote, Loaded, LoadFailed, Signal
from vedette.hosts.child.framing import encode
from vedette.hosts.child.options import ChildOptions
from vedette.hosts.child.process import signal_group
from vedette.hosts.children import Child, ChildExit, NoChild
from vedette.hosts.project_output import ProjectOutput
from vedette.hosts.transport import FrameConnection

FORK_SECONDS = 10.0
END_SECONDS = 2.0
# What user code does not get to see.
SECRETS = frozenset({"VEDETTE_DATABASE_URL", "VEDETTE_OIDC_CLIENT_SECRET"})


class Zygote:
    """One zygote process. `ended` is done when it is gone, and all that it forked with it."""

    def __init__(self, name: str, process: Process, control: socket.socket, output: ProjectOutput) -> None:
        """Use `start`."""
        self.name = name
        self.ended = asyncio.Event()
        self._process = process
        self._control = control
        self._numbers = itertools.count(1)
        self._answer: asyncio.Future[Loaded | LoadFailed | None] = asyncio.get_running_loop().create_future()
        self._expected: dict[int, tuple[socket.socket, asyncio.Future[Child]]] = {}
        self._children: dict[int, Child] = {}
        self._connection: FrameConnection[FromZygote] | None = None
        self._sending = asyncio.Lock()
        self._output = output

    @classmethod
    async def start(cls, name: str, options: ChildOptions) -> "Zygote":
        """Start a zygote that imports the project. Raises NoChild."""
        output = await ProjectOutput.open(name)
        ours, theirs = socket.socketpair()
        try:
            process = await _start_process(options, theirs, output)
        except BaseException:
            ours.close()
            await output.close()
            raise
        zygote = cls(name, process, ours.dup(), output)
        try:
            zygote._connection = await FrameConnection.open(ours, FromZygote, zygote._take, zygote._lost)
        except BaseException:
            # Given up between the start of the process and its first frame: nobody else knows of it.
            ours.close()
            await zygote.close()
            raise
        return zygote

    async def loaded(self, timeout_seconds: float) -> Loaded | LoadFailed:
        """Return what the import came to; one that hangs is killed, one that dies is a failure like any other."""
        try:
            async with asyncio.timeout(timeout_seconds):
                answer = await self._answer
        except TimeoutError:
            self._kill()
            limit = f"{timeout_seconds:g} s (VEDETTE_LOAD_TIMEOUT_SECONDS)"
            return LoadFailed(ErrorInfo("LoadTimeout", f"The import took longer than {limit}; it was stopped."))
        if answer is not None:
            return answer
        code = await self._process.wait()
        ended = ChildExit(signal=-code) if code < 0 else ChildExit(code=code)
        return LoadFailed(describe_exit(ended, "the import of the project"))

    async def fork(self, kind: ChildKind) -> Child:
        """Return a new child. Raises NoChild."""
        token = next(self._numbers)
        ours, theirs = socket.socketpair()
        answer: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
        self._expected[token] = (ours, answer)
        try:
            with theirs:
                await self._send_socket(encode(Fork(token, kind)), theirs)
            async with asyncio.timeout(FORK_SECONDS):
                return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                answer.result().discard()
            raise
        except (OSError, TimeoutError) as error:
            raise NoChild(f"The zygote of {self.name} forks no more: {error!r}.") from error
        finally:
            if self._expected.pop(token, None) is not None:
                ours.close()

    async def close(self) -> None:
        """End the zygote, all its children and what they started."""
        # It ends its children before itself when the stream ends; while user code is being imported there are none.
        if not self._answer.done():
            self._kill()
        if self._connection is not None:
            self._connection.close()
        self._control.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._kill()
            await self._process.wait()
        except asyncio.CancelledError:
            # Whoever gives this up is still the last to know of the process.
            self._kill()
            await self._process.wait()
            raise
        finally:
            await self._output.close()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _send_socket(self, frame: bytes, theirs: socket.socket) -> None:
        async with self._sending:
            while True:
                try:
                    socket.send_fds(self._control, [frame], [theirs.fileno()])
                except BlockingIOError:
                    await asyncio.sleep(0.005)
                else:
                    return

    def _signal(self, token: int, number: int) -> None:
        child = self._children.get(token)
        if child is None or self.ended.is_set():
            return
        try:
            # The zygote knows which process the number belongs to, until it has told us otherwise.
            self._control.send(encode(Signal(token, number)))
        except OSError:
            signal_group(child.pid, number)

    def _take(self, frames: list[FromZygote]) -> None:
        for frame in frames:
            if isinstance(frame, Forked):
                self._adopt(frame)
            elif isinstance(frame, Exited):
                self._bury(frame)
            elif not self._answer.done():
                self._answer.set_result(frame)

    def _adopt(self, frame: Forked) -> None:
        expected = self._expected.get(frame.token)
        if expected is None or expected[1].done():
            # Whoever asked for it has given up.
            signal_group(frame.pid, signal.SIGKILL)
            return
        del self._expected[frame.token]
        child = Child(frame.pid, expected[0], lambda number: self._signal(frame.token, number))
        self._children[frame.token] = child
        expected[1].set_result(child)

    def _bury(self, frame: Exited) -> None:
        if (child := self._children.pop(frame.token, None)) is not None:
            child.exited.set_result(ChildExit(frame.code, frame.signal))
        elif (expected := self._expected.get(frame.token)) is not None and not expected[1].done():
            expected[1].set_exception(NoChild(f"The system forks no process for {self.name}; is memory short?"))

    def _lost(self) -> None:
        """The zygote is gone, or hung up on us: so are its children."""
        self.ended.set()
        if not self._answer.done():
            self._answer.set_result(None)
        for child in self._children.values():
            # They die with it; what they started is still there if it was killed before it could see to that.
            signal_group(child.pid, signal.SIGKILL)
            child.exited.set_result(ChildExit())
        self._children.clear()
        for _, answer in self._expected.values():
            if not answer.done():
                answer.set_exception(NoChild(f"The zygote of {self.name} has ended."))


async def _start_process(options: ChildOptions, theirs: socket.socket, output: ProjectOutput) -> Process:
    """Start the interpreter, in a session of its own, with its end of the socket pair. Raises NoChild."""
    options = replace(options, fd=theirs.fileno(), parent=os.getpid())
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            # The working directory is not on the path unless the project is a module: a `queue.py` there is not ours.
            "-P",
            "-m",
            "vedette.hosts.child.zygote",
            *options.arguments(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output.sink,
            stderr=output.sink,
            pass_fds=[theirs.fileno()],
            env=_environment(options),
            start_new_session=True,
        )
    except OSError as error:
        raise NoChild(f"The system starts no process: {error}.") from error
    finally:
        theirs.close()
        output.close_sink()


def _environment(options: ChildOptions) -> dict[str, str]:
    """Return the environment of user code: ours, without what lets one into the database or pass for the server."""
    ours = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return {**ours, "VEDETTE_CHILD": "1", STORAGE_VARIABLE: options.storage}
