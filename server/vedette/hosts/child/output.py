"""What a run's process writes to its file descriptors 1 and 2, past Python's `print` too, as log events of the run.

The thread that reads it also watches for the end of the server: a second one is pages that every run would touch.
"""

import _thread
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from vedette.authoring.redaction import redacted
from vedette.domain.events import RunEvent, RunEventKind
from vedette.execution.capture import PRINTED

Emit = Callable[[RunEvent], None]
READ_BYTES = 65536
LONGEST_LINE_BYTES = 65536
DRAIN_SECONDS = 0.5
# The other end is closed. It is told whatever is still to be read, and only this is waited for: what comes over the
# connection is for others.
HUNG_UP = getattr(select, "POLLRDHUP", 0)


@contextmanager
def captured_output(emit: Emit, connection: socket.socket) -> Iterator[None]:
    """Make each line that C code, subprocesses and unattended threads write a LOG event, until the block ends.

    If the server at the other end of `connection` goes, this process ends with all that it started.
    """
    sources = {_redirect(1): "stdout", _redirect(2): "stderr"}
    drained = _thread.allocate_lock()
    drained.acquire()
    _thread.start_new_thread(_follow, (connection.fileno(), sources, emit, drained))
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            os.dup2(nowhere, number)
        # A subprocess that lives on holds the other end: what it writes later is lost.
        drained.acquire(timeout=DRAIN_SECONDS)


def _redirect(number: int) -> int:
    """Lead descriptor `number` into a pipe; return the end to read from."""
    source, sink = os.pipe()
    os.dup2(sink, number)
    os.close(sink)
    return source


def _follow(server: int, sources: Mapping[int, str], emit: Emit, drained: _thread.LockType) -> None:
    """Emit the lines of both; release `drained` once nobody can write to either any more."""
    rests = dict.fromkeys(sources, b"")
    poll = select.poll()
    poll.register(server, HUNG_UP)
    for source in sources:
        poll.register(source, select.POLLIN)
    while True:
        for source, _ in poll.poll():
            if source == server:
                os.killpg(0, signal.SIGKILL)
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
                if not rests:
                    drained.release()


def _event(name: str, line: bytes) -> RunEvent:
    message = redacted(line.decode(errors="replace")).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return RunEvent(datetime.now(UTC), RunEventKind.LOG, message=message, level=PRINTED[name], logger=name)
