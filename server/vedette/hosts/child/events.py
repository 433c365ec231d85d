"""The sending side of a run: few events go at once, many go together; a server that is slow slows the run."""

import os
import socket
import threading
import time
from collections.abc import Callable

import msgspec

from vedette.domain.events import RunEvent
from vedette.hosts.child.frames import FromRun, Happened
from vedette.hosts.child.framing import FrameTooLarge, Unserialisable, encode

# In each window, this many events are sent as they happen; those that follow leave together when it ends. So the last
# lines before a crash are not lost, and a run that logs a lot does not pay for a message per line.
WINDOW_SECONDS = 0.02
AT_ONCE = 20
MOST_UNSENT = 4096
CUT_CHARACTERS = 65536


class EventSender:
    """Sends a run's events over a blocking `connection`, in order, from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._unsent: list[RunEvent] = []
        self._changed = threading.Condition()
        self._window_ends = 0.0
        self._sent_in_window = 0
        self._pid = os.getpid()
        os.register_at_fork(after_in_child=connection.close)
        # Most runs tell so little that they never need it.
        self._late: threading.Thread | None = None

    def emit(self, event: RunEvent) -> None:
        """Send `event`, now or with others within 20 ms; blocks while 4096 events wait to be taken."""
        if os.getpid() != self._pid:
            # A process that user code forked off: its lines come as output of the run, the socket is not its own.
            os.write(2, f"{event.message}\n".encode())
            return
        with self._changed:
            self._unsent.append(event)
            if self._may_send_now() or len(self._unsent) >= MOST_UNSENT:
                self._send_all()
            elif self._late is None:
                self._late = threading.Thread(target=self._send_late_ones, name="events", daemon=True)
                self._late.start()
            else:
                self._changed.notify()

    def send(self, frame: FromRun) -> None:
        """Send all events that wait, and then `frame`."""
        with self._changed:
            self._send_all()
            self._connection.sendall(encode(frame))

    def _may_send_now(self) -> bool:
        now = time.monotonic()
        if now >= self._window_ends:
            self._window_ends, self._sent_in_window = now + WINDOW_SECONDS, 0
        self._sent_in_window += 1
        return self._sent_in_window <= AT_ONCE

    def _send_late_ones(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsent)
            time.sleep(WINDOW_SECONDS)
            with self._changed:
                self._send_all()

    def _send_all(self) -> None:
        events, self._unsent = self._unsent, []
        if events:
            _send_split(events, self._connection.sendall)


def _send_split(events: list[RunEvent], send: Callable[[bytes], None]) -> None:
    """Send `events` in one frame, or in as many as it takes; one that is too large by itself is cut."""
    try:
        frame = encode(Happened(tuple(events)))
    except (FrameTooLarge, Unserialisable) as flaw:
        if len(events) == 1:
            send(encode(Happened((_cut(events[0], flaw),))))
            return
        half = len(events) // 2
        _send_split(events[:half], send)
        _send_split(events[half:], send)
    else:
        send(frame)


def _cut(event: RunEvent, flaw: Exception) -> RunEvent:
    message = (event.message or "")[:CUT_CHARACTERS].encode(errors="replace").decode()
    return msgspec.structs.replace(event, message=f"{message} … (cut: {flaw})", data=None, error=None)
