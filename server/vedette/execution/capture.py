"""What user code says while it runs: context.log, the logging module and print(), as records in one order.

Which evaluation or step is speaking is told by a context variable, so that many can run at a time: tasks, and the
threads that are given a copy of the context, carry it along.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

from vedette.authoring.redaction import redacted
from vedette.authoring.text import cleaned
from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.execution.errors import describe

MAX_RECORD_BYTES = 8 * 1024

_LEVELS = (
    (logging.CRITICAL, LogLevel.CRITICAL),
    (logging.ERROR, LogLevel.ERROR),
    (logging.WARNING, LogLevel.WARNING),
    (logging.INFO, LogLevel.INFO),
)


@dataclass(frozen=True, slots=True)
class LogLimit:
    """How much is kept of what one evaluation or step says: lines, and bytes of their texts."""

    lines: int
    bytes: int


class Capture:
    """Hands every record to `deliver`, one at a time, from whichever thread speaks.

    A message is cut at 8 KiB. At `limit` (None: none) one WARNING says that the rest is dropped, and another, at the
    end, how much that was. With `echo`, what is printed still reaches the terminal. After `close` nothing more is
    delivered.
    """

    def __init__(self, deliver: Callable[[LogRecord], None], limit: LogLimit | None = None, echo: bool = False) -> None:
        """Begin to capture where CURRENT is set to this."""
        self.echo = echo
        self.is_open = True
        self._deliver = deliver
        self._limit = limit
        self._kept_lines = self._kept_bytes = 0
        self._dropped_lines = self._dropped_bytes = 0
        self._lines: dict[str, str] = {}
        self._lock = threading.RLock()
        self._delivering = False

    def add_logged(self, record: logging.LogRecord) -> None:
        """Take a record of the logging module."""
        if not self.is_open:
            return
        raised = record.exc_info[1] if record.exc_info else None
        error = describe(raised) if raised is not None else None
        self._add(level_of(record.levelno), record.name, _message(record), error)

    def add_printed(self, stream: str, level: LogLevel, text: str) -> None:
        """Take what was written to `stream`: each whole line is a record, the rest waits for its end."""
        if not self.is_open:
            return
        with self._lock:
            *lines, rest = (self._lines.get(stream, "") + text).split("\n")
            if len(rest) > MAX_RECORD_BYTES:
                lines.append(rest)
                rest = ""
            self._lines[stream] = rest
        for line in lines:
            self._add(level, stream, line)

    def flush(self) -> None:
        """Deliver the lines that were begun but not ended."""
        for stream, level in PRINTED.items():
            line = self._lines.pop(stream, "")
            if line:
                self._add(level, stream, line)

    def close(self) -> None:
        """Deliver what is left; what is said later, by a thread or task left behind, is not of this any more."""
        if self._lines:
            self.flush()
        with self._lock:
            if self._dropped_lines > 1:
                self._note(f"{self._dropped_lines} log lines of {self._dropped_bytes} bytes were dropped.")
            self.is_open = False

    def _add(self, level: LogLevel, logger: str, message: str, error: ErrorInfo | None = None) -> None:
        with self._lock:
            # What delivering itself says must not be delivered again.
            if self._delivering or not self.is_open:
                return
            text = cleaned(redacted(message), MAX_RECORD_BYTES)
            if not self._fits(len(text)):
                return
            self._hand_on(LogRecord(datetime.now(UTC), level, logger, text, error))

    def _fits(self, size: int) -> bool:
        """Count a line; the first that is too much is told of."""
        limit = self._limit
        if limit is None:
            return True
        if not self._dropped_lines and self._kept_lines < limit.lines and self._kept_bytes + size <= limit.bytes:
            self._kept_lines += 1
            self._kept_bytes += size
            return True
        self._dropped_lines += 1
        self._dropped_bytes += size
        if self._dropped_lines == 1:
            self._note(f"More than {limit.lines} log lines, or {limit.bytes} bytes of them: the rest is dropped.")
        return False

    def _note(self, message: str) -> None:
        self._hand_on(LogRecord(datetime.now(UTC), LogLevel.WARNING, "vedette", message))

    def _hand_on(self, record: LogRecord) -> None:
        self._delivering = True
        try:
            self._deliver(record)
        finally:
            self._delivering = False


def level_of(number: int) -> LogLevel:
    """Return the standard level that a level of the logging module belongs to."""
    for least, level in _LEVELS:
        if number >= least:
            return level
    return LogLevel.DEBUG


def _message(record: logging.LogRecord) -> str:
    try:
        return "".join(record.getMessage())
    except Exception as error:
        return f"(a log line that cannot be formatted: {type(error).__name__}, template {type(record.msg).__name__})"


# The streams that print() writes to, and the level of their lines.
PRINTED = {"stdout": LogLevel.INFO, "stderr": LogLevel.WARNING}

CURRENT: ContextVar[Capture | None] = ContextVar("vedette_capture", default=None)


@contextmanager
def capturing(capture: Capture) -> Iterator[None]:
    """Have `capture` hear what is said in the block, to the last begun line."""
    token = CURRENT.set(capture)
    try:
        yield
    finally:
        capture.flush()
        CURRENT.reset(token)
