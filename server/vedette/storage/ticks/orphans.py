"""Orphans: ticks left STARTED by an evaluator that died or lost its lease; whoever holds the shard closes them."""

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import TickStatus
from vedette.storage import leases, streams

LOST = ErrorInfo(
    "EvaluatorLost", "The evaluator was lost during this evaluation; nothing was launched and the cursor stays."
)

_FIND = text(
    """
    SELECT sensors.id AS sensor_id, ticks.id AS tick_id FROM ticks
    JOIN sensors ON sensors.id = ticks.sensor_id
    JOIN unnest(CAST(:shards AS smallint[]), CAST(:epochs AS bigint[])) AS held(shard, epoch)
        ON held.shard = sensors.shard
    WHERE ticks.status = 'STARTED' AND ticks.epoch < held.epoch + CASE WHEN CAST(:own AS boolean) THEN 1 ELSE 0 END
    ORDER BY sensors.id, ticks.id FOR UPDATE OF sensors, ticks
    """
)
_CLOSE = text(
    """
    UPDATE ticks SET status = 'FAILURE', finished_at = now(), cursor_after = cursor_before,
        error = CAST(:error AS jsonb)
    WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'STARTED'
    """
)
_MOVE_LOGS = text(
    "UPDATE tick_logs SET status = 'FAILURE' WHERE tick_id = ANY(CAST(:ids AS uuid[])) AND status = 'STARTED'"
)
# Not counted as a failure of the sensor: it is not to blame.
_FREE = text(
    """
    UPDATE sensors SET evaluating_tick_id = NULL, last_tick_id = lost.tick_id,
        last_tick_at = ticks.started_at, last_finished_at = now(),
        next_tick_at = CASE WHEN sensors.loaded AND (sensors.status = 'RUNNING'
            OR sensors.status_source = 'FAILURE_POLICY') THEN now() END
    FROM unnest(CAST(:sensor_ids AS uuid[]), CAST(:ids AS uuid[])) AS lost(sensor_id, tick_id)
    JOIN ticks ON ticks.id = lost.tick_id AND ticks.status = 'FAILURE'
    WHERE sensors.id = lost.sensor_id
    """
)


async def close(
    connection: AsyncConnection, worker_id: UUID, held: Collection[tuple[int, int]], *, own: bool = False
) -> bool:
    """End the STARTED ticks of the (shard, epoch) pairs in `held` whose epoch is over; True when there were any.

    `own`: also those of the present epochs, for a holder that leaves. The sensors are due at once.
    """
    kept = sorted(await leases.verify(connection, worker_id, held))
    parameters = {"shards": [shard for shard, _ in kept], "epochs": [epoch for _, epoch in kept], "own": own}
    found = (await connection.execute(_FIND, parameters)).all()
    if not found:
        return False
    ids = [row.tick_id for row in found]
    sensor_ids = [row.sensor_id for row in found]
    await connection.execute(_CLOSE, {"ids": ids, "error": msgspec.json.encode(LOST).decode()})
    await connection.execute(_MOVE_LOGS, {"ids": ids})
    await connection.execute(_FREE, {"sensor_ids": sensor_ids, "ids": ids})
    await streams.append_sensors(connection, sensor_ids)
    changes: list[tuple[UUID, UUID, str]] = [(row.tick_id, row.sensor_id, TickStatus.FAILURE) for row in found]
    await streams.append_ticks(connection, changes)
    return True
