"""Sensors as the evaluator needs them: all of its shards in one statement, or only those that changed since."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.storage.ticks.verdicts import SensorState


class DueSensor(msgspec.Struct, frozen=True, gc=False):
    """A sensor: what the code says, and how it stands."""

    id: UUID
    code_location: str
    shard: int
    spec: SensorSpec
    state: SensorState


class Reading(msgspec.Struct, frozen=True):
    """Sensors as of `position` of the stream `sensors`. `complete` means: all of the shards asked for, not a part."""

    position: int
    complete: bool
    sensors: tuple[DueSensor, ...]


_COLUMNS = """
    sensors.id, sensors.code_location, sensors.shard, sensors.spec, sensors.loaded, sensors.status, sensors.status_at,
    sensors.started_at, sensors.cursor, sensors.cursor_version, sensors.last_tick_at,
    sensors.last_finished_at, sensors.next_tick_at, sensors.status_source = 'FAILURE_POLICY' AS decided_by_policy
"""
# Position and rows are of one snapshot: the outer join keeps the position where no sensor matches.
_LOAD = text(
    f"""
    SELECT streams.position, {_COLUMNS} FROM streams
    LEFT JOIN sensors ON sensors.shard = ANY(CAST(:shards AS smallint[]))
    WHERE streams.name = 'sensors'
    """
)
_CHANGES = text(
    f"""
    SELECT streams.position, streams.purged, {_COLUMNS} FROM streams
    LEFT JOIN sensors ON sensors.shard = ANY(CAST(:shards AS smallint[])) AND sensors.id IN (
        SELECT sensor_id FROM sensor_changes WHERE sensor_changes.position > :after
        UNION ALL SELECT unnest(CAST(:ids AS uuid[]))
    )
    WHERE streams.name = 'sensors'
    """
)


async def load(connection: AsyncConnection, shards: Sequence[int]) -> Reading:
    """Read every sensor of `shards`."""
    rows = (await connection.execute(_LOAD, {"shards": list(shards)})).all()
    return Reading(rows[0].position, True, tuple(_sensor(row) for row in rows if row.id is not None))


async def changes(connection: AsyncConnection, shards: Sequence[int], after: int, ids: Sequence[UUID] = ()) -> Reading:
    """Read the sensors of `shards` that changed after the position `after`, and those named by `ids`.

    Where the history since `after` was purged, every sensor of `shards` is read instead.
    """
    rows = (await connection.execute(_CHANGES, {"shards": list(shards), "after": after, "ids": list(ids)})).all()
    if rows[0].purged > after:
        return await load(connection, shards)
    return Reading(rows[0].position, False, tuple(_sensor(row) for row in rows if row.id is not None))


def _sensor(row: Row[tuple[object, ...]]) -> DueSensor:
    return DueSensor(
        id=row.id,
        code_location=row.code_location,
        shard=row.shard,
        spec=msgspec.json.decode(row.spec, type=SensorSpec),
        state=SensorState(
            loaded=row.loaded,
            status=SensorStatus(row.status),
            status_at=row.status_at,
            started_at=row.started_at,
            cursor=row.cursor,
            cursor_version=row.cursor_version,
            last_tick_at=row.last_tick_at,
            last_finished_at=row.last_finished_at,
            next_tick_at=row.next_tick_at,
            decided_by_policy=row.decided_by_policy,
        ),
    )
