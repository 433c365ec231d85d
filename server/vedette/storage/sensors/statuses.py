"""Whether sensors are evaluated: switched by people, one or many at once, or back to what their code says."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import SensorStatus
from vedette.domain.sensors import StatusSource
from vedette.storage import outbox
from vedette.storage.sensors import cursors

# In the order of their ids, as everywhere. No stronger than the update itself: what refers to a sensor (a request to
# evaluate it, say) is written by those who hold counters that come after sensors.
_LOCK = text("SELECT id FROM sensors WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
# A sensor that was running already goes on as it is: neither its due time nor its start moves, so that a change of mind
# fires nothing by itself. Unless it backs off: whoever starts it wants it tried.
_SET = text(
    f"""
    WITH wanted AS (
        SELECT id, coalesce(CAST(:status AS text), spec ->> 'default_status', '{SensorStatus.STOPPED}') AS status
        FROM sensors WHERE id = ANY(CAST(:ids AS uuid[]))
    )
    UPDATE sensors SET
        status = wanted.status, status_source = :source, status_actor = CAST(:actor AS text),
        -- Not when the transaction began: that of two decisions which is the last has the later time.
        status_at = clock_timestamp(),
        status_note = CAST(:note AS text), overruled = NULL,
        consecutive_failures = CASE WHEN wanted.status = 'RUNNING' THEN 0 ELSE consecutive_failures END,
        started_at = CASE WHEN wanted.status = 'RUNNING' AND sensors.status <> 'RUNNING' THEN now()
            ELSE started_at END,
        next_tick_at = CASE
            WHEN wanted.status = 'RUNNING' AND sensors.status <> 'RUNNING' THEN now()
            WHEN wanted.status = 'RUNNING' AND consecutive_failures > 0 THEN least(next_tick_at, now())
            ELSE next_tick_at END
    FROM wanted WHERE sensors.id = wanted.id RETURNING sensors.id, sensors.status
    """
)


async def switch(
    connection: AsyncConnection,
    sensor_ids: Sequence[UUID],
    status: SensorStatus,
    actor: str,
    note: str | None = None,
) -> dict[UUID, SensorStatus]:
    """Start or stop sensors by a person's wish; everything else of them stays. Return those that exist."""
    wish = {"status": status.value, "source": StatusSource.USER.value, "actor": actor, "note": note}
    return await _set(connection, sensor_ids, wish, actor)


async def reset(connection: AsyncConnection, sensor_ids: Sequence[UUID]) -> dict[UUID, SensorStatus]:
    """Give sensors the status that their code says; everything else of them stays. Return it, of those that exist."""
    wish = {"status": None, "source": StatusSource.CODE.value, "actor": None, "note": None}
    return await _set(connection, sensor_ids, wish, "code")


async def _set(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], wish: dict[str, str | None], actor: str
) -> dict[UUID, SensorStatus]:
    ids = list(sensor_ids)
    await connection.execute(_LOCK, {"ids": ids})
    rows = await connection.execute(_SET, {"ids": ids, **wish})
    found = {row.id: SensorStatus(row.status) for row in rows}
    await cursors.begin(connection, list(found), actor)
    await outbox.add_sensors(connection, sorted(found))
    return found
