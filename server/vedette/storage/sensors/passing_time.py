"""What becomes of sensors as time passes, and nobody writes: they are late; they ticked as before."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.storage import streams
from vedette.storage.database import Database
from vedette.storage.sensors.sensors import HELD, IS_LATE, RUNS

# As many turn late, or late no more, in one transaction: those that record their ticks wait for it.
MOST_TURNED = 1_000

_LATE = f"(CASE WHEN {RUNS} AND {IS_LATE} THEN CASE WHEN EXISTS ({HELD}) THEN 'HELD' ELSE 'UNHELD' END END)"
# What somebody else has locked is about to change: the next look sees it. Nothing is waited for with locks in hand, but
# the counter of the stream, which comes last everywhere.
_TURN = text(
    f"""
    UPDATE sensors SET told_late = turned.late
    FROM (
        SELECT id, {_LATE} AS late FROM sensors
        WHERE (told_late IS NOT NULL OR {RUNS} AND next_tick_at < now()) AND {_LATE} IS DISTINCT FROM told_late
        LIMIT {MOST_TURNED} FOR UPDATE SKIP LOCKED
    ) AS turned
    WHERE sensors.id = turned.id RETURNING sensors.id
    """
)
_MARKS = text(
    """
    SELECT id, last_tick_at, next_tick_at, evaluating_tick_id FROM sensors WHERE id = ANY(CAST(:ids AS uuid[]))
    """
)


class Mark(NamedTuple):
    """What differs after each tick of a sensor, one that is folded into the tick before included."""

    last_tick_at: datetime | None
    next_tick_at: datetime | None
    evaluating_tick_id: UUID | None


async def tell_late(database: Database) -> int:
    """Append to the stream `sensors` those that have become late, or late no more, since this was done last.

    Or whose evaluator died or came back while they were late. Whoever does it, each change is told once. Return how
    many were told, at most MOST_TURNED.
    """
    async with database.writing() as connection:
        turned: Sequence[UUID] = (await connection.execute(_TURN)).scalars().all()
        await streams.append_sensors(connection, turned)
    return len(turned)


async def marks(connection: AsyncConnection, ids: Iterable[UUID]) -> dict[UUID, Mark]:
    """Return the marks of those of the sensors that exist, by id."""
    rows = await connection.execute(_MARKS, {"ids": list(ids)})
    return {row[0]: Mark(*row[1:]) for row in rows}
