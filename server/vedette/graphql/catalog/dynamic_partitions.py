"""Dynamic partitions: the definitions that have keys, and adding and deleting keys by hand."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from vedette.domain.partitions import MOST_CHANGED_KEYS, PartitionChange, PartitionChangeKind, flaw_of_key
from vedette.graphql.catalog import partitions
from vedette.graphql.catalog.partitions import Prefix, partition_change
from vedette.graphql.connections import DYNAMIC_DEFINITIONS, DYNAMIC_PARTITIONS, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field, mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound
from vedette.storage.catalog import dynamic_partitions
from vedette.storage.catalog.dynamic_partitions import DynamicDefinition as StoredDefinition
from vedette.storage.ticks import partition_verdicts

Name = Annotated[str, strawberry.argument(description="Its name.")]


@strawberry.type(description="A key of a dynamic partitions definition.")
class DynamicPartition:
    """A key of a dynamic partitions definition."""

    key: str = strawberry.field(description="The key.")
    added_at: datetime = strawberry.field(description="When it was added.")


@strawberry.type(description="Partitions whose keys sensors and people add and delete. All code locations share it.")
class DynamicPartitionsDefinition:
    """Partitions whose keys sensors and people add and delete."""

    name: str = strawberry.field(description="Its name.")
    key_count: int = strawberry.field(description="How many keys it has.")

    @field("Its keys, the first added first.")
    async def partitions(
        self, info: Info, prefix: Prefix = None, first: First = None, after: After = None
    ) -> Connection[DynamicPartition]:
        """Load them."""
        key = (self.name, prefix, DYNAMIC_PARTITIONS.window(first, after))
        page = await info.context.loaders.partitions_of_definition.load(key)
        return DYNAMIC_PARTITIONS.connect(page, lambda one: DynamicPartition(key=one.key, added_at=one.added_at))


def definition(stored: StoredDefinition) -> DynamicPartitionsDefinition:
    """Return a definition as the schema has it."""
    return DynamicPartitionsDefinition(name=stored.name, key_count=stored.key_count)


@strawberry.type
class DynamicPartitionsQueries:
    """Fields of Query."""

    @field("The dynamic partitions definitions that have or had keys, by name.")
    async def dynamic_partitions_definitions(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[DynamicPartitionsDefinition]:
        """Read a page of them."""
        window = DYNAMIC_DEFINITIONS.window(first, after)
        async with info.context.database.reading() as connection:
            page = await dynamic_partitions.definitions_page(connection, window)
        return DYNAMIC_DEFINITIONS.connect(page, definition)

    @field("One dynamic partitions definition; null if it never had a key.")
    async def dynamic_partitions_definition(self, info: Info, name: Name) -> DynamicPartitionsDefinition | None:
        """Find it."""
        async with info.context.database.reading() as connection:
            found = await dynamic_partitions.definition_named(connection, name)
        return None if found is None else definition(found)


@strawberry.input(description="Which key to add, and to which dynamic partitions definition.")
class AddDynamicPartitionInput(KeyedInput):
    """Which key to add."""

    partitions_definition: str = strawberry.field(description="Name of the definition; made if it is not there yet.")
    key: str = strawberry.field(description="The key, of 1 to 1024 bytes.")


@strawberry.input(description="Which keys to delete, and from which dynamic partitions definition.")
class DeleteDynamicPartitionsInput(KeyedInput):
    """Which keys to delete."""

    partitions_definition: str = strawberry.field(description="Name of the definition.")
    keys: list[str] = strawberry.field(description="The keys, 25,000 at most.")


@strawberry.type(description="What became of a change of dynamic partitions.")
class DynamicPartitionsPayload:
    """What became of a change of dynamic partitions."""

    change: partitions.PartitionChange | None = strawberry.field(
        default=None, description="Which keys were changed, and which were in vain."
    )
    errors: list[MutationError] = strawberry.field(description="Why nothing was changed; empty if it was.")


async def _changed(info: Info, mutation: str, given: KeyedInput, change: PartitionChange) -> DynamicPartitionsPayload:
    async def effect(connection: Any) -> PartitionChange | MutationError:
        if (unfit := _unfit(change)) is not None:
            return unfit
        if not await dynamic_partitions.is_in_scope(connection, change.definition):
            message = f"There are no dynamic partitions {change.definition[:100]!r}; no job of yours has them."
            return NotFound(message=message, path=["partitionsDefinition"])
        return await partition_verdicts.change_by_hand(connection, change)

    outcome = await once(info.context, mutation, given, PartitionChange, effect)
    if isinstance(outcome, MutationError):
        return DynamicPartitionsPayload(errors=[outcome])
    return DynamicPartitionsPayload(change=partition_change(outcome), errors=[])


def _unfit(change: PartitionChange) -> InvalidInput | None:
    if (flaw := flaw_of_key(change.definition)) is not None:
        message = f"The name {change.definition[:100]!r} of a partitions definition {flaw}."
        return InvalidInput(message=message, path=["partitionsDefinition"])
    path = ["key" if change.kind is PartitionChangeKind.ADD else "keys"]
    if len(change.keys) > MOST_CHANGED_KEYS:
        message = f"{len(change.keys)} keys are too many at once; {MOST_CHANGED_KEYS} is the most."
        return InvalidInput(message=message, path=path)
    for key in change.keys:
        if (flaw := flaw_of_key(key)) is not None:
            return InvalidInput(message=f"The partition key {key[:100]!r} {flaw}.", path=path)
    return None


@strawberry.type
class DynamicPartitionsMutations:
    """Fields of Mutation."""

    @mutation("Add a key to a dynamic partitions definition; one that is there stays as it is.")
    async def add_dynamic_partition(
        self,
        info: Info,
        input: Annotated[AddDynamicPartitionInput, strawberry.argument(description="Which key.")],  # noqa: A002
    ) -> DynamicPartitionsPayload:
        """Add it."""
        change = PartitionChange(PartitionChangeKind.ADD, input.partitions_definition, (input.key,))
        return await _changed(info, "addDynamicPartition", input, change)

    @mutation("Delete keys from a dynamic partitions definition; runs for them go on.")
    async def delete_dynamic_partitions(
        self,
        info: Info,
        input: Annotated[DeleteDynamicPartitionsInput, strawberry.argument(description="Which keys.")],  # noqa: A002
    ) -> DynamicPartitionsPayload:
        """Delete them."""
        keys = tuple(dict.fromkeys(input.keys))
        change = PartitionChange(PartitionChangeKind.DELETE, input.partitions_definition, keys)
        return await _changed(info, "deleteDynamicPartitions", input, change)
