"""The sending side of an evaluation host: any thread may send, nothing blocks the loop, frames leave in order."""

import asyncio
import os
import socket
import threading

# Live log lines beyond this many unsent bytes are dropped: the evaluation's answer holds them all.
CONGESTED_BYTES = 4 * 1024 * 1024


class Outbox:
    """Unsent frames of a non-blocking `connection`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        self._loop = loop
        self._connection = connection
        self._lock = threading.Lock()
        self._unsent = bytearray()
        self._flush_planned = False
        self._waiting_for_room = False
        self._abandoned = False
        # A process that user code forks off has our socket, but must not speak for us or keep it open.
        os.register_at_fork(after_in_child=self._abandon)

    @property
    def congested(self) -> bool:
        """Tell whether the server reads more slowly than this host writes."""
        return len(self._unsent) > CONGESTED_BYTES

    def send_now(self, frame: bytes) -> None:
        """Send what is unsent and `frame` at once, as far as the socket takes it; from any thread."""
        if self._abandoned:
            return
        with self._lock:
            self._unsent += frame
            self._flush()

    def send_soon(self, frame: bytes) -> None:
        """Send `frame` with others at the end of this turn of the loop; from the loop's thread only."""
        if self._abandoned:
            return
        with self._lock:
            self._unsent += frame
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._planned_flush)

    def _planned_flush(self) -> None:
        self._flush_planned = False
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        if self._waiting_for_room or not self._unsent:
            return
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The server is gone, or user code closed the socket: nobody is left to answer.
            os._exit(0)
        del self._unsent[:sent]
        if self._unsent:
            self._waiting_for_room = True
            self._loop.call_soon_threadsafe(self._loop.add_writer, self._connection.fileno(), self._room)

    def _room(self) -> None:
        with self._lock:
            self._loop.remove_writer(self._connection.fileno())
            self._waiting_for_room = False
            self._flush()

    def _abandon(self) -> None:
        self._abandoned = True
        self._connection.close()
