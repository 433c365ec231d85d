"""What happened to assets, as lists: of each asset, run and tick; and how each asset, check and partition stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import AssetEvent, AssetEventKind, AssetEventRecord, Path, escaped
from vedette.storage import pages, scopes
from vedette.storage.assets import assets
from vedette.storage.pages import AnyOf, By, Condition

_COLUMNS = "position, at, CAST(data AS text), run_id, step, tick_id"
# What was wiped is no longer shown.
_NOT_WIPED = Condition("position > coalesce((SELECT wiped_position FROM assets WHERE assets.key = parent_0), 0)", {})


class HistoryFilter(NamedTuple):
    """Which events of an asset a list holds; what is None does not restrict."""

    kinds: tuple[AssetEventKind, ...] = tuple(AssetEventKind)
    partition_key: str | None = None
    check_name: str | None = None


def _build(values: pages.Values) -> AssetEventRecord:
    return assets.record(values[:6])


_OF_ASSETS = pages.Listing(
    _COLUMNS,
    "asset_events",
    (By("position", "bigint"),),
    _build,
    descending=True,
    parent=(By("key", "text"),),
    scope=scopes.OF_ASSET,
)
_OF_SOURCES = pages.Listing(
    _COLUMNS,
    "asset_events",
    (By("index", "bigint"),),
    _build,
    parent=(By("source_id", "uuid"),),
    scope=scopes.AS_ITS_PARENT,
)


async def page_each(
    connection: AsyncConnection, keys: Sequence[Path], of: HistoryFilter, window: pages.Window
) -> list[pages.Page[AssetEventRecord]]:
    """Return the same part of what happened to each asset, the latest first."""
    conditions = [_NOT_WIPED]
    if of.partition_key is not None:
        conditions.append(Condition("partition_key = :partition_key", {"partition_key": of.partition_key}))
    if of.check_name is not None:
        conditions.append(Condition("check_name = :check_name", {"check_name": of.check_name}))
    parents = [(escaped(key),) for key in keys]
    kinds = AnyOf("kind", [kind.value for kind in of.kinds])
    return await pages.read_each(connection, _OF_ASSETS, parents, window, conditions, kinds)


async def page_each_source(
    connection: AsyncConnection, ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[AssetEventRecord]]:
    """Return the same part of what each run, tick or report told of assets, in order."""
    return await pages.read_each(connection, _OF_SOURCES, [(one,) for one in ids], window)


_LATEST = text(
    """
    SELECT wanted.ordinal, assets.materialized_position, assets.materialized_at, assets.materialized_by,
        CAST(told.data AS text) AS data, told.step, told.tick_id
    FROM unnest(CAST(:keys AS text[])) WITH ORDINALITY AS wanted(key, ordinal)
    JOIN assets ON assets.key = wanted.key AND assets.materialized_position IS NOT NULL
    LEFT JOIN asset_events AS told ON told.key = wanted.key AND told.kind = 'MATERIALIZATION'
        AND told.position = assets.materialized_position
    """
)


async def latest_materializations(connection: AsyncConnection, keys: Sequence[Path]) -> dict[Path, AssetEventRecord]:
    """Return the last materialization of each asset that has one; of one that is no longer kept, when it was."""
    found = {}
    for ordinal, position, at, run_id, data, step, tick_id in await connection.execute(
        _LATEST, {"keys": [escaped(key) for key in keys]}
    ):
        key = keys[ordinal - 1]
        if data is None:
            event = AssetEvent(AssetEventKind.MATERIALIZATION, key)
            found[key] = AssetEventRecord(position, at, event, run_id)
        else:
            found[key] = assets.record((position, at, data, run_id, step, tick_id))
    return found


_LATEST_CHECKS = text(
    """
    SELECT wanted.ordinal, told.* FROM unnest(CAST(:keys AS text[]), CAST(:names AS text[])) WITH ORDINALITY
        AS wanted(key, check_name, ordinal)
    CROSS JOIN LATERAL (
        SELECT position, at, CAST(data AS text) AS data, run_id, step, tick_id FROM asset_events
        WHERE asset_events.key = wanted.key AND asset_events.check_name = wanted.check_name
            AND position > coalesce((SELECT wiped_position FROM assets WHERE assets.key = wanted.key), 0)
        ORDER BY position DESC LIMIT 1
    ) AS told
    """
)


async def latest_checks(
    connection: AsyncConnection, checks: Sequence[tuple[Path, str]]
) -> dict[tuple[Path, str], AssetEventRecord]:
    """Return the last result of each check (asset, name) that has one."""
    values = {"keys": [escaped(key) for key, _ in checks], "names": [name for _, name in checks]}
    rows = await connection.execute(_LATEST_CHECKS, values)
    return {checks[ordinal - 1]: assets.record(told) for ordinal, *told in rows}


class PartitionMade(NamedTuple):
    """The last materialization of a partition."""

    position: int
    at: datetime
    run_id: UUID | None


_PARTITIONS = text(
    """
    SELECT wanted.ordinal, made.position, made.at, made.run_id
    FROM unnest(CAST(:keys AS text[]), CAST(:partitions AS text[])) WITH ORDINALITY
        AS wanted(key, partition_key, ordinal)
    JOIN asset_partitions AS made USING (key, partition_key)
    """
)


async def partitions_made(
    connection: AsyncConnection, partitions: Sequence[tuple[Path, str]]
) -> dict[tuple[Path, str], PartitionMade]:
    """Return how each partition (asset, partition key) stands that was ever materialized."""
    values = {"keys": [escaped(key) for key, _ in partitions], "partitions": [part for _, part in partitions]}
    return {
        partitions[ordinal - 1]: PartitionMade(*made)
        for ordinal, *made in await connection.execute(_PARTITIONS, values)
    }


_COUNT_PARTITIONS = text(
    """
    SELECT wanted.key, counted.made FROM unnest(CAST(:keys AS text[])) AS wanted(key)
    CROSS JOIN LATERAL (
        SELECT count(*) AS made FROM asset_partitions WHERE asset_partitions.key = wanted.key
    ) AS counted
    """
)


async def count_partitions(connection: AsyncConnection, keys: Sequence[Path]) -> dict[Path, int]:
    """Return how many partitions of each asset were ever materialized."""
    by_text = {escaped(key): key for key in keys}
    rows = await connection.execute(_COUNT_PARTITIONS, {"keys": list(by_text)})
    return {by_text[key]: made for key, made in rows}


_AT = text(f"SELECT {_COLUMNS} FROM asset_events WHERE position + 0 = ANY(CAST(:positions AS bigint[]))")


async def by_positions(connection: AsyncConnection, positions: Sequence[int]) -> dict[int, AssetEventRecord]:
    """Return those of the events that are still kept, by position."""
    rows = await connection.execute(_AT, {"positions": list(positions)})
    return {row[0]: assets.record(row) for row in rows}


_TOLD = text(f"SELECT {_COLUMNS} FROM asset_events WHERE source_id = :source_id AND index = 0")


async def reported(connection: AsyncConnection, source_id: UUID) -> AssetEventRecord | None:
    """Return the event of a report; None where it is no longer kept."""
    row = (await connection.execute(_TOLD, {"source_id": source_id})).first()
    return None if row is None else assets.record(row)


# Whoever appends holds this lock to the commit; what is wiped is seen after it.
_LOCK = text("SELECT position FROM streams WHERE name = 'assets' FOR NO KEY UPDATE")
_WIPE = text(
    """
    WITH parts AS (DELETE FROM asset_partitions WHERE key = ANY(CAST(:keys AS text[])))
    UPDATE assets SET wiped_position = :position, materialized_position = NULL, materialized_at = NULL,
        materialized_by = NULL, materialized_code_version = NULL
    WHERE key = ANY(CAST(:keys AS text[])) RETURNING key
    """
)


async def wipe(connection: AsyncConnection, keys: Sequence[Path]) -> set[str]:
    """Forget what happened to assets so far; return the keys, escaped, of those that there are.

    Lists and states are as if they had never been materialized. Streams, and what runs and ticks told, stay.
    """
    position = (await connection.execute(_LOCK)).scalar_one()
    values = {"keys": [escaped(key) for key in keys], "position": position}
    return set((await connection.execute(_WIPE, values)).scalars())
