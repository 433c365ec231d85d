"""What happened to assets, as user code asks for it: by key, kind, partition and time, newest or oldest first."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import AssetEventRecord, escaped
from vedette.domain.questions import ListAssetEvents, ListAssetKeys
from vedette.storage import pages
from vedette.storage.assets import assets
from vedette.storage.runs.run_events import storable

_EVENTS = "SELECT {columns} FROM asset_events WHERE {conditions} ORDER BY {place} {order} LIMIT :limit"
_WIPED = "coalesce((SELECT wiped_position FROM assets WHERE assets.key = :key), 0)"
_KEYS = text(
    """
    SELECT key FROM assets
    WHERE (CAST(:cursor AS text) IS NULL OR key > :cursor) AND (CAST(:prefix AS text) IS NULL
        OR key = :prefix OR starts_with(key, :prefix || '/'))
    ORDER BY key LIMIT :limit
    """
)


async def events(connection: AsyncConnection, asked: ListAssetEvents) -> list[AssetEventRecord]:
    """Return a page of events; of an asset, of those since it was last wiped."""
    # Those of one asset go along its index, all others along that of the stream, which is one of an expression.
    place = "position + 0" if asked.key is None else "position"
    wanted = {
        "kind = :kind": ("kind", asked.kind.value),
        f"key = :key AND position > {_WIPED}": ("key", None if asked.key is None else storable(escaped(asked.key))),
        "partition_key = ANY(CAST(:partitions AS text[]))": ("partitions", _list(asked.partitions)),
        "position + 0 = ANY(CAST(:positions AS bigint[]))": ("positions", _list(asked.positions)),
        f"{place} > :after": ("after", asked.after),
        f"{place} < :before": ("before", asked.before),
        "at > :since": ("since", asked.since),
        "at < :until": ("until", asked.until),
    }
    given = {sql: value for sql, value in wanted.items() if value[1] is not None}
    sql = _EVENTS.format(
        columns=assets.COLUMNS, place=place, conditions=" AND ".join(given), order="" if asked.ascending else "DESC"
    )
    rows = await connection.execute(pages.statement(sql), {"limit": asked.limit, **dict(given.values())})
    return [assets.record(row) for row in rows]


def _list(values: tuple[object, ...] | None) -> list[object] | None:
    return None if values is None else list(values)


async def keys(connection: AsyncConnection, asked: ListAssetKeys) -> list[str]:
    """Return a page of the keys of assets, as they are stored."""
    values = {"cursor": storable(asked.cursor), "prefix": storable(asked.prefix), "limit": asked.limit}
    return [row.key for row in await connection.execute(_KEYS, values)]
