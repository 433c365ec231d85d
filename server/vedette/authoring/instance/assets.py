"""What the instance knows of assets."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from vedette.authoring.asset_events import Told
from vedette.authoring.asset_records import EventLogRecord
from vedette.authoring.instance.filters import AssetRecordsFilter, EventRecordsFilter, RunStatusChangeRecordsFilter
from vedette.authoring.instance.records import EventRecordsResult, RunStatusChangeRecord
from vedette.authoring.instance.runs import InstanceRuns, beyond, checked
from vedette.authoring.text import shown
from vedette.domain.assets import AssetEventKind, AssetEventRecord, AssetKey, CoercibleToAssetKey, escaped
from vedette.domain.events import RunEventKind
from vedette.domain.ids import new_id
from vedette.domain.questions import (
    LatestAssetEvents,
    ListAssetEvents,
    ListAssetKeys,
    MaterializedPartitions,
    ReportAssetEvents,
)
from vedette.errors import InvocationError

Coercible = CoercibleToAssetKey
Records = EventRecordsResult[EventLogRecord]


class InstanceAssets(InstanceRuns):
    """The part of an instance that is about assets."""

    def get_latest_materialization_event(self, asset_key: Coercible) -> EventLogRecord | None:
        """Return the last materialization of an asset, None if there is none. Raises InstanceUnavailable."""
        return self.get_latest_materialization_events([asset_key])[AssetKey.from_coercible(asset_key)]

    def get_latest_materialization_events(
        self, asset_keys: Iterable[Coercible]
    ) -> dict[AssetKey, EventLogRecord | None]:
        """Return the last materialization of each of some assets. Raises InstanceUnavailable."""
        keys = [AssetKey.from_coercible(key) for key in asset_keys]
        question = LatestAssetEvents(AssetEventKind.MATERIALIZATION, tuple(key.parts for key in keys))
        found: list[AssetEventRecord] = self._ask(question, list[AssetEventRecord])
        by_key = {record.key: EventLogRecord(record) for record in found}
        return {key: by_key.get(key) for key in keys}

    def fetch_materializations(
        self,
        records_filter: Coercible | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Records:
        """Return materializations of an asset, the newest first. Raises InvocationError, InstanceUnavailable."""
        return self._fetch(RunEventKind.ASSET_MATERIALIZATION, records_filter, limit, cursor, ascending)

    def fetch_observations(
        self,
        records_filter: Coercible | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Records:
        """Return observations of an asset, the newest first. Raises InvocationError, InstanceUnavailable."""
        return self._fetch(RunEventKind.ASSET_OBSERVATION, records_filter, limit, cursor, ascending)

    def _fetch(
        self, kind: RunEventKind, records_filter: Any, limit: int, cursor: str | None, ascending: bool
    ) -> Records:
        own = records_filter if isinstance(records_filter, AssetRecordsFilter) else AssetRecordsFilter(records_filter)
        question = own.as_event_filter(kind).of_assets(limit, ascending=ascending)
        assert question is not None
        if cursor:
            question = beyond(question, int(cursor))
        found = self._events(question, limit + 1)
        records = found[:limit]
        after = str(records[-1].storage_id) if records else cursor or ""
        return EventRecordsResult(records, after, len(found) > limit)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord] | Sequence[RunStatusChangeRecord]:
        """Return events of one type, of assets or of runs, the newest first.

        Raises InvocationError, InstanceUnavailable.
        """
        wanted: EventRecordsFilter = checked(event_records_filter, EventRecordsFilter, "event_records_filter")
        question = wanted.of_assets(0, ascending=ascending)
        if question is not None:
            return self._events(question, limit)
        of_runs = RunStatusChangeRecordsFilter(
            wanted.event_type,
            wanted.after_cursor,
            wanted.before_cursor,
            wanted.after_timestamp,
            wanted.before_timestamp,
        )
        return self.fetch_run_status_changes(of_runs, limit or _ALL, ascending=ascending).records

    def _events(self, question: ListAssetEvents, limit: int | None) -> list[EventLogRecord]:
        def page(size: int, last: AssetEventRecord | None) -> list[AssetEventRecord]:
            asked = question if last is None else beyond(question, last.position)
            found: list[AssetEventRecord] = self._ask(
                msgspec.structs.replace(asked, limit=size), list[AssetEventRecord]
            )
            return found

        return [EventLogRecord(record) for record in self._pages(page, limit)]

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> list[AssetKey]:
        """Return the keys of the assets that there are, in order; those that begin with `prefix`, where given.

        Raises InstanceUnavailable.
        """
        begins = None if not prefix else escaped(tuple(prefix))

        def page(size: int, last: str | None) -> list[str]:
            found: list[str] = self._ask(ListAssetKeys(size, begins, last if last is not None else cursor), list[str])
            return found

        return [AssetKey.from_escaped_user_string(key) for key in self._pages(page, limit)]

    def has_asset_key(self, asset_key: Coercible) -> bool:
        """Tell whether there is an asset of that key. Raises InstanceUnavailable."""
        key = AssetKey.from_coercible(asset_key)
        return key in self.get_asset_keys(key.path)

    def get_materialized_partitions(self, asset_key: Coercible) -> set[str]:
        """Return the partitions of an asset that were produced. Raises InstanceUnavailable."""
        question = MaterializedPartitions(AssetKey.from_coercible(asset_key).parts)
        return set(self._ask(question, dict[str, int]))

    def report_runless_asset_event(self, asset_event: Told) -> None:
        """Tell that an asset was produced, looked at or checked, by no run of this instance; sensors react to it.

        It is told at once, and again if the evaluation happens again: in a sensor, rather return
        SensorResult(asset_events=[...]), which is committed with the tick. Raises InvocationError,
        InstanceUnavailable.
        """
        if not isinstance(asset_event, Told):
            raise InvocationError(
                "report_runless_asset_event takes an AssetMaterialization, AssetObservation or AssetCheckEvaluation,"
                f" not {shown(asset_event)}."
            )
        self._ask(ReportAssetEvents(new_id(), (asset_event.as_event(),)), None)


# Where no limit is given to what has one: more than there can be.
_ALL = 2**31
