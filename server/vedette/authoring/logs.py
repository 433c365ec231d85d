"""`context.log`: a logger of its own for each evaluation or step, so that its records need no logging set-up."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

Sink = Callable[[logging.LogRecord], None]


class ContextLogger(logging.Logger):
    """A standard logger of all levels that hands its records to `sink` instead of to handlers."""

    def __init__(self, name: str, sink: Sink) -> None:
        """Make a logger named `name`; it is not registered with the logging module."""
        super().__init__(name, level=1)
        self._sink = sink

    def makeRecord(  # noqa: N802 (the standard library's signature)
        self,
        name: str,
        level: int,
        fn: str,
        lno: int,
        msg: object,
        args: Any,
        exc_info: Any,
        func: str | None = None,
        extra: Mapping[str, object] | None = None,
        sinfo: str | None = None,
    ) -> logging.LogRecord:
        """Make a plain record, past the record factory: that one captures the standard loggers."""
        record = logging.LogRecord(name, level, fn, lno, msg, args, exc_info, func, sinfo)
        record.__dict__.update(extra or {})
        return record

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 (the standard library's name)
        """Hand the record to the sink."""
        self._sink(record)


def to_standard_logging(record: logging.LogRecord) -> None:
    """Send a record to the standard logger of its name: what contexts that a test built do with their lines."""
    logging.getLogger(record.name).callHandlers(record)
