"""Routes print() and the logging module to the capture that is current, once per process."""

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

from vedette.domain.logs import LogLevel
from vedette.execution.capture import CURRENT, PRINTED
from vedette.execution.thread_captures import carry_captures

_STREAM_HANDLER = logging.StreamHandler.emit.__code__


class CapturedStream:
    """Stands in for sys.stdout or sys.stderr; outside of a capture, and in all but writing, it is the original."""

    def __init__(self, original: TextIO | None, name: str) -> None:
        """Stand before `original`, which is None in a process without a terminal."""
        self._original = original
        self._name = name
        self._level: LogLevel = PRINTED[name]

    def write(self, text: str) -> int:
        """Write to the capture that is current, or to the original."""
        capture = CURRENT.get()
        if capture is None or not capture.is_open:
            return self._write_through(text)
        if capture.echo:
            self._write_through(text)
        # A handler of the logging module writes here what the record factory has captured already.
        if sys._getframe(1).f_code is not _STREAM_HANDLER:
            capture.add_printed(self._name, self._level, text)
        return len(text)

    def _write_through(self, text: str) -> int:
        return len(text) if self._original is None else self._original.write(text)

    def writelines(self, lines: Any) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the original."""
        if self._original is not None:
            self._original.flush()

    def __getattr__(self, name: str) -> Any:
        """Be the original in everything else."""
        return getattr(self._original, name)


def redirect() -> None:
    """Make sure that print() and the logging module are captured where a capture is current; cheap to repeat."""
    if not isinstance(sys.stdout, CapturedStream):
        sys.stdout = cast(TextIO, CapturedStream(sys.stdout, "stdout"))
    if not isinstance(sys.stderr, CapturedStream):
        sys.stderr = cast(TextIO, CapturedStream(sys.stderr, "stderr"))
    carry_captures()
    if not _FACTORIES:
        _FACTORIES.append(logging.getLogRecordFactory())
        logging.setLogRecordFactory(_make_record)
        root = logging.getLogger()
        if root.level == logging.WARNING and not root.handlers:
            # Nobody has set logging up: without this, info() of an author's own logger would be lost.
            root.setLevel(logging.INFO)


# The record factory sees every record, whatever handlers and propagation the author has set up or later changes.
_FACTORIES: list[Callable[..., logging.LogRecord]] = []


def _make_record(name: str | None, *args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _FACTORIES[0](name, *args, **kwargs)
    capture = CURRENT.get()
    if capture is not None and name is not None:
        capture.add_logged(record)
    return record
