"""Assets: what code locations define, and what happened to each, by key and by position."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import AssetEvent, AssetEventKind, AssetEventRecord, Path, escaped

COLUMNS = "position, at, CAST(data AS text) AS data, run_id, step, tick_id"
_event = msgspec.json.Decoder(AssetEvent).decode

# By the index of the stream, which is one of an expression.
_ALL_AFTER = text(f"SELECT {COLUMNS} FROM asset_events WHERE position + 0 > :after ORDER BY position + 0 LIMIT :limit")
# Along the index of each key and kind, and of these the first.
_AFTER = text(
    f"""
    SELECT found.* FROM unnest(CAST(:keys AS text[])) AS wanted(key)
    CROSS JOIN unnest(CAST(:kinds AS text[])) AS sought(kind)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM asset_events
        WHERE asset_events.key = wanted.key AND asset_events.kind = sought.kind AND position > :after
        ORDER BY position LIMIT :limit
    ) AS found
    ORDER BY found.position LIMIT :limit
    """
)
_LATEST = text(
    f"""
    SELECT wanted.ordinal, found.* FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS wanted(key, ordinal)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM asset_events
        WHERE asset_events.key = wanted.key AND asset_events.kind = :kind AND position > greatest(
            :after, (SELECT wiped_position FROM assets WHERE assets.key = wanted.key)
        )
        ORDER BY position DESC LIMIT 1
    ) AS found
    """
)
_PARTITIONS = text(
    """
    SELECT wanted.ordinal, made.partition_key, made.position
    FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS wanted(key, ordinal)
    JOIN asset_partitions AS made ON made.key = wanted.key
    """
)
_FIRST_KEPT = text("SELECT position, purged FROM streams WHERE name = 'assets'")


def record(values: Sequence[Any]) -> AssetEventRecord:
    """Return a row of the columns above as a record."""
    position, at, data, run_id, step, tick_id = values
    return AssetEventRecord(position, at, _event(data), run_id, step, tick_id)


async def after(
    connection: AsyncConnection,
    position: int,
    limit: int,
    keys: Sequence[Path] | None = None,
    kinds: Sequence[AssetEventKind] = tuple(AssetEventKind),
) -> list[AssetEventRecord]:
    """Return at most `limit` events after `position`, in order: of all assets, or those of `keys` and `kinds`."""
    if keys is None:
        rows = await connection.execute(_ALL_AFTER, {"after": position, "limit": limit})
        return [record(row) for row in rows]
    values = {"keys": [escaped(key) for key in keys], "kinds": [str(kind) for kind in kinds]}
    rows = await connection.execute(_AFTER, {**values, "after": position, "limit": limit})
    return [record(row) for row in rows]


async def latest(
    connection: AsyncConnection,
    keys: Sequence[Path],
    kind: AssetEventKind = AssetEventKind.MATERIALIZATION,
    position: int = 0,
) -> dict[Path, AssetEventRecord]:
    """Return the last event of that kind of each asset that has one after `position`."""
    values = {"keys": [escaped(key) for key in keys], "kind": str(kind), "after": position}
    rows = await connection.execute(_LATEST, values)
    return {keys[ordinal - 1]: record(found) for ordinal, *found in rows}


async def materialized_partitions(connection: AsyncConnection, keys: Sequence[Path]) -> list[dict[str, int]]:
    """Return for each asset its materialized partitions, with the position of the last materialization of each."""
    found: list[dict[str, int]] = [{} for _ in keys]
    rows = await connection.execute(_PARTITIONS, {"keys": [escaped(key) for key in keys]})
    for ordinal, partition_key, position in rows:
        found[ordinal - 1][partition_key] = position
    return found


async def reached(connection: AsyncConnection) -> int:
    """Return the position of the last event of all."""
    return int((await connection.execute(_FIRST_KEPT)).one().position)
