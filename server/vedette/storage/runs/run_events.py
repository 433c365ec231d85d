"""Events of runs as rows: appended with the run's own row (`run_updates`), read by position."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogLevel

_AFTER = text(
    """
    SELECT position, at, kind, step, message, level, logger, error, data
    FROM run_events
    WHERE run_id = :run_id AND position > :position
      AND (CAST(:levels AS text[]) IS NULL OR (kind = 'LOG' AND level = ANY(CAST(:levels AS text[]))))
    ORDER BY position LIMIT :limit
    """
)

# Postgres keeps no NUL, neither in text nor, as an escape, in jsonb; an escaped backslash before it is no escape.
_NUL_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def storable(value: str | None) -> str | None:
    """Return `value` with each NUL, which Postgres refuses, shown as U+FFFD."""
    return value.replace("\x00", "\ufffd") if value else value


def storable_json(value: Any) -> str | None:
    """Return `value` as JSON text that Postgres accepts as jsonb; None for None."""
    if value is None:
        return None
    return _NUL_ESCAPE.sub(r"\1\\ufffd", msgspec.json.encode(value).decode())


@dataclass(slots=True)
class _Columns:
    """The rows of one INSERT, column by column."""

    event_run_ids: list[UUID] = field(default_factory=list)
    event_positions: list[int] = field(default_factory=list)
    event_ats: list[datetime] = field(default_factory=list)
    event_kinds: list[str] = field(default_factory=list)
    event_steps: list[str | None] = field(default_factory=list)
    event_messages: list[str | None] = field(default_factory=list)
    event_levels: list[str | None] = field(default_factory=list)
    event_loggers: list[str | None] = field(default_factory=list)
    event_errors: list[str | None] = field(default_factory=list)
    event_datas: list[str | None] = field(default_factory=list)

    def add(self, run_id: UUID, position: int, event: RunEvent) -> None:
        self.event_run_ids.append(run_id)
        self.event_positions.append(position)
        self.event_ats.append(event.at)
        self.event_kinds.append(event.kind)
        self.event_steps.append(storable(event.step))
        self.event_messages.append(storable(event.message))
        self.event_levels.append(event.level)
        self.event_loggers.append(storable(event.logger))
        self.event_errors.append(storable_json(event.error))
        self.event_datas.append(storable_json(event.data if event.asset is None else event.asset))


def columns(appended: Sequence[tuple[UUID, int, Sequence[RunEvent]]]) -> dict[str, list[Any]]:
    """Return the rows of (run id, `runs.event_count` before, events) column by column, fit to be stored."""
    columns = _Columns()
    for run_id, count, events in appended:
        for offset, event in enumerate(events, start=1):
            columns.add(run_id, count + offset, event)
    return {name: getattr(columns, name) for name in _Columns.__slots__}


async def after(
    connection: AsyncConnection, run_id: UUID, position: int, limit: int, levels: Sequence[LogLevel] | None = None
) -> list[tuple[int, RunEvent]]:
    """Return at most `limit` (position, event) of a run after `position`, in order.

    With `levels`, only its log lines of these levels.
    """
    rows = await connection.execute(
        _AFTER,
        {
            "run_id": run_id,
            "position": position,
            "limit": limit,
            "levels": None if levels is None else [level.value for level in levels],
        },
    )
    return [(row.position, _event(row)) for row in rows]


def _event(row: Row[Any]) -> RunEvent:
    return RunEvent(
        at=row.at,
        kind=RunEventKind(row.kind),
        step=row.step,
        message=row.message,
        level=None if row.level is None else LogLevel(row.level),
        logger=row.logger,
        error=None if row.error is None else msgspec.json.decode(row.error, type=ErrorInfo),
        data=None if row.data is None else msgspec.json.decode(row.data, type=dict[str, Any]),
    )
