"""The server's side of a frame stream: many frames a read, many a write."""

import asyncio
import socket
from collections.abc import Callable
from typing import Generic, TypeVar, cast

import msgspec

from vedette.hosts.child.framing import FrameReader, FrameTooLarge, encode

# Frames that come within this time of a write leave together with the next.
GATHER_SECONDS = 0.003

T = TypeVar("T")


class FrameConnection(asyncio.BufferedProtocol, Generic[T]):
    """Frames of type T come in through `on_frames`, in batches; `on_lost` is called once when the stream has ended.

    What is no frame ends the stream: the other side is then not what it should be.
    """

    def __init__(self, frames: object, on_frames: Callable[[list[T]], None], on_lost: Callable[[], None]) -> None:
        """Make a connection that decodes messages of the union type `frames`; `open` connects it."""
        self._reader: FrameReader[T] = FrameReader(msgspec.msgpack.Decoder(frames))
        self._on_frames = on_frames
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        # Called with True when the other side reads too slowly, and with False once it has caught up.
        self.on_full: Callable[[bool], None] = lambda full: None
        self._flushed_at = 0.0
        self._buffer = bytearray(65536)

    @classmethod
    async def open(
        cls,
        connection: socket.socket,
        frames: object,
        on_frames: Callable[[list[T]], None],
        on_lost: Callable[[], None],
    ) -> "FrameConnection[T]":
        """Serve `connection`, which is closed with this."""
        made = cls(frames, on_frames, on_lost)
        connection.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: made, sock=connection)
        return made

    @classmethod
    async def connect(
        cls, host: str, port: int, frames: object, on_frames: Callable[[list[T]], None], on_lost: Callable[[], None]
    ) -> "FrameConnection[T]":
        """Connect over TCP. Raises OSError."""
        made = cls(frames, on_frames, on_lost)
        await asyncio.get_running_loop().create_connection(lambda: made, host, port)
        return made

    def send(self, frame: object) -> None:
        """Send `frame`, at once or within 3 ms with others; one for a stream that has ended is dropped.

        Raises FrameTooLarge, Unserialisable.
        """
        data = encode(frame)
        if not self._unsent:
            # The first after a pause leaves at once; in a stream of them, each write and each wake-up counts.
            self._loop.call_at(self._flushed_at + GATHER_SECONDS, self._flush)
        self._unsent.append(data)

    def flush(self) -> None:
        """Send now what waits for company: somebody waits for it."""
        if self._unsent:
            self._flush()

    def pause_reading(self) -> None:
        """Take no more frames for now; the other side then waits."""
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take frames again."""
        if self._transport is not None and not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def finish(self) -> None:
        """Say that no more comes, once all is sent; frames are taken until the other side hangs up, and `on_lost`."""
        self.flush()
        if self._transport is not None:
            self._transport.write_eof()

    def close(self) -> None:
        """Hang up; `on_lost` follows."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Give the buffer to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Cut what was read into frames."""
        try:
            frames = self._reader.feed(bytes(memoryview(self._buffer)[:nbytes]))
        except (FrameTooLarge, msgspec.MsgspecError):
            self.close()
            return
        if frames:
            self._on_frames(frames)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell that it is over."""
        self._transport = None
        self._on_lost()

    def pause_writing(self) -> None:
        """Tell that the other side does not keep up."""
        self.on_full(True)

    def resume_writing(self) -> None:
        """Tell that it has caught up."""
        self.on_full(False)

    def limit(self, most_bytes: int) -> None:
        """Take no frame that is longer: the other side is not known yet."""
        self._reader.most_bytes = most_bytes

    def _flush(self) -> None:
        self._flushed_at = self._loop.time()
        unsent, self._unsent = self._unsent, []
        if unsent and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(unsent))
