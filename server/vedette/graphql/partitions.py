"""Changes of partitions that evaluations ask for."""

import strawberry

from vedette.domain.partitions import PartitionChangeKind


@strawberry.type(description="Partitions that an evaluation added to a partitions definition, or deleted from it.")
class PartitionChange:
    """Partitions that an evaluation added or deleted."""

    partitions_definition: str = strawberry.field(description="Name of the partitions definition.")
    kind: PartitionChangeKind = strawberry.field(description="What became of them.")
    keys: list[str] = strawberry.field(description="Keys of the partitions that were added or deleted.")
    skipped_keys: list[str] = strawberry.field(
        description="Keys that were asked for in vain: there already, or not there to be deleted."
    )
