"""Cursors: their history and the compare-and-set by which people edit them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_id
from vedette.faults import Point, reached
from vedette.storage import direct, pages, scopes
from vedette.storage.direct import Statement
from vedette.storage.pages import By


class CursorChange(NamedTuple):
    """One version of a sensor's cursor; `tick_id` or `actor` tells who wrote it."""

    sensor_id: UUID
    version: int
    value: str | None
    at: datetime
    tick_id: UUID | None
    actor: str | None


def _build(values: pages.Values) -> CursorChange:
    return CursorChange(*values[:6])


_LISTING = pages.Listing(
    "sensor_id, version, value, at, tick_id, actor",
    "cursor_changes",
    (By("version", "integer"),),
    _build,
    descending=True,
    parent=(By("sensor_id", "uuid"),),
    scope=scopes.OF_SENSOR,
)


async def page_each(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[CursorChange]]:
    """Return the same part of the cursor history of each sensor, the newest first."""
    return await pages.read_each(connection, _LISTING, [(sensor_id,) for sensor_id in sensor_ids], window)


_BY_KEYS = text(
    """
    SELECT sensor_id, version, value, at, tick_id, actor FROM cursor_changes
    JOIN unnest(CAST(:sensor_ids AS uuid[]), CAST(:versions AS integer[])) AS wanted(sensor_id, version)
        USING (sensor_id, version)
    WHERE CAST(:confined_to AS text[]) IS NULL OR sensor_id IN (
        SELECT id FROM sensors WHERE code_location = ANY(CAST(:confined_to AS text[])))
    """
)


async def by_keys(
    connection: AsyncConnection, keys: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], CursorChange]:
    """Return those of the (sensor id, version) that exist."""
    values: dict[str, Any] = {
        "sensor_ids": [key[0] for key in keys],
        "versions": [key[1] for key in keys],
        "confined_to": scopes.confines(connection),
    }
    changes = [_build(row) for row in await connection.execute(_BY_KEYS, values)]
    return {(change.sensor_id, change.version): change for change in changes}


# Where a sensor that reacts to events begins when nobody has said from where: with what comes from now on.
_NOW = """(SELECT '{"position":' || streams.position || '}' FROM streams
    WHERE streams.name = sensors.spec -> 'monitors' ->> 'stream')"""
_IS_PUSHED = "sensors.spec -> 'monitors' <> 'null'"
_BEGIN = text(
    f"""
    WITH begun AS (
        UPDATE sensors SET cursor = {_NOW}, cursor_version = cursor_version + 1, cursor_at = now(),
            cursor_tick_id = NULL, cursor_actor = :actor
        WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'RUNNING' AND cursor IS NULL AND {_IS_PUSHED}
        RETURNING id, cursor_version, cursor
    )
    INSERT INTO cursor_changes (sensor_id, version, value, id, actor)
    SELECT begun.id, cursor_version, cursor, given.change_id, :actor
    FROM begun JOIN unnest(CAST(:ids AS uuid[]), CAST(:change_ids AS uuid[])) AS given(id, change_id) USING (id)
    """
)


async def begin(connection: AsyncConnection, sensor_ids: Sequence[UUID], actor: str) -> None:
    """Have those of the sensors that react to events, run and have no cursor react to what comes from now on."""
    if sensor_ids:
        change_ids = [new_id() for _ in sensor_ids]
        await connection.execute(_BEGIN, {"ids": list(sensor_ids), "change_ids": change_ids, "actor": actor})


# One statement, so that the version that is compared is the version that is followed.
_EDIT = Statement(
    f"""
    WITH edited AS (
        UPDATE sensors SET
            cursor = CASE WHEN CAST(:value AS text) IS NULL AND {_IS_PUSHED} THEN {_NOW}
                ELSE CAST(:value AS text) END,
            cursor_version = cursor_version + 1, consecutive_failures = 0,
            cursor_at = now(), cursor_tick_id = NULL, cursor_actor = CAST(:actor AS text),
            -- A sensor that backs off or is paused is tried with it at once.
            next_tick_at = CASE WHEN consecutive_failures > 0 AND next_tick_at > now() THEN now() ELSE next_tick_at END
        WHERE id = CAST(:sensor_id AS uuid)
            AND (CAST(:expected AS integer) IS NULL OR cursor_version = CAST(:expected AS integer))
        RETURNING id, cursor_version, cursor
    ), told AS (
        INSERT INTO outbox (stream, subject_id) SELECT 'sensors', id FROM edited
    )
    INSERT INTO cursor_changes (sensor_id, version, value, id, actor)
    SELECT id, cursor_version, cursor, CAST(:id AS uuid), CAST(:actor AS text) FROM edited
    RETURNING version
    """
)


async def edit(
    connection: AsyncConnection, sensor_id: UUID, value: str | None, expected_version: int | None, actor: str
) -> int | None:
    """Set a cursor if its version is still the expected one (None: whatever it is); None clears it.

    That of a sensor that reacts to events is never cleared: None is the end of their stream, "from now on".
    Return the new version; None where the sensor does not exist or its cursor has another version.
    """
    values = {"sensor_id": sensor_id, "value": value, "expected": expected_version, "actor": actor, "id": new_id()}
    rows = await direct.fetch(connection, _EDIT, values)
    if not rows:
        return None
    reached(Point.CURSOR_EDIT)
    return int(rows[0]["version"])
