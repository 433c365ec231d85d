"""Filters of lists and subscriptions, and what they are to the storage."""

from datetime import UTC, datetime

import strawberry

from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.runs import RunStatus
from vedette.domain.sensors import SensorConditionKind
from vedette.domain.ticks import TickStatus
from vedette.graphql import ids
from vedette.graphql.tags import TagInput
from vedette.storage.catalog.jobs import JobFilter
from vedette.storage.runs.runs import RunFilter
from vedette.storage.sensors.sensors import SensorFilter
from vedette.storage.ticks.ticks import TickFilter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@strawberry.input(name="SensorFilter", description="Which sensors; what is left out does not restrict.")
class SensorFilterInput:
    """Which sensors."""

    code_location: str | None = strawberry.field(default=None, description="Those of the code location of this name.")
    name_contains: str | None = strawberry.field(
        default=None, description="Those with this in their name, in any case."
    )
    status: SensorStatus | None = strawberry.field(default=None, description="Those of this status.")
    kind: SensorKind | None = strawberry.field(default=None, description="Those of this kind.")
    condition: SensorConditionKind | None = strawberry.field(default=None, description="Those in this condition.")
    tag: TagInput | None = strawberry.field(default=None, description="Those with this tag.")


@strawberry.input(name="TickFilter", description="Which ticks; what is left out does not restrict.")
class TickFilterInput:
    """Which ticks."""

    sensor_id: strawberry.ID | None = strawberry.field(default=None, description="Those of this sensor.")
    sensor_name: str | None = strawberry.field(default=None, description="Those of the sensors of this name.")
    status: list[TickStatus] | None = strawberry.field(default=None, description="Those of one of these statuses.")
    since: datetime | None = strawberry.field(default=None, description="Those that started then or later.")
    until: datetime | None = strawberry.field(default=None, description="Those that started before.")
    has_runs: bool | None = strawberry.field(
        default=None, description="Those that launched runs, or those that did not."
    )


@strawberry.input(name="RunFilter", description="Which runs; what is left out does not restrict.")
class RunFilterInput:
    """Which runs."""

    sensor_id: strawberry.ID | None = strawberry.field(default=None, description="Those that this sensor asked for.")
    tick_id: strawberry.ID | None = strawberry.field(default=None, description="Those that this tick launched.")
    job_name: str | None = strawberry.field(default=None, description="Those of the jobs of this name.")
    status: list[RunStatus] | None = strawberry.field(default=None, description="Those of one of these statuses.")
    run_key: str | None = strawberry.field(default=None, description="Those with this run key.")
    tag: list[TagInput] | None = strawberry.field(default=None, description="Those that have all of these tags.")
    since: datetime | None = strawberry.field(default=None, description="Those that were queued then or later.")
    until: datetime | None = strawberry.field(default=None, description="Those that were queued before.")


@strawberry.input(name="JobFilter", description="Which jobs; what is left out does not restrict.")
class JobFilterInput:
    """Which jobs."""

    code_location: str | None = strawberry.field(default=None, description="Those of the code location of this name.")
    name_contains: str | None = strawberry.field(
        default=None, description="Those with this in their name, in any case."
    )


def sensor_filter(given: SensorFilterInput | None) -> SensorFilter:
    """Return the filter as the storage has it."""
    if given is None:
        return SensorFilter()
    return SensorFilter(
        code_location=given.code_location,
        name_contains=given.name_contains,
        status=given.status,
        kind=given.kind,
        condition=given.condition,
        tag=None if given.tag is None else (given.tag.key, given.tag.value),
    )


def moment(given: datetime) -> datetime:
    """Return a moment that a client names, or the first that an id can tell: nothing is older."""
    return max(given, _EPOCH)


def _moment(given: datetime | None) -> datetime | None:
    return None if given is None else moment(given)


def tick_filter(given: TickFilterInput | None) -> TickFilter:
    """Return the filter as the storage has it; raises BAD_ID and BAD_INPUT."""
    if given is None:
        return TickFilter()
    return TickFilter(
        sensor_id=None if given.sensor_id is None else ids.decode_uuid("Sensor", given.sensor_id),
        sensor_name=given.sensor_name,
        statuses=tuple(given.status or ()),
        since=_moment(given.since),
        until=_moment(given.until),
        has_runs=given.has_runs,
    )


def run_filter(given: RunFilterInput | None) -> RunFilter:
    """Return the filter as the storage has it; raises BAD_ID and BAD_INPUT."""
    if given is None:
        return RunFilter()
    return RunFilter(
        sensor_id=None if given.sensor_id is None else ids.decode_uuid("Sensor", given.sensor_id),
        tick_id=None if given.tick_id is None else ids.decode_uuid("Tick", given.tick_id),
        job_name=given.job_name,
        statuses=tuple(given.status or ()),
        run_key=given.run_key,
        tags=tuple((tag.key, tag.value) for tag in given.tag or ()),
        since=_moment(given.since),
        until=_moment(given.until),
    )


def job_filter(given: JobFilterInput | None) -> JobFilter:
    """Return the filter as the storage has it."""
    return JobFilter() if given is None else JobFilter(given.code_location, given.name_contains)
