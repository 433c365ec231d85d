"""Log lines of ticks while they are evaluated: added before the tick ends, and followed.

What an evaluation said is recorded with its end; this is for evaluations that are shown as STARTED.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.ticks import TickStatus
from vedette.storage.changes import Progress


class LiveLine(msgspec.Struct, frozen=True):
    """Line number `seq` (1, 2, 3 …) of a tick that the holder of `epoch` evaluates."""

    tick_id: UUID
    epoch: int
    seq: int
    line: LogRecord


# A tick that is being ended is left out, not waited for: its end brings the lines along. The lock keeps the end waiting
# meanwhile, so that no line comes after it.
_ADD = text(
    """
    WITH given AS (
        SELECT * FROM unnest(
            CAST(:tick_ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:seqs AS integer[]), CAST(:ats AS timestamptz[]),
            CAST(:levels AS text[]), CAST(:loggers AS text[]), CAST(:messages AS text[]), CAST(:errors AS jsonb[])
        ) AS given(tick_id, epoch, seq, at, level, logger, message, error)
    ), open AS MATERIALIZED (
        SELECT id, epoch FROM ticks WHERE id IN (SELECT tick_id FROM given) AND status = 'STARTED'
        FOR SHARE SKIP LOCKED
    )
    INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message, error)
    SELECT given.tick_id, seq, 'STARTED', at, level, logger, message, error
    FROM given JOIN open ON open.id = given.tick_id AND open.epoch = given.epoch
    ON CONFLICT DO NOTHING
    RETURNING tick_id, seq
    """
)
_PROGRESS = text(
    """
    SELECT status, coalesce((SELECT max(seq) FROM tick_logs WHERE tick_id = ticks.id), 0) AS position
    FROM ticks WHERE id = :id
    """
)
_AFTER = text(
    """
    SELECT seq, at, level, logger, message, error FROM tick_logs
    WHERE tick_id = :tick_id AND seq > :after ORDER BY seq LIMIT :limit
    """
)


async def add(connection: AsyncConnection, lines: Sequence[LiveLine]) -> dict[UUID, int]:
    """Add lines of ticks that are recorded as STARTED; return by tick id the last line that was added."""
    parameters = {
        "tick_ids": [line.tick_id for line in lines],
        "epochs": [line.epoch for line in lines],
        "seqs": [line.seq for line in lines],
        "ats": [line.line.at for line in lines],
        "levels": [line.line.level for line in lines],
        "loggers": [line.line.logger for line in lines],
        "messages": [line.line.message for line in lines],
        "errors": [None if (e := line.line.error) is None else msgspec.json.encode(e).decode() for line in lines],
    }
    added: dict[UUID, int] = {}
    for tick_id, seq in await connection.execute(_ADD, parameters):
        added[tick_id] = max(seq, added.get(tick_id, 0))
    return added


async def progress(connection: AsyncConnection, tick_id: UUID) -> Progress | None:
    """Return how far a tick's lines go; None where there is no such tick."""
    row = (await connection.execute(_PROGRESS, {"id": tick_id})).first()
    return None if row is None else Progress(row.position, row.status != TickStatus.STARTED)


async def after(connection: AsyncConnection, tick_id: UUID, position: int, limit: int) -> list[tuple[int, LogRecord]]:
    """Return at most `limit` lines of a tick after `position`, in order, each with its position."""
    rows = await connection.execute(_AFTER, {"tick_id": tick_id, "after": position, "limit": limit})
    return [(row.seq, _line(row)) for row in rows]


def _line(row: Row[Any]) -> LogRecord:
    error = None if row.error is None else msgspec.json.decode(row.error, type=ErrorInfo)
    return LogRecord(row.at, LogLevel(row.level), row.logger, row.message, error)
