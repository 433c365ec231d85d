"""The process in which the sources of a project wait, and nothing else: what user code does to it harms waits alone."""

import asyncio
import os
import socket
import traceback

import msgspec

from vedette.authoring.definitions import Definitions
from vedette.domain.logs import ErrorInfo
from vedette.errors import DefinitionError
from vedette.execution.errors import describe
from vedette.execution.redirection import redirect
from vedette.hosts.child.frames import Ping, Pong, ToWaiter, Wait, Woken
from vedette.hosts.child.framing import READ_BYTES, FrameReader, encode
from vedette.hosts.child.outbox import Outbox


def serve(connection: socket.socket, definitions: Definitions) -> None:
    """Wait for what `connection` asks, until it ends; then this process ends too."""
    redirect()
    try:
        asyncio.run(_serve(connection, definitions))
    except BaseException:
        traceback.print_exc()
    os._exit(0)


async def _serve(connection: socket.socket, definitions: Definitions) -> None:
    waiting = Waiting(connection, definitions)
    waiting.start()
    await waiting.left.wait()


class Waiting:
    """The waits that were asked for over one connection."""

    def __init__(self, connection: socket.socket, definitions: Definitions) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._definitions = definitions
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(msgspec.msgpack.Decoder(ToWaiter))
        self._outbox = Outbox(self._loop, connection)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.left = asyncio.Event()

    def start(self) -> None:
        """Read from the connection from now on."""
        self._loop.add_reader(self._connection.fileno(), self._read)

    def _read(self) -> None:
        try:
            data = self._connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            os._exit(0)
        for frame in self._reader.feed(data):
            self._take(frame)

    def _take(self, frame: ToWaiter) -> None:
        if isinstance(frame, Wait):
            self._tasks[frame.token] = self._loop.create_task(self._wait(frame))
        elif isinstance(frame, Ping):
            self._outbox.send_now(encode(Pong(frame.number)))
        elif (task := self._tasks.pop(frame.token, None)) is not None:
            task.cancel()

    async def _wait(self, asked: Wait) -> None:
        error: ErrorInfo | None = None
        try:
            waits = self._definitions.get_sensor_def(asked.sensor_name).waits
            if waits is None:
                raise DefinitionError(f'Sensor "{asked.sensor_name}" watches nothing that it could wait for.')
            await waits.wait(asked.cursor)
        except asyncio.CancelledError:
            if asked.token not in self._tasks:
                raise
            error = ErrorInfo("CancelledError", "The wait cancelled itself.")
        except BaseException as exception:
            error = describe(exception)
        if self._tasks.pop(asked.token, None) is not None:
            self._outbox.send_now(encode(Woken(asked.token, error)))
