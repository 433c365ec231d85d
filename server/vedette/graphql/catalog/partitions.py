"""Partitions: how a job's work is divided, the parts there are, and what evaluations change of them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import strawberry

from vedette.domain import partitions as domain
from vedette.domain.partitions import (
    DynamicPartitions,
    MultiPartitions,
    PartitionChangeKind,
    Partitions,
    PartitionsKind,
    dimension_keys,
    kind_of,
    window_of,
)
from vedette.domain.time_windows import TimeWindowPartitions
from vedette.graphql.connections import DYNAMIC_PARTITIONS, PARTITIONS, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.errors import BAD_CURSOR, RequestError
from vedette.graphql.fields import field
from vedette.graphql.tags import Tag
from vedette.storage.catalog.dynamic_partitions import DynamicPartition as StoredPartition
from vedette.storage.pages import Page, Window

Prefix = Annotated[str | None, strawberry.argument(description="Only those whose keys begin with this.")]


@strawberry.type(description="Partitions that an evaluation added to a partitions definition, or deleted from it.")
class PartitionChange:
    """Partitions that an evaluation added or deleted."""

    partitions_definition: str = strawberry.field(description="Name of the partitions definition.")
    kind: PartitionChangeKind = strawberry.field(description="What became of them.")
    keys: list[str] = strawberry.field(description="Keys of the partitions that were added or deleted.")
    skipped_keys: list[str] = strawberry.field(
        description="Keys that were asked for in vain: there already, or not there to be deleted."
    )


def partition_change(change: domain.PartitionChange) -> PartitionChange:
    """Return a change as the schema has it."""
    return PartitionChange(
        partitions_definition=change.definition,
        kind=change.kind,
        keys=list(change.keys),
        skipped_keys=list(change.skipped),
    )


@strawberry.type(description="One of several ways in which the same work is divided.")
class PartitionsDimension:
    """One dimension of partitions."""

    name: str = strawberry.field(description="Its name.")
    definition: "PartitionsDefinition" = strawberry.field(description="How it is divided.")


@strawberry.type(description="How the work of a job is divided into partitions.")
class PartitionsDefinition:
    """How work is divided."""

    spec: strawberry.Private[Partitions]
    kind: PartitionsKind = strawberry.field(description="What the keys come from.")

    @field("Of dynamic partitions: their name, under which keys are added and deleted.")
    def name(self) -> str | None:
        """Tell it."""
        return self.spec.name if isinstance(self.spec, DynamicPartitions) else None

    @field("Of partitions by time: the cron schedule at whose ticks they begin.")
    def cron_schedule(self) -> str | None:
        """Tell it."""
        return self.spec.cron if isinstance(self.spec, TimeWindowPartitions) else None

    @field("Of partitions by time: the IANA time zone of the schedule.")
    def timezone(self) -> str | None:
        """Tell it."""
        return self.spec.timezone if isinstance(self.spec, TimeWindowPartitions) else None

    @field("Of partitions by time: how keys are written, in the notation of strftime.")
    def format(self) -> str | None:
        """Tell it."""
        return self.spec.fmt if isinstance(self.spec, TimeWindowPartitions) else None

    @field("Of several dimensions: each, in the order in which a key has them, `a|b`.")
    def dimensions(self) -> list[PartitionsDimension]:
        """List them."""
        dimensions = self.spec.dimensions if isinstance(self.spec, MultiPartitions) else ()
        return [
            PartitionsDimension(name=one.name, definition=partitions_definition(one.partitions)) for one in dimensions
        ]


def partitions_definition(spec: Partitions) -> PartitionsDefinition:
    """Return a description of partitions as the schema has it."""
    return PartitionsDefinition(spec=spec, kind=kind_of(spec))


@strawberry.type(description="One part of a job's work.")
class Partition:
    """One part of a job's work."""

    spec: strawberry.Private[Partitions]
    key: str = strawberry.field(description="Its key.")
    added_at: datetime | None = strawberry.field(description="When it was added, where partitions are dynamic.")

    @field("The key of each of several dimensions, by the dimension's name.")
    def dimensions(self) -> list[Tag]:
        """List them."""
        return [Tag(key=name, value=part) for name, part in dimension_keys(self.spec, self.key).items()]

    @field("When its time window begins, where it has one.")
    def starts_at(self) -> datetime | None:
        """Work it out."""
        window = window_of(self.spec, self.key)
        return None if window is None else window.start.astimezone(UTC)

    @field("When its time window ends, where it has one.")
    def ends_at(self) -> datetime | None:
        """Work it out."""
        window = window_of(self.spec, self.key)
        return None if window is None else window.end.astimezone(UTC)


async def partitions_of(
    info: Info, spec: Partitions, prefix: str | None, first: First, after: After
) -> Connection[Partition]:
    """Return a page of the partitions that there are now."""
    if isinstance(spec, DynamicPartitions):
        key = (spec.name, prefix, DYNAMIC_PARTITIONS.window(first, after))
        found: Page[StoredPartition] = await info.context.loaders.partitions_of_definition.load(key)
        return DYNAMIC_PARTITIONS.connect(found, lambda one: Partition(spec=spec, key=one.key, added_at=one.added_at))
    window = PARTITIONS.window(first, after)
    names = domain.dynamic_names(spec)
    known = domain.KnownKeys(dict(zip(names, await info.context.loaders.dynamic_keys.load_many(names), strict=True)))
    # In a thread: many years of hours take a moment the first time.
    keys = await asyncio.to_thread(spec.keys, datetime.now(UTC), known)
    page = page_of(keys if not prefix else domain.beginning_with(keys, prefix), window)
    return PARTITIONS.connect(page, lambda one: Partition(spec=spec, key=one, added_at=None))


def page_of(keys: Sequence[str], window: Window) -> Page[str]:
    """Return a part of a list of keys; raises BAD_CURSOR where the key to go on from is not there any more."""
    start = 0
    if window.after is not None:
        try:
            start = keys.index(window.after[0]) + 1
        except ValueError:
            message = f"The partition {window.after[0]!r} of the cursor is gone; begin again without `after`."
            raise RequestError(BAD_CURSOR, message) from None
    shown = list(keys[start : start + window.limit])
    return Page(shown, [(key,) for key in shown], start + window.limit < len(keys), start > 0)
