"""The context of a sensor that watches several assets: what is new of each, and what it marks as consumed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from vedette.authoring.asset_records import EventLogRecord
from vedette.authoring.assets.definition import AssetsDefinition
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.multi_asset_partitions import AssetPartitions
from vedette.authoring.text import shown
from vedette.domain.assets import AssetEventRecord, AssetKey, CoercibleToAssetKey
from vedette.domain.watched_assets import (
    MOST_UNCONSUMED,
    UNTOUCHED,
    AssetCursor,
    WatchedAsset,
    cursor_name,
    cursor_text,
    parsed_cursors,
)
from vedette.errors import InvalidResult, InvocationError

KEPT_CURSOR = (
    "The cursor of a multi-asset sensor says what it has consumed of each asset: use context.advance_cursor() or"
    " context.advance_all_cursors(), and leave update_cursor and SensorResult(cursor=...) out."
)


class MultiAssetSensorEvaluationContext(SensorEvaluationContext):
    """What a multi-asset sensor is called with: how its assets stand, all as of one moment.

    A materialization is new until it is consumed: `advance_cursor` marks it so, and with it all of its asset before it
    but those of other partitions, which are remembered as unconsumed.
    """

    __slots__ = ("_advanced", "_advanced_all", "_cursors", "_partitions", "_watched")

    keeps_cursor = True

    def __init__(self, sensor_name: str | None, watched: Iterable[WatchedAsset], **options: Any) -> None:
        """Make a context that knows `watched`; `options` are those of every context."""
        super().__init__(sensor_name, **options)
        self._watched = {AssetKey(one.key): one for one in watched}
        self._advanced: dict[AssetKey, dict[int, str | None]] = defaultdict(dict)
        self._advanced_all = False
        self._cursors: Mapping[str, AssetCursor] | None = None
        self._partitions: AssetPartitions | None = None

    @property
    def asset_keys(self) -> Sequence[AssetKey]:
        """Return the keys of the assets that it watches."""
        return list(self._watched)

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition | None]:
        """Return by key what makes each asset; None for one that these Definitions do not make."""
        made = self.repository_def.asset_graph.definitions
        return {key: made.get(key) for key in self._watched}

    def latest_materialization_records_by_key(
        self, asset_keys: Iterable[CoercibleToAssetKey] | None = None
    ) -> Mapping[AssetKey, EventLogRecord | None]:
        """Return the last materialization of each asset, of those that it watches; None where that is consumed."""
        keys = self._watched if asset_keys is None else map(AssetKey.from_coercible, asset_keys)
        return {key: self._newest(key) for key in keys}

    def _newest(self, key: AssetKey) -> EventLogRecord | None:
        newest = self._asset(key).newest
        if newest is None or newest.position <= (self._cursor_of(key).consumed or 0):
            return None
        return EventLogRecord(newest)

    def materialization_records_for_key(
        self, asset_key: CoercibleToAssetKey, limit: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the materializations since the last that was consumed, in order: `limit` of them, 1,000 at most.

        Those beyond come once these are consumed.
        """
        return [EventLogRecord(one) for one in islice(self._asset(AssetKey.from_coercible(asset_key)).new, limit)]

    def get_trailing_unconsumed_events(self, asset_key: CoercibleToAssetKey) -> Sequence[EventLogRecord]:
        """Return what was passed over: before the last that was consumed, the last of each partition that was not."""
        return [EventLogRecord(one) for one in self._asset(AssetKey.from_coercible(asset_key)).unconsumed]

    def get_cursor_partition(self, asset_key: CoercibleToAssetKey) -> str | None:
        """Return the partition of the last materialization that was consumed; None where it is of none."""
        return self._cursor_of(AssetKey.from_coercible(asset_key)).partition

    def latest_materialization_records_by_partition(
        self, asset_key: CoercibleToAssetKey, after_cursor_partition: bool = False
    ) -> Mapping[str, EventLogRecord]:
        """Return the last materialization of each partition that is not consumed, those passed over too, in order.

        after_cursor_partition: only of partitions that come after `get_cursor_partition`.

        Raises InvocationError where the asset has no partitions.
        """
        key = AssetKey.from_coercible(asset_key)
        asset = self._asset(key)
        after = self._cursor_of(key).partition if after_cursor_partition else None
        is_wanted = self._partitions_of_assets.wanted(key, after)
        found: dict[str, EventLogRecord] = {}
        for record in sorted(asset.unconsumed + asset.new + asset.later, key=_position):
            partition = record.event.partition_key
            if partition is not None and is_wanted(partition):
                found.pop(partition, None)
                found[partition] = EventLogRecord(record)
        return found

    def latest_materialization_records_by_partition_and_asset(self) -> Mapping[str, Mapping[AssetKey, EventLogRecord]]:
        """Return the same for all assets, by partition and asset; raises InvocationError unless these are the same."""
        self._partitions_of_assets.check_same(self._watched)
        found: dict[str, dict[AssetKey, EventLogRecord]] = defaultdict(dict)
        for key in self._watched:
            for partition, record in self.latest_materialization_records_by_partition(key).items():
                found[partition][key] = record
        return dict(found)

    def all_partitions_materialized(
        self, asset_key: CoercibleToAssetKey, partitions: Sequence[str] | None = None
    ) -> bool:
        """Tell whether all partitions of an asset, or all of `partitions`, were ever materialized, consumed or not."""
        key = AssetKey.from_coercible(asset_key)
        made = set(self._asset(key).partitions)
        if partitions is not None and not partitions:
            raise InvocationError("all_partitions_materialized takes at least one partition, or None for all.")
        return made.issuperset(self._partitions_of_assets.all_keys(key) if partitions is None else partitions)

    def get_downstream_partition_keys(
        self, partition_key: str, from_asset_key: CoercibleToAssetKey, to_asset_key: CoercibleToAssetKey
    ) -> Sequence[str]:
        """Return the partitions of one asset that are made from a partition of another, as its mapping says.

        Raises InvocationError where one of them has no partitions, or is none of these Definitions.
        """
        upstream, downstream = AssetKey.from_coercible(from_asset_key), AssetKey.from_coercible(to_asset_key)
        return self._partitions_of_assets.downstream_of(partition_key, upstream, downstream)

    def advance_cursor(self, materialization_records_by_key: Mapping[AssetKey, EventLogRecord | None]) -> None:
        """Mark records as consumed, once the evaluation succeeds; None marks nothing. Raises InvocationError."""
        for given, record in materialization_records_by_key.items():
            key = AssetKey.from_coercible(given)
            self._asset(key)
            if record is not None and not isinstance(record, EventLogRecord):
                raise InvocationError(f"advance_cursor takes records of materializations, not {shown(record)}.")
            if record is not None:
                self._advanced[key][record.storage_id] = record.partition_key
        self._cursor_updated = True

    def advance_all_cursors(self) -> None:
        """Mark all there is as consumed, once the evaluation succeeds, those passed over too."""
        self.advance_cursor(self.latest_materialization_records_by_key())
        self._advanced_all = True

    def update_cursor(self, cursor: str | None) -> None:
        """Raise InvalidResult: the cursor follows from what was consumed."""
        raise InvalidResult(KEPT_CURSOR)

    def conclude(self, requested: bool) -> None:
        """Make the cursor of what was consumed; raises InvalidResult if runs were `requested` and nothing was."""
        if requested and not self._cursor_updated:
            raise InvalidResult(
                f'Sensor "{self.sensor_name}" asked for runs and consumed nothing, so that the next evaluation would'
                " ask again: call context.advance_cursor() or context.advance_all_cursors()."
            )
        if self._cursor_updated:
            self._cursor = cursor_text({cursor_name(key.parts): self._moved(key) for key in self._watched})

    def _moved(self, key: AssetKey) -> AssetCursor:
        cursor, advanced = self._cursor_of(key), self._advanced.get(key, {})
        if not advanced:
            return AssetCursor(cursor.partition, cursor.consumed) if self._advanced_all else cursor
        greatest, before = max(advanced), cursor.consumed or 0
        unconsumed = {} if self._advanced_all else self._passed_over(key, advanced)
        if greatest > before:
            return AssetCursor(advanced[greatest], greatest, unconsumed)
        return AssetCursor(cursor.partition, cursor.consumed, unconsumed)

    def _passed_over(self, key: AssetKey, advanced: Mapping[int, str | None]) -> dict[str, int]:
        """Return by partition the last event that stays behind; raises InvalidResult for too many."""
        asset, reached = self._asset(key), max(*advanced, self._cursor_of(key).consumed or 0)
        found: dict[str, int] = {}
        for record in sorted(asset.unconsumed + asset.new + asset.later, key=_position):
            partition = record.event.partition_key
            if partition is None or record.position > reached:
                continue
            if record.position in advanced:
                found.pop(partition, None)
            else:
                found[partition] = record.position
        if len(found) > MOST_UNCONSUMED:
            raise InvalidResult(
                f"{len(found)} partitions of {key} would stay unconsumed, and a cursor remembers {MOST_UNCONSUMED}:"
                " consume what context.get_trailing_unconsumed_events() tells with context.advance_cursor(), or all of"
                " it with context.advance_all_cursors()."
            )
        return found

    @property
    def _partitions_of_assets(self) -> AssetPartitions:
        if self._partitions is None:
            self._partitions = AssetPartitions(self.repository_def.asset_graph, self._instance)
        return self._partitions

    def _asset(self, key: AssetKey) -> WatchedAsset:
        if (found := self._watched.get(key)) is None:
            names = ", ".join(each.to_user_string() for each in self._watched)
            raise InvocationError(
                f'The asset "{key.to_user_string()}" is none of those that the sensor watches ({names}).'
            )
        return found

    def _cursor_of(self, key: AssetKey) -> AssetCursor:
        if self._cursors is None:
            self._cursors = parsed_cursors(self._cursor)
        if self._cursors is None:
            raise InvalidResult(
                f"The cursor {shown(self._cursor)} is none of a multi-asset sensor; clear it with"
                " `vedette sensor cursor NAME --delete`, and all that is there is new to it."
            )
        return self._cursors.get(cursor_name(key.parts), UNTOUCHED)


def _position(record: AssetEventRecord) -> int:
    return record.position
