"""Streams: gapless positions in commit order.

The counter row of a stream is locked from the statement here until the commit, so take positions last in the writing
transaction, and where one transaction writes several streams, in the order of STREAMS: locks in one order, no deadlock.
That is for processes that gather what they write into few transactions; what is one of many, as a mutation is, tells
streams by way of the `outbox`.
The row also tells the time of a position, never less than the one before: what is dropped by time has no gaps either.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The stream `assets` is written by `asset_events`, after these.
STREAMS = ("runs", "sensors", "ticks", "assets")

_APPEND_TICKS = text(
    """
    WITH taken AS (
        UPDATE streams SET position = position + cardinality(CAST(:ids AS uuid[])), at = greatest(at, clock_timestamp())
        WHERE name = 'ticks' RETURNING position, at
    )
    INSERT INTO tick_changes (position, at, tick_id, sensor_id, status)
    SELECT taken.position - cardinality(CAST(:ids AS uuid[])) + rows.ordinal, taken.at, rows.id, rows.sensor_id,
        rows.status
    FROM taken, unnest(CAST(:ids AS uuid[]), CAST(:sensor_ids AS uuid[]), CAST(:statuses AS text[]))
        WITH ORDINALITY AS rows(id, sensor_id, status, ordinal)
    """
)
_APPEND_SENSORS = text(
    """
    WITH taken AS (
        UPDATE streams SET position = position + cardinality(CAST(:ids AS uuid[])), at = greatest(at, clock_timestamp())
        WHERE name = 'sensors' RETURNING position, at
    )
    INSERT INTO sensor_changes (position, at, sensor_id)
    SELECT taken.position - cardinality(CAST(:ids AS uuid[])) + rows.ordinal, taken.at, rows.id
    FROM taken, unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS rows(id, ordinal)
    """
)


# Parts of a statement that append to all three in the order of STREAMS: each counter is taken after the one before,
# also where that one does not move, and the first one `after` what else the statement does, a condition that asks for
# its results.
APPENDED = """runs_taken AS (
        UPDATE streams SET position = position + cardinality(CAST(:run_ids AS uuid[])),
            at = greatest(at, clock_timestamp())
        WHERE name = 'runs' AND cardinality(CAST(:run_ids AS uuid[])) > 0 AND {after} RETURNING position, at
    ), sensors_taken AS (
        UPDATE streams SET position = position + cardinality(CAST(:changed_ids AS uuid[])),
            at = greatest(at, clock_timestamp())
        WHERE name = 'sensors' AND cardinality(CAST(:changed_ids AS uuid[])) > 0 AND {after}
            AND (SELECT count(*) FROM runs_taken) >= 0
        RETURNING position, at
    ), ticks_taken AS (
        UPDATE streams SET position = position + cardinality(CAST(:tick_ids AS uuid[])),
            at = greatest(at, clock_timestamp())
        WHERE name = 'ticks' AND cardinality(CAST(:tick_ids AS uuid[])) > 0 AND {after}
            AND (SELECT count(*) FROM sensors_taken) >= 0
        RETURNING position, at
    ), runs_told AS (
        INSERT INTO run_changes (position, at, run_id, status)
        SELECT taken.position - cardinality(CAST(:run_ids AS uuid[])) + rows.ordinal, taken.at, rows.id, 'QUEUED'
        FROM runs_taken AS taken, unnest(CAST(:run_ids AS uuid[])) WITH ORDINALITY AS rows(id, ordinal)
    ), sensors_told AS (
        INSERT INTO sensor_changes (position, at, sensor_id)
        SELECT taken.position - cardinality(CAST(:changed_ids AS uuid[])) + rows.ordinal, taken.at, rows.id
        FROM sensors_taken AS taken, unnest(CAST(:changed_ids AS uuid[])) WITH ORDINALITY AS rows(id, ordinal)
    ), ticks_told AS (
        INSERT INTO tick_changes (position, at, tick_id, sensor_id, status)
        SELECT taken.position - cardinality(CAST(:tick_ids AS uuid[])) + rows.ordinal, taken.at, rows.id,
            rows.sensor_id, rows.status
        FROM ticks_taken AS taken, unnest(CAST(:tick_ids AS uuid[]), CAST(:tick_sensor_ids AS uuid[]),
            CAST(:tick_statuses AS text[])) WITH ORDINALITY AS rows(id, sensor_id, status, ordinal)
    )"""


async def append_sensors(connection: AsyncConnection, sensor_ids: Sequence[UUID]) -> None:
    """Append a change of each sensor to the stream `sensors`."""
    if sensor_ids:
        await connection.execute(_APPEND_SENSORS, {"ids": list(sensor_ids)})


async def append_ticks(connection: AsyncConnection, changes: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Append (tick id, sensor id, status) changes to the stream `ticks`."""
    if changes:
        ids, sensor_ids, statuses = zip(*changes, strict=True)
        await connection.execute(
            _APPEND_TICKS, {"ids": list(ids), "sensor_ids": list(sensor_ids), "statuses": list(statuses)}
        )
