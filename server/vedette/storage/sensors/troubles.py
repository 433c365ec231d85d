"""What is wrong with sensors: all of it, and of which sensors that has changed."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.troubles import SensorTrouble, trouble_of
from vedette.storage.sensors import sensors

# Nobody reads of more.
MOST_TROUBLES = 1000

_PAUSED = "(loaded AND status = 'STOPPED' AND status_source = 'FAILURE_POLICY')"
_FAILING = f"{_PAUSED} OR ({sensors.RUNS} AND consecutive_failures > 0)"
_READ = text(
    f"""
    SELECT {sensors.COLUMNS}, tick_count FROM sensors
    WHERE {_FAILING} OR ({sensors.RUNS} AND {sensors.IS_LATE})
    ORDER BY code_location, name LIMIT {MOST_TROUBLES}
    """
)
_MARKS = f"id, CASE WHEN {_FAILING} THEN consecutive_failures ELSE 0 END, {_PAUSED}"
_ALL_MARKS = text(f"SELECT {_MARKS} FROM sensors WHERE {_FAILING}")
_ENDS = text("SELECT position, purged FROM streams WHERE name = 'sensors'")
_CHANGED = text(
    f"SELECT {_MARKS} FROM sensors WHERE id IN (SELECT sensor_id FROM sensor_changes WHERE position > :after)"
)

# How often a sensor has failed in a row, and whether the failure policy has paused it.
Mark = tuple[int, bool]
WELL: Mark = (0, False)


class Marks(NamedTuple):
    """How sensors stand that have changed up to a position; all that do not stand well, where it is `complete`."""

    position: int
    complete: bool
    by_sensor: dict[UUID, Mark]


async def read(connection: AsyncConnection) -> tuple[SensorTrouble, ...]:
    """Return what is wrong with sensors, by name; at most MOST_TROUBLES."""
    rows = [tuple(row) for row in await connection.execute(_READ)]
    built = [(sensors.build(row), row[-1]) for row in rows]
    found = [trouble_of(seen.sensor, tick_count, seen.at) for seen, tick_count in built]
    return tuple(trouble for trouble in found if trouble is not None)


async def marks(connection: AsyncConnection, after: int | None) -> Marks:
    """Return how the sensors stand that have changed after a position; all where that is None or not kept any more.

    What changes meanwhile may be told already, and is told again the next time.
    """
    position, purged = (await connection.execute(_ENDS)).one()
    complete = after is None or purged > after
    rows = await (connection.execute(_ALL_MARKS) if complete else connection.execute(_CHANGED, {"after": after}))
    return Marks(position, complete, {sensor_id: (failures, paused) for sensor_id, failures, paused in rows})
