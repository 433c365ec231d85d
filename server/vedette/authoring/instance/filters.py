"""What is asked for: which runs, and which events of assets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from vedette.authoring.text import shown
from vedette.domain.assets import AssetEventKind, AssetKey, CoercibleToAssetKey
from vedette.domain.events import OF_ASSETS, RunEventKind
from vedette.domain.questions import ListAssetEvents, RunsSought
from vedette.domain.runs import RunStatus
from vedette.errors import InvocationError

Moment = datetime | float

_ASSET_KINDS = {of_run: of_asset for of_asset, of_run in OF_ASSETS.items()}
STATUS_KINDS = {RunEventKind(f"RUN_{status}"): status for status in RunStatus}


def moment_of(given: object, what: str) -> datetime | None:
    """Return a time as an aware one: a datetime, UTC where it says nothing else, or seconds since the epoch."""
    if given is None:
        return None
    if isinstance(given, datetime):
        return given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    if isinstance(given, int | float) and not isinstance(given, bool):
        return datetime.fromtimestamp(given, UTC)
    raise InvocationError(f"{what} is a datetime or seconds since the epoch, not {shown(given)}.")


def run_ids_of(given: Iterable[str | UUID]) -> tuple[UUID, ...]:
    """Return the ids of runs; what is no id is left out, there is no such run."""
    found = []
    for one in given:
        try:
            found.append(one if isinstance(one, UUID) else UUID(one))
        except (ValueError, AttributeError, TypeError):
            continue
    return tuple(found)


@dataclass(frozen=True)
class RunsFilter:
    """Which runs; what is None does not restrict. A run has all of the tags; a tag may have a list of values.

    The times are exclusive: datetimes, UTC where they say nothing else. A run is updated when it is queued, starts
    and ends. Raises InvocationError for what is none of that, when it is used.
    """

    run_ids: Sequence[str] | None = None
    job_name: str | None = None
    statuses: Sequence[RunStatus] | None = None
    tags: Mapping[str, str | Sequence[str]] | None = field(default=None, hash=False)
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    def sought(self) -> RunsSought:
        """Return it as data."""
        return RunsSought(
            ids=None if self.run_ids is None else run_ids_of(self.run_ids),
            job_name=self.job_name,
            statuses=tuple(map(_status, self.statuses or ())),
            tags={key: _values(value) for key, value in (self.tags or {}).items()},
            created_after=moment_of(self.created_after, "created_after"),
            created_before=moment_of(self.created_before, "created_before"),
            updated_after=moment_of(self.updated_after, "updated_after"),
            updated_before=moment_of(self.updated_before, "updated_before"),
        )


def _status(given: str) -> RunStatus:
    try:
        return RunStatus(given)
    except ValueError:
        there = ", ".join(status.value for status in RunStatus)
        raise InvocationError(f"The statuses of a RunsFilter are of {there}; {shown(given)} is none.") from None


def _values(given: object) -> tuple[str, ...]:
    values = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else ()
    if not values or not all(isinstance(value, str) for value in values):
        raise InvocationError(f"A tag of a RunsFilter has a text or a list of texts, not {shown(given)}.")
    return values


@dataclass(frozen=True)
class EventRecordsFilter:
    """Which events; what is None does not restrict. `event_type` is ASSET_MATERIALIZATION and the like, or RUN_….

    Cursors are storage ids, times seconds since the epoch; both are exclusive.
    """

    event_type: RunEventKind
    asset_key: CoercibleToAssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: Moment | None = None
    before_timestamp: Moment | None = None
    storage_ids: Sequence[int] | None = None

    def of_assets(self, limit: int, *, ascending: bool) -> ListAssetEvents | None:
        """Return it as a question, None where it is not about assets; raises InvocationError."""
        kind = _ASSET_KINDS.get(self.event_type)
        return None if kind is None else self.question(kind, limit, ascending=ascending)

    def question(self, kind: AssetEventKind, limit: int, *, ascending: bool) -> ListAssetEvents:
        """Return it as a question about one kind of events of assets."""
        return ListAssetEvents(
            kind=kind,
            limit=limit,
            key=None if self.asset_key is None else AssetKey.from_coercible(self.asset_key).parts,
            partitions=_tuple(self.asset_partitions),
            after=self.after_cursor,
            before=self.before_cursor,
            since=moment_of(self.after_timestamp, "after_timestamp"),
            until=moment_of(self.before_timestamp, "before_timestamp"),
            positions=_tuple(self.storage_ids),
            ascending=ascending,
        )


@dataclass(frozen=True)
class AssetRecordsFilter:
    """Which events of one asset; the rest is as with EventRecordsFilter."""

    asset_key: CoercibleToAssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: Moment | None = None
    before_timestamp: Moment | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None

    def as_event_filter(self, event_type: RunEventKind) -> EventRecordsFilter:
        """Return it as a filter of all events."""
        return EventRecordsFilter(
            event_type,
            self.asset_key,
            self.asset_partitions,
            self.after_storage_id,
            self.before_storage_id,
            self.after_timestamp,
            self.before_timestamp,
            self.storage_ids,
        )


@dataclass(frozen=True)
class RunStatusChangeRecordsFilter:
    """Which changes of runs to the status that `event_type` tells of; the rest is as with EventRecordsFilter."""

    event_type: RunEventKind
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    after_timestamp: Moment | None = None
    before_timestamp: Moment | None = None
    storage_ids: Sequence[int] | None = None
    job_names: Sequence[str] | None = None


def _tuple(given: Iterable[Any] | None) -> tuple[Any, ...] | None:
    return None if given is None else tuple(given)
