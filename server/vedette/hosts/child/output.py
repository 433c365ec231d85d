"""What a run's process writes to its file descriptors 1 and 2, past Python's `print` too, as log events of the run."""

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from vedette.domain.events import RunEvent, RunEventKind
from vedette.execution.capture import PRINTED

Emit = Callable[[RunEvent], None]
READ_BYTES = 65536
LONGEST_LINE_BYTES = 65536
DRAIN_SECONDS = 0.5


@contextmanager
def captured_output(emit: Emit) -> Iterator[None]:
    """Make each line that C code, subprocesses and unattended threads write a LOG event, until the block ends."""
    sources = {_redirect(1): "stdout", _redirect(2): "stderr"}
    reader = threading.Thread(target=_read, args=(sources, emit), name="output", daemon=True)
    reader.start()
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(nowhere, number)
        # A subprocess that lives on holds the other end: what it writes later is lost.
        reader.join(DRAIN_SECONDS)


def _redirect(number: int) -> int:
    """Lead descriptor `number` into a pipe; return the end to read from."""
    source, sink = os.pipe()
    os.dup2(sink, number)
    os.close(sink)
    return source


def _read(sources: Mapping[int, str], emit: Emit) -> None:
    """Emit the lines of both until nobody can write to either any more."""
    # One thread for both: the stack of a second one is pages that every run would touch.
    rests = dict.fromkeys(sources, b"")
    poll = select.poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    while rests:
        for source, _ in poll.poll():
            data = os.read(source, READ_BYTES)
            *lines, rest = (rests[source] + data).split(b"\n")
            if rest and (not data or len(rest) > LONGEST_LINE_BYTES):
                lines, rest = [*lines, rest], b""
            for line in lines:
                emit(_event(sources[source], line))
            rests[source] = rest
            if not data:
                poll.unregister(source)
                del rests[source]


def _event(name: str, line: bytes) -> RunEvent:
    message = line.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return RunEvent(datetime.now(UTC), RunEventKind.LOG, message=message, level=PRINTED[name], logger=name)
