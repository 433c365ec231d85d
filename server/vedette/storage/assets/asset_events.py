"""What happened to assets as rows: appended with what tells of it, in the same transaction, each once.

The counter of the stream `assets` is taken here, after those of the other streams. Rows of `assets` and
`asset_partitions` are written under its lock alone, so that nobody waits for them who holds what others wait for.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import CODE_VERSION_TAG, AssetEvent, escaped
from vedette.storage.runs.run_events import storable, storable_json

# Whoever appends holds what the events come from (a run, a sensor, a report's key), so an event that is there already
# was committed before: it is left out, and takes no position.
_APPEND = text(
    """
    WITH fresh AS MATERIALIZED (
        SELECT given.*, row_number() OVER (ORDER BY given.ordinal) AS place, count(*) OVER () AS total
        FROM json_to_recordset(CAST(:rows AS json)) AS given(
            ordinal integer, source_id uuid, index bigint, kind text, key text, partition_key text, check_name text,
            run_id uuid, step text, tick_id uuid, code_version text, data jsonb
        )
        WHERE NOT EXISTS (
            SELECT FROM asset_events AS told WHERE told.source_id = given.source_id AND told.index = given.index
        )
    ), taken AS (
        UPDATE streams SET position = position + total, at = greatest(at, clock_timestamp())
        FROM (SELECT DISTINCT total FROM fresh) AS counted
        WHERE name = 'assets' RETURNING position - total AS before, at
    ), told AS (
        INSERT INTO asset_events (source_id, index, position, at, kind, key, partition_key, check_name, run_id, step,
            tick_id, data)
        SELECT source_id, index, taken.before + place, taken.at, kind, key, partition_key, check_name, run_id, step,
            tick_id, data
        FROM taken, fresh ORDER BY place
    ), known AS (
        INSERT INTO assets AS old (key, materialized_position, materialized_at, materialized_by,
            materialized_code_version)
        SELECT DISTINCT ON (key) key, CASE WHEN made THEN taken.before + place END, CASE WHEN made THEN taken.at END,
            CASE WHEN made THEN run_id END, CASE WHEN made THEN code_version END
        FROM taken, (SELECT *, kind = 'MATERIALIZATION' AS made FROM fresh) AS given
        ORDER BY key, made DESC, place DESC
        ON CONFLICT (key) DO UPDATE SET
            materialized_position = excluded.materialized_position, materialized_at = excluded.materialized_at,
            materialized_by = excluded.materialized_by,
            materialized_code_version = excluded.materialized_code_version
        WHERE excluded.materialized_position IS NOT NULL
    ), parts AS (
        INSERT INTO asset_partitions (key, partition_key, position, at, run_id)
        SELECT DISTINCT ON (key, partition_key) key, partition_key, taken.before + place, taken.at, run_id
        FROM taken, fresh WHERE kind = 'MATERIALIZATION' AND partition_key IS NOT NULL
        ORDER BY key, partition_key, place DESC
        ON CONFLICT (key, partition_key) DO UPDATE SET
            position = excluded.position, at = excluded.at, run_id = excluded.run_id
    )
    SELECT count(*) FROM fresh
    """
)


class ToldEvent(NamedTuple):
    """An event to append. `source_id` and `place` make it unique: who tells it, and its place among what that tells.

    `source_id` is an id made when the source was: history is partitioned by it.
    """

    source_id: UUID
    place: int
    event: AssetEvent
    run_id: UUID | None = None
    step: str | None = None
    tick_id: UUID | None = None


async def append(connection: AsyncConnection, told: Sequence[ToldEvent]) -> bool:
    """Append events to the stream `assets`, in order, last in a transaction; tell whether any was new."""
    if not told:
        return False
    rows = [_row(ordinal, each) for ordinal, each in enumerate(told)]
    return bool((await connection.execute(_APPEND, {"rows": storable_json(rows)})).scalar_one())


def _row(ordinal: int, told: ToldEvent) -> dict[str, object]:
    event = told.event
    return {
        "ordinal": ordinal,
        "source_id": told.source_id,
        "index": told.place,
        "kind": event.kind,
        "key": storable(escaped(event.key)),
        "partition_key": storable(event.partition_key),
        "check_name": event.check.name if event.check else None,
        "run_id": told.run_id,
        "step": storable(told.step),
        "tick_id": told.tick_id,
        "code_version": event.tags.get(CODE_VERSION_TAG),
        "data": msgspec.to_builtins(event),
    }
