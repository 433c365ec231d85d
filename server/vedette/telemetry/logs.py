"""Log lines of the server itself: for people at a terminal, or as JSON for machines, one object a line."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from vedette.telemetry import tracing

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s%(follow)s"

# What every record has; all else is what was said with `extra`.
_OWN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "follow", "taskName"})


def set_up_logging(level: str, form: str = "human") -> None:
    """Send records of `level` and above to standard error, one line each; people's are local to the second."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_follow)
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(FORMAT, datefmt="%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("alembic", "asyncio", "watchfiles", "httpx", "uvicorn.access", "urllib3", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _follow(record: logging.LogRecord) -> bool:
    """Give a record the id of the trace that it is of: the one it says, or that of the request being answered."""
    trace = tracing.current.get()
    if not hasattr(record, "trace_id") and trace is not None:
        record.trace_id = trace.trace_id
    trace_id = getattr(record, "trace_id", None)
    record.follow = "" if trace_id is None else f" [{trace_id}]"
    return True


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, process, what was said with `extra`, and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return msgspec.json.encode(fields, enc_hook=str).decode()
