"""What a run's process writes to its file descriptors 1 and 2, past Python's `print` too, as log events of the run."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
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
    readers = [_redirect(1, "stdout", emit), _redirect(2, "stderr", emit)]
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(nowhere, number)
        for reader in readers:
            # A subprocess that lives on holds the other end: what it writes later is lost.
            reader.join(DRAIN_SECONDS)


def _redirect(number: int, name: str, emit: Emit) -> threading.Thread:
    source, sink = os.pipe()
    os.dup2(sink, number)
    os.close(sink)
    reader = threading.Thread(target=_read, args=(source, name, emit), name=name, daemon=True)
    reader.start()
    return reader


def _read(source: int, name: str, emit: Emit) -> None:
    rest = b""
    while data := os.read(source, READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if len(rest) > LONGEST_LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            emit(_event(name, line))
    if rest:
        emit(_event(name, rest))


def _event(name: str, line: bytes) -> RunEvent:
    message = line.decode(errors="replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return RunEvent(datetime.now(UTC), RunEventKind.LOG, message=message, level=PRINTED[name], logger=name)
