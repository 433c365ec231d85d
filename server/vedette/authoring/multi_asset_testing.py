"""Contexts of multi-asset sensors for tests."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vedette.authoring.asset_events import AssetMaterialization
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.keys import keys_of
from vedette.authoring.assets.selection import AssetSelection
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.multi_asset_contexts import MultiAssetSensorEvaluationContext
from vedette.authoring.multi_asset_sensors import MonitoredAssets, watched_keys
from vedette.domain.assets import AssetEventRecord, AssetKey
from vedette.domain.watched_assets import (
    MOST_NEW,
    UNTOUCHED,
    AssetCursor,
    WatchedAsset,
    cursor_name,
    cursor_text,
    parsed_cursors,
)
from vedette.errors import InvocationError

# More than a test makes.
_MOST = 100_000

if TYPE_CHECKING:
    from vedette.authoring.definitions import Definitions


def build_multi_asset_sensor_context(
    *,
    monitored_assets: MonitoredAssets,
    repository_def: "Definitions | None" = None,
    instance: VedetteInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, Any] | None = None,
    definitions: "Definitions | None" = None,
    last_sensor_start_time: float | None = None,
    materializations: Iterable[AssetMaterialization] = (),
) -> MultiAssetSensorEvaluationContext:
    """Build a context for a test: call the sensor with it, or pass it to `evaluate_tick`.

    instance: what has happened is what it tells, such as VedetteInstance.ephemeral().
    materializations: without an instance, what has happened, in order; their positions are 1, 2, 3 …
    cursor: what is consumed already, as text; with `cursor_from_latest_materializations` all that has happened is.
    definitions (or `repository_def`, the same thing): needed for a selection of assets, and for their partitions.
    Raises InvocationError where both are given, or where definitions are needed and missing.
    """
    if cursor is not None and cursor_from_latest_materializations:
        raise InvocationError("A context has a cursor or cursor_from_latest_materializations: give one of the two.")
    known = definitions if definitions is not None else repository_def
    keys = _keys(monitored_assets, known)
    events = _recorded(materializations) if instance is None else _told_by(instance, keys)
    if cursor_from_latest_materializations:
        cursor = _consumed(keys, events)
    cursors = parsed_cursors(cursor)
    if cursors is None:
        raise InvocationError(f"{cursor!r} is no cursor of a multi-asset sensor; take the one of another context.")
    return MultiAssetSensorEvaluationContext(
        None,
        [_asset(key, events, cursors.get(cursor_name(key.parts), UNTOUCHED)) for key in keys],
        cursor=cursor,
        last_sensor_start_time=last_sensor_start_time,
        definitions=known,
        resources=resources,
        instance=instance,
    )


def _recorded(materializations: Iterable[AssetMaterialization]) -> list[AssetEventRecord]:
    now = datetime.now(UTC)
    return [AssetEventRecord(position, now, one.as_event()) for position, one in enumerate(materializations, 1)]


def _told_by(instance: VedetteInstance, keys: Iterable[AssetKey]) -> list[AssetEventRecord]:
    found = [one.record for key in keys for one in instance.fetch_materializations(key, _MOST, ascending=True).records]
    return sorted(found, key=lambda one: one.position)


def _keys(monitored: MonitoredAssets, definitions: "Definitions | None") -> tuple[AssetKey, ...]:
    if not isinstance(monitored, AssetSelection):
        return tuple(key for one in monitored for key in keys_of(one))
    if definitions is None:
        raise InvocationError("A selection of assets needs definitions= to be resolved in.")
    graph: AssetGraph = definitions.asset_graph
    return watched_keys("in this test", monitored, graph)


def _consumed(keys: Iterable[AssetKey], events: Iterable[AssetEventRecord]) -> str:
    newest = {one.key: one for one in events}
    found = [(key, newest[key]) for key in keys if key in newest]
    return cursor_text(
        {cursor_name(key.parts): AssetCursor(one.event.partition_key, one.position) for key, one in found}
    )


def _asset(key: AssetKey, events: Iterable[AssetEventRecord], cursor: AssetCursor) -> WatchedAsset:
    own = [one for one in events if one.key == key]
    after = [one for one in own if one.position > (cursor.consumed or 0)]
    last = {one.event.partition_key: one for one in after}
    made = [one.event.partition_key for one in own if one.event.partition_key is not None]
    return WatchedAsset(
        key=key.parts,
        newest=own[-1] if own else None,
        new=tuple(after[:MOST_NEW]),
        later=tuple(one for one in after[MOST_NEW:] if one in last.values()),
        unconsumed=tuple(one for one in own if one.position in cursor.unconsumed.values()),
        partitions=tuple(dict.fromkeys(made)),
    )
