"""Frames on a byte stream: each is its length (4 bytes, big endian) and then so many bytes of msgpack."""

import socket
import struct
from typing import Generic, TypeVar

import msgspec

from vedette.errors import VedetteError

LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 64 * 1024 * 1024
READ_BYTES = 256 * 1024

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()


class FrameTooLarge(VedetteError):
    """A frame is larger than the transport allows."""


class Unserialisable(VedetteError):
    """A frame holds a value that msgpack cannot express."""


def encode(frame: object) -> bytes:
    """Return `frame` with its length in front.

    Raises FrameTooLarge above 64 MiB, Unserialisable for values such as sets of objects or integers over 64 bits.
    """
    buffer = bytearray(LENGTH.size)
    try:
        _encoder.encode_into(frame, buffer, LENGTH.size)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unserialisable(f"{error}") from error
    size = len(buffer) - LENGTH.size
    if size > MAX_FRAME_BYTES:
        limit = MAX_FRAME_BYTES // 2**20
        raise FrameTooLarge(f"{size / 2**20:.1f} MiB is more than the {limit} MiB that one message may take.")
    LENGTH.pack_into(buffer, 0, size)
    return bytes(buffer)


class FrameReader(Generic[T]):
    """Cuts a byte stream into frames of the type that `decoder` knows."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[T]) -> None:
        self._decoder = decoder
        self._rest = b""
        self.most_bytes = MAX_FRAME_BYTES

    def feed(self, data: bytes) -> list[T]:
        """Take the next bytes of the stream and return the frames that they complete.

        Raises FrameTooLarge for an impossible length, msgspec.DecodeError for bytes that are no such frame.
        """
        if self._rest:
            data = self._rest + data
        view, position, frames = memoryview(data), 0, []
        while len(data) - position >= LENGTH.size:
            (size,) = LENGTH.unpack_from(data, position)
            if size > self.most_bytes:
                raise FrameTooLarge(f"A message of {size} bytes was announced; something else wrote into the socket.")
            end = position + LENGTH.size + size
            if end > len(data):
                break
            frames.append(self._decoder.decode(view[position + LENGTH.size : end]))
            position = end
        self._rest = data[position:]
        return frames


def receive(connection: socket.socket, reader: FrameReader[T]) -> list[T] | None:
    """Block for the next bytes; return the frames they complete (maybe none yet), or None at the end of the stream."""
    try:
        data = connection.recv(READ_BYTES)
    except (ConnectionError, InterruptedError):
        data = b""
    return reader.feed(data) if data else None
