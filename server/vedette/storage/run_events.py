"""Events of runs as rows: appended by whoever changes a run, read by position."""

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

# What tells of a change of status is told in the database's clock, as are the times of the run itself.
_APPEND = text(
    """
    INSERT INTO run_events (run_id, position, at, kind, step, message, level, logger, error, data)
    SELECT run_id, position, CASE WHEN starts_with(kind, 'RUN_') THEN now() ELSE at END,
           kind, step, message, level, logger, error, data
    FROM unnest(
        CAST(:run_ids AS uuid[]), CAST(:positions AS bigint[]), CAST(:ats AS timestamptz[]), CAST(:kinds AS text[]),
        CAST(:steps AS text[]), CAST(:messages AS text[]), CAST(:levels AS text[]), CAST(:loggers AS text[]),
        CAST(:errors AS jsonb[]), CAST(:datas AS jsonb[])
    ) AS rows(run_id, position, at, kind, step, message, level, logger, error, data)
    """
)

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

    run_ids: list[UUID] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ats: list[datetime] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    steps: list[str | None] = field(default_factory=list)
    messages: list[str | None] = field(default_factory=list)
    levels: list[str | None] = field(default_factory=list)
    loggers: list[str | None] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    datas: list[str | None] = field(default_factory=list)

    def add(self, run_id: UUID, position: int, event: RunEvent) -> None:
        self.run_ids.append(run_id)
        self.positions.append(position)
        self.ats.append(event.at)
        self.kinds.append(event.kind)
        self.steps.append(storable(event.step))
        self.messages.append(storable(event.message))
        self.levels.append(event.level)
        self.loggers.append(storable(event.logger))
        self.errors.append(storable_json(event.error))
        self.datas.append(storable_json(event.data))


async def append(connection: AsyncConnection, appended: Sequence[tuple[UUID, int, Sequence[RunEvent]]]) -> None:
    """Append (run id, `runs.event_count` before, events) in one statement.

    The caller holds the runs' rows locked and has added the number of events to their `event_count`.
    """
    columns = _Columns()
    for run_id, count, events in appended:
        for offset, event in enumerate(events, start=1):
            columns.add(run_id, count + offset, event)
    if columns.run_ids:
        await connection.execute(_APPEND, {name: getattr(columns, name) for name in _Columns.__slots__})


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
