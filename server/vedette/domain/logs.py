"""Log lines and errors as data: what user code said and how it failed, able to cross a process boundary."""

import enum
from datetime import datetime

import msgspec


class LogLevel(enum.StrEnum):
    """Python's five standard levels."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class ErrorInfo(msgspec.Struct, frozen=True):
    """An exception as data. `stack` holds formatted frames, outermost first; `cause` is what it was raised from."""

    type: str
    message: str
    stack: tuple[str, ...] = ()
    cause: "ErrorInfo | None" = None


class LogRecord(msgspec.Struct, frozen=True):
    """One line that user code logged; `at` is aware UTC."""

    at: datetime
    level: LogLevel
    logger: str
    message: str
    error: ErrorInfo | None = None
