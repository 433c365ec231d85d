"""Log lines and errors of user code."""

from __future__ import annotations

from datetime import datetime

import strawberry

from vedette.domain import logs as domain
from vedette.domain.logs import LogLevel

LEVELS = tuple(LogLevel)


@strawberry.type(description="An exception of user code.")
class ErrorInfo:
    """An exception of user code."""

    type: str = strawberry.field(description="Name of the exception's class.")
    message: str = strawberry.field(description="What the exception said.")
    stack: list[str] = strawberry.field(description="Frames, the outermost first.")
    cause: ErrorInfo | None = strawberry.field(description="What it was raised from.")


@strawberry.type(description="One line that user code logged or printed.")
class LogRecord:
    """One line that user code logged or printed."""

    at: datetime = strawberry.field(description="When it was said.")
    level: LogLevel = strawberry.field(description="How much it matters.")
    logger: str = strawberry.field(description="Name of the logger.")
    message: str = strawberry.field(description="What was said.")
    error: ErrorInfo | None = strawberry.field(description="The exception that was logged with it.")


def error_info(error: domain.ErrorInfo | None) -> ErrorInfo | None:
    """Return an error of the domain as the schema has it."""
    if error is None:
        return None
    return ErrorInfo(type=error.type, message=error.message, stack=list(error.stack), cause=error_info(error.cause))


def log_record(record: domain.LogRecord) -> LogRecord:
    """Return a log line of the domain as the schema has it."""
    return LogRecord(
        at=record.at,
        level=record.level,
        logger=record.logger,
        message=record.message,
        error=error_info(record.error),
    )


def levels_from(least: LogLevel | None) -> tuple[LogLevel, ...]:
    """Return `least` and the levels above it; all of them for None."""
    return LEVELS if least is None else LEVELS[LEVELS.index(least) :]
