"""What changed, in order: the streams' rows after a position. Positions have no gaps but those that purging makes."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.runs import FINISHED, RunStatus
from vedette.domain.ticks import TickStatus


class StreamEnds(NamedTuple):
    """The last position given out, and the last that was purged."""

    position: int
    purged: int


class TickChange(NamedTuple):
    """A tick became `status`, so many seconds before this was read, by the database's clock."""

    position: int
    tick_id: UUID
    status: TickStatus
    age_seconds: float = 0.0


class RunChange(NamedTuple):
    """A run became `status`, so many seconds before this was read, by the database's clock."""

    position: int
    run_id: UUID
    status: RunStatus
    age_seconds: float = 0.0


class SensorChange(NamedTuple):
    """Something about a sensor changed, so many seconds before this was read, by the database's clock."""

    position: int
    sensor_id: UUID
    age_seconds: float = 0.0


class Progress(NamedTuple):
    """How far what a run or tick says goes: the last position, and whether there will be no more."""

    position: int
    finished: bool


_ENDS = text("SELECT position, purged FROM streams WHERE name = :name")
_REACHED = text("SELECT name, position FROM streams")
# A change has the time at which its position was taken, the last thing before its commit.
_AFTER = """SELECT position, {columns}, CAST(extract(epoch FROM clock_timestamp() - at) AS double precision)
    FROM {table} WHERE position > :after ORDER BY position LIMIT :limit"""
_TICKS = text(_AFTER.format(columns="tick_id, status", table="tick_changes"))
_RUNS = text(_AFTER.format(columns="run_id, status", table="run_changes"))
_SENSORS = text(_AFTER.format(columns="sensor_id", table="sensor_changes"))
_PROGRESS = text("SELECT event_count, status FROM runs WHERE id = :id")


async def ends(connection: AsyncConnection, stream: str) -> StreamEnds:
    """Return how far the stream `ticks`, `runs` or `sensors` goes."""
    return StreamEnds(*(await connection.execute(_ENDS, {"name": stream})).one())


async def reached(connection: AsyncConnection) -> dict[str, int]:
    """Return the last position given out of every stream, by its name."""
    return {row.name: row.position for row in await connection.execute(_REACHED)}


async def ticks_after(connection: AsyncConnection, position: int, limit: int) -> Sequence[TickChange]:
    """Return at most `limit` changes of ticks after `position`, in order."""
    rows = await connection.execute(_TICKS, {"after": position, "limit": limit})
    return [TickChange(at, tick_id, TickStatus(status), age) for at, tick_id, status, age in rows]


async def runs_after(connection: AsyncConnection, position: int, limit: int) -> Sequence[RunChange]:
    """Return at most `limit` changes of runs after `position`, in order."""
    rows = await connection.execute(_RUNS, {"after": position, "limit": limit})
    return [RunChange(at, run_id, RunStatus(status), age) for at, run_id, status, age in rows]


async def sensors_after(connection: AsyncConnection, position: int, limit: int) -> Sequence[SensorChange]:
    """Return at most `limit` changes of sensors after `position`, in order."""
    return [SensorChange(*row) for row in await connection.execute(_SENSORS, {"after": position, "limit": limit})]


async def progress(connection: AsyncConnection, run_id: UUID) -> Progress | None:
    """Return how far a run's events go; None where there is no such run."""
    row = (await connection.execute(_PROGRESS, {"id": run_id})).first()
    return None if row is None else Progress(row.event_count, RunStatus(row.status) in FINISHED)
