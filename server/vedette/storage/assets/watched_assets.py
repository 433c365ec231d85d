"""What sensors that watch several assets are told of these: all of it in one statement, as of one moment."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import AssetEventKind, AssetEventRecord, Path, escaped, unescaped
from vedette.domain.watched_assets import MOST_NEW, AssetCursor, WatchedAsset
from vedette.storage.assets import assets


class _Part(IntEnum):
    """Which part of the answer a row is of."""

    NEWEST = 0
    NEW = 1
    LAST = 2
    UNCONSUMED = 3


_COLUMNS = "found.position, found.at, CAST(found.data AS text) AS data, found.run_id, found.step, found.tick_id"
_MADE = "asset_events AS found WHERE found.key = wanted.key AND found.kind = 'MATERIALIZATION'"
# Each branch goes along an index: of key, kind and position, or of the position alone.
_READ = text(
    f"""
    WITH wanted AS MATERIALIZED (
        SELECT ordinal, key, consumed
        FROM unnest(CAST(:keys AS text[]), CAST(:consumed AS bigint[])) WITH ORDINALITY AS given(key, consumed, ordinal)
    )
    SELECT ordinal, {_Part.NEWEST} AS part, one.* FROM wanted
    CROSS JOIN LATERAL (SELECT {_COLUMNS} FROM {_MADE} ORDER BY found.position DESC LIMIT 1) AS one
    UNION ALL
    SELECT ordinal, {_Part.NEW}, one.* FROM wanted CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM {_MADE} AND found.position > wanted.consumed ORDER BY found.position LIMIT {MOST_NEW}
    ) AS one
    UNION ALL
    SELECT ordinal, {_Part.LAST}, {_COLUMNS} FROM wanted
    JOIN asset_partitions AS made ON made.key = wanted.key AND made.position > wanted.consumed
    JOIN asset_events AS found ON found.position + 0 = made.position
    UNION ALL
    SELECT given.ordinal, {_Part.UNCONSUMED}, {_COLUMNS}
    FROM unnest(CAST(:remembering AS bigint[]), CAST(:remembered AS bigint[])) AS given(ordinal, position)
    JOIN asset_events AS found ON found.position + 0 = given.position
    ORDER BY 1, 2, 3
    """
)
_PARTITIONS = text(
    """
    SELECT key, array_agg(partition_key ORDER BY partition_key) AS partitions
    FROM asset_partitions WHERE key = ANY(CAST(:keys AS text[])) GROUP BY key
    """
)
_SINCE = text(
    """
    SELECT streams.position, found.key FROM streams LEFT JOIN (
        SELECT DISTINCT key FROM asset_events WHERE position + 0 > :after AND kind = 'MATERIALIZATION'
    ) AS found ON true
    WHERE streams.name = 'assets'
    """
)

Wanted = tuple[Path, AssetCursor]


class Materialized(NamedTuple):
    """The assets that were materialized since some position, and the position up to which that is known."""

    position: int
    keys: frozenset[Path]


async def read(connection: AsyncConnection, wanted: Sequence[Wanted]) -> list[WatchedAsset]:
    """Return what there is of each asset, given what was consumed of it, in the order of `wanted`."""
    keys = [escaped(key) for key, _ in wanted]
    remembered = [(place, one) for place, (_, cursor) in enumerate(wanted, 1) for one in cursor.unconsumed.values()]
    # Before the events: what is materialized in between is then told as new, and the next time as made.
    made = await _partitions(connection, [key for key, _ in wanted])
    values = {
        "keys": keys,
        "consumed": [cursor.consumed or 0 for _, cursor in wanted],
        "remembering": [place for place, _ in remembered],
        "remembered": [position for _, position in remembered],
    }
    parts: dict[tuple[int, int], list[AssetEventRecord]] = {}
    for ordinal, part, *found in await connection.execute(_READ, values):
        parts.setdefault((ordinal, part), []).append(assets.record(found))
    return list(_built(wanted, parts, made))


def _built(
    wanted: Sequence[Wanted],
    parts: dict[tuple[int, int], list[AssetEventRecord]],
    made: dict[Path, tuple[str, ...]],
) -> Iterator[WatchedAsset]:
    for ordinal, (key, _) in enumerate(wanted, 1):
        newest = parts.get((ordinal, _Part.NEWEST), [])
        new = parts.get((ordinal, _Part.NEW), [])
        end = new[-1].position if len(new) == MOST_NEW else None
        last = {one.position: one for one in [*parts.get((ordinal, _Part.LAST), []), *newest]}
        later = [one for position, one in sorted(last.items()) if end is not None and position > end]
        yield WatchedAsset(
            key=key,
            newest=newest[0] if newest else None,
            new=tuple(new),
            later=tuple(later),
            unconsumed=tuple(parts.get((ordinal, _Part.UNCONSUMED), [])),
            partitions=made.get(key, ()),
        )


async def standing(connection: AsyncConnection, keys: Sequence[Path]) -> dict[Path, WatchedAsset]:
    """Return of each asset when it was last produced or observed, as `newest`, and its partitions."""
    made = await _partitions(connection, keys)
    newest: dict[Path, AssetEventRecord] = {}
    for kind in (AssetEventKind.MATERIALIZATION, AssetEventKind.OBSERVATION):
        for key, one in (await assets.latest(connection, keys, kind)).items():
            newest[key] = max(newest.get(key, one), one, key=lambda record: record.position)
    return {key: WatchedAsset(key, newest.get(key), partitions=made.get(key, ())) for key in keys}


async def _partitions(connection: AsyncConnection, keys: Sequence[Path]) -> dict[Path, tuple[str, ...]]:
    rows = await connection.execute(_PARTITIONS, {"keys": [escaped(key) for key in dict.fromkeys(keys)]})
    return {unescaped(row.key): tuple(row.partitions) for row in rows}


async def materialized_since(connection: AsyncConnection, position: int) -> Materialized:
    """Return which assets were materialized after `position`."""
    rows = (await connection.execute(_SINCE, {"after": position})).all()
    return Materialized(rows[0].position, frozenset(unescaped(row.key) for row in rows if row.key is not None))
