"""What happened to assets: each was produced, looked at or checked, by whom, and what was noted about it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from vedette.domain.assets import AssetCheckSeverity, AssetEventKind, AssetEventRecord
from vedette.domain.metadata import Metadata, MetadataKind
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.tags import Tag, tag_list

if TYPE_CHECKING:
    from vedette.graphql.assets.assets import Asset
    from vedette.graphql.runs.runs import Run
    from vedette.graphql.ticks.ticks import Tick

LazyAsset = Annotated["Asset", strawberry.lazy("vedette.graphql.assets.assets")]
LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]
LazyTick = Annotated["Tick", strawberry.lazy("vedette.graphql.ticks.ticks")]


@strawberry.type(description="Something that was noted.")
class MetadataEntry:
    """Something that was noted."""

    label: str = strawberry.field(description="Under which label.")
    kind: MetadataKind = strawberry.field(description="What the value is.")
    value: JSON | None = strawberry.field(description="The value; its kind says in which JSON.")


def plain(metadata: Metadata) -> JSON | None:
    """Return the values of metadata by label; None where there is none."""
    return JSON({label: entry.value for label, entry in metadata.items()}) if metadata else None


def entries(metadata: Metadata) -> list[MetadataEntry]:
    """Return metadata as the schema has it."""
    return [MetadataEntry(label=label, kind=one.kind, value=one.value) for label, one in metadata.items()]


@strawberry.interface(description="Something that happened to an asset.")
class AssetEvent:
    """Something that happened to an asset."""

    record: strawberry.Private[AssetEventRecord]
    position: StreamPosition = strawberry.field(description="Its place among all that happened to assets.")
    at: datetime = strawberry.field(description="When it was recorded.")
    asset_key: list[str] = strawberry.field(description="Key of the asset.")
    partition_key: str | None = strawberry.field(description="The partition that it is about.")
    description: str | None = strawberry.field(description="What it says, for people.")
    step: str | None = strawberry.field(description="The step of the run that told it.")

    @field("The asset; null if nothing else is known of it any more.")
    async def asset(self, info: Info) -> LazyAsset | None:
        """Load it."""
        return await info.context.loaders.asset.load(self.record.event.key)

    @field("The run that told it; null if none did, or it is no longer kept.")
    async def run(self, info: Info) -> LazyRun | None:
        """Load it."""
        run_id = self.record.run_id
        return None if run_id is None else await info.context.loaders.run.load(run_id)

    @field("The tick of a sensor that told it; null if none did, or it is no longer kept.")
    async def tick(self, info: Info) -> LazyTick | None:
        """Load it."""
        tick_id = self.record.tick_id
        return None if tick_id is None else await info.context.loaders.tick.load(tick_id)

    @field("What was noted about it: the values by label.")
    def metadata(self) -> JSON | None:
        """Pass it on."""
        return plain(self.record.event.metadata)

    @field("What was noted about it, each value with what it is.")
    def metadata_entries(self) -> list[MetadataEntry]:
        """Pass them on."""
        return entries(self.record.event.metadata)

    @field("What it is marked with; vedette/code_version and vedette/data_version among it.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.record.event.tags)


@strawberry.type(description="An asset was produced.")
class Materialization(AssetEvent):
    """An asset was produced."""


@strawberry.type(description="An asset was looked at, not produced.")
class Observation(AssetEvent):
    """An asset was looked at."""


@strawberry.type(description="An asset was checked.")
class AssetCheckEvaluation(AssetEvent):
    """An asset was checked."""

    check_name: str = strawberry.field(description="Name of the check.")
    passed: bool = strawberry.field(description="Whether it passed.")
    severity: AssetCheckSeverity = strawberry.field(description="How bad it is where it did not pass.")
    is_blocking: bool = strawberry.field(description="Whether what is downstream is not made where it did not pass.")


def asset_event(record: AssetEventRecord) -> AssetEvent:
    """Return an event as the schema has it."""
    if record.event.kind is AssetEventKind.CHECK:
        return check_evaluation(record)
    return materialization(record) if record.event.kind is AssetEventKind.MATERIALIZATION else observation(record)


def materialization(record: AssetEventRecord) -> Materialization:
    """Return the event of a materialization as the schema has it."""
    event = record.event
    return Materialization(
        record=record,
        position=StreamPosition(record.position),
        at=record.at,
        asset_key=list(event.key),
        partition_key=event.partition_key,
        description=event.description,
        step=record.step,
    )


def observation(record: AssetEventRecord) -> Observation:
    """Return the event of an observation as the schema has it."""
    event = record.event
    return Observation(
        record=record,
        position=StreamPosition(record.position),
        at=record.at,
        asset_key=list(event.key),
        partition_key=event.partition_key,
        description=event.description,
        step=record.step,
    )


def check_evaluation(record: AssetEventRecord) -> AssetCheckEvaluation:
    """Return the event of a check as the schema has it."""
    event, check = record.event, record.event.check
    assert check is not None
    return AssetCheckEvaluation(
        record=record,
        position=StreamPosition(record.position),
        at=record.at,
        asset_key=list(event.key),
        partition_key=event.partition_key,
        description=event.description,
        step=record.step,
        check_name=check.name,
        passed=check.passed,
        severity=check.severity,
        is_blocking=check.blocking,
    )
