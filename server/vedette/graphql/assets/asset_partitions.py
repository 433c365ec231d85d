"""Partitions of assets: the parts there are, and when each was produced."""

from datetime import datetime

import strawberry

from vedette.domain.assets import Path
from vedette.domain.partitions import Partitions
from vedette.graphql.catalog.partitions import Partition, partitions_of
from vedette.graphql.connections import After, Connection, Edge, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.runs.runs import Run


@strawberry.type(description="One part of an asset.")
class AssetPartition:
    """One part of an asset."""

    asset_key: strawberry.Private[Path]
    partition: Partition = strawberry.field(description="The partition.")

    @field("When it was last produced; null if it never was.")
    async def materialized_at(self, info: Info) -> datetime | None:
        """Load it."""
        made = await info.context.loaders.partition_made.load((self.asset_key, self.partition.key))
        return None if made is None else made.at

    @field("The run that produced it last; null if none did, or it is no longer kept.")
    async def run(self, info: Info) -> Run | None:
        """Load it."""
        made = await info.context.loaders.partition_made.load((self.asset_key, self.partition.key))
        if made is None or made.run_id is None:
            return None
        return await info.context.loaders.run.load(made.run_id)


async def asset_partitions(
    info: Info, key: Path, spec: Partitions, prefix: str | None, first: First, after: After
) -> Connection[AssetPartition]:
    """Return a page of the partitions that an asset has now."""
    found = await partitions_of(info, spec, prefix, first, after)
    edges = [
        Edge(key=edge.key, encode=edge.encode, node=AssetPartition(asset_key=key, partition=edge.node))
        for edge in found.edges
    ]
    return Connection(edges=edges, page_info=found.page_info)
