import socket

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.hosts.child.frames import FromHost, Ping, Pong
from vedette.hosts.child.framing import MAX_FRAME_BYTES, FrameReader, FrameTooLarge, Unserialisable, encode, receive


def reader() -> FrameReader[FromHost]:
    return FrameReader(msgspec.msgpack.Decoder(FromHost))


@given(numbers=st.lists(st.integers(0, 2**40)), cuts=st.lists(st.integers(1, 20)))
def test_frames_survive_any_cutting_of_the_stream(numbers: list[int], cuts: list[int]) -> None:
    stream = b"".join(encode(Pong(number)) for number in numbers)
    frames, frame_reader = [], reader()
    for cut in cuts:
        frames += frame_reader.feed(stream[:cut])
        stream = stream[cut:]
    frames += frame_reader.feed(stream)
    assert frames == [Pong(number) for number in numbers]


def test_what_is_too_large_is_refused_on_both_sides() -> None:
    with pytest.raises(FrameTooLarge, match="64 MiB"):
        encode(b"x" * (MAX_FRAME_BYTES + 1))
    with pytest.raises(FrameTooLarge, match="something else wrote"):
        reader().feed(b"Hello, world")


def test_what_msgpack_cannot_express_is_named() -> None:
    with pytest.raises(Unserialisable, match="object"):
        encode({"x": object()})
    with pytest.raises(Unserialisable):
        encode({"x": 2**70})


def test_a_frame_of_another_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        reader().feed(encode(Ping(1)))


def test_the_end_of_the_stream_is_told_from_nothing_yet() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(encode(Pong(1))[:3])
            frame_reader = reader()
            assert receive(ours, frame_reader) == []
            theirs.sendall(encode(Pong(1))[3:])
            assert receive(ours, frame_reader) == [Pong(1)]
        assert receive(ours, frame_reader) is None
