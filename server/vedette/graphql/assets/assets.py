"""Assets: things that runs produce, how they stand, and what they are made of."""

from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from vedette.domain.assets import AssetEventKind, Path, escaped, unescaped
from vedette.domain.catalog import AssetCheckSpec, AssetSpec
from vedette.graphql import ids
from vedette.graphql.assets.asset_events import (
    AssetCheckEvaluation,
    AssetEvent,
    Materialization,
    MetadataEntry,
    Observation,
    entries,
    plain,
)
from vedette.graphql.assets.asset_filters import AssetFilterInput, asset_filter, asset_path
from vedette.graphql.assets.asset_partitions import AssetPartition, asset_partitions
from vedette.graphql.catalog.code_locations import CodeLocation
from vedette.graphql.catalog.jobs import Job
from vedette.graphql.catalog.partitions import PartitionsDefinition, Prefix, partitions_definition
from vedette.graphql.connections import ASSET_EVENTS, ASSETS, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.nodes import Node
from vedette.graphql.sensors.sensors import Sensor
from vedette.graphql.tags import Tag, tag_list
from vedette.storage.assets import asset_lists
from vedette.storage.assets.asset_histories import HistoryFilter
from vedette.storage.assets.asset_lists import AssetSeen

OfPartition = Annotated[str | None, strawberry.argument(description="Only those of this partition.")]


@strawberry.type(description="A check of an asset.")
class AssetCheck:
    """A check of an asset."""

    asset_key: strawberry.Private[Path]
    name: str = strawberry.field(description="Its name, unique among those of the asset.")
    description: str | None = strawberry.field(description="What it looks at.")
    is_blocking: bool = strawberry.field(description="Whether what is downstream is not made where it does not pass.")

    @field("Its latest result.")
    async def latest_evaluation(self, info: Info) -> AssetCheckEvaluation | None:
        """Load it."""
        return await info.context.loaders.latest_check.load((self.asset_key, self.name))


def asset_check(key: Path, spec: AssetCheckSpec) -> AssetCheck:
    """Return a check as the schema has it."""
    return AssetCheck(asset_key=key, name=spec.name, description=spec.description, is_blocking=spec.blocking)


@strawberry.type(description="A thing that runs produce, such as a table or a file.")
class Asset(Node):
    """A thing that runs produce."""

    spec: strawberry.Private[AssetSpec]
    location_name: strawberry.Private[str | None]
    key: list[str] = strawberry.field(description="Its key, unique.")
    description: str | None = strawberry.field(description="What it is.")
    group: str | None = strawberry.field(description="Name of the group it belongs to.")
    is_executable: bool = strawberry.field(
        description="Whether runs can produce it; of any other asset is told only what somebody reports."
    )
    owners: list[str] = strawberry.field(description="Who looks after it.")
    kinds: list[str] = strawberry.field(description="What it is made with or kept in, such as python or parquet.")
    code_version: str | None = strawberry.field(description="Version of the code that produces it, where it says so.")

    @field("The project that defines it; null if none does.")
    async def code_location(self, info: Info) -> CodeLocation | None:
        """Load it."""
        if self.location_name is None:
            return None
        return await info.context.loaders.code_location_named.load(self.location_name)

    @field("What it is marked with.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.spec.tags)

    @field("What its author noted about it: the values by label.")
    def metadata(self) -> JSON | None:
        """Pass it on."""
        return plain(self.spec.metadata)

    @field("What its author noted about it, each value with what it is.")
    def metadata_entries(self) -> list[MetadataEntry]:
        """Pass them on."""
        return entries(self.spec.metadata)

    @field("The jobs that produce it; `__ASSET_JOB` is that of all assets of a code location.")
    async def jobs(self, info: Info) -> list[Job]:
        """Load them."""
        names = [(self.location_name or "", name) for name in self.spec.jobs]
        return [job for job in await info.context.loaders.job_named.load_many(names) if job is not None]

    @field("The assets it is made of.")
    async def depends_on(self, info: Info) -> list["Asset"]:
        """Load them."""
        return await _known(info, self.spec.deps)

    @field("The assets that are made of it.")
    async def dependents(self, info: Info) -> list["Asset"]:
        """Load them."""
        return await _known(info, await info.context.loaders.children_of_asset.load(self.spec.key))

    @field("When it was last produced.")
    async def latest_materialization(self, info: Info) -> Materialization | None:
        """Load it."""
        return await info.context.loaders.latest_materialization.load(self.spec.key)

    @field("The sensors that may ask for runs of it, by name.")
    async def sensors(self, info: Info) -> list[Sensor]:
        """Load them."""
        return await info.context.loaders.sensors_asking_for_asset.load(self.spec.key)

    @field("The sensors that react when it is produced, by name.")
    async def watched_by(self, info: Info) -> list[Sensor]:
        """Load them."""
        return await info.context.loaders.sensors_watching_asset.load(self.spec.key)

    @field("Its checks, by name.")
    def checks(self) -> list[AssetCheck]:
        """List them."""
        return [asset_check(self.spec.key, check) for check in self.spec.checks]

    @field("Each time it was produced, the latest first.")
    async def materializations(
        self, info: Info, first: First = None, after: After = None, partition_key: OfPartition = None
    ) -> Connection[Materialization]:
        """Load them."""
        of = HistoryFilter((AssetEventKind.MATERIALIZATION,), partition_key)
        key = (self.spec.key, of, ASSET_EVENTS.window(first, after))
        return await info.context.loaders.materializations_of_asset.load(key)

    @field("Each time it was looked at, the latest first.")
    async def observations(
        self, info: Info, first: First = None, after: After = None, partition_key: OfPartition = None
    ) -> Connection[Observation]:
        """Load them."""
        of = HistoryFilter((AssetEventKind.OBSERVATION,), partition_key)
        key = (self.spec.key, of, ASSET_EVENTS.window(first, after))
        return await info.context.loaders.observations_of_asset.load(key)

    @field("Each result of its checks, the latest first.")
    async def check_evaluations(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        partition_key: OfPartition = None,
        check_name: Annotated[str | None, strawberry.argument(description="Only those of this check.")] = None,
    ) -> Connection[AssetCheckEvaluation]:
        """Load them."""
        of = HistoryFilter((AssetEventKind.CHECK,), partition_key, check_name)
        key = (self.spec.key, of, ASSET_EVENTS.window(first, after))
        return await info.context.loaders.checks_of_asset.load(key)

    @field("All that happened to it, the latest first.")
    async def events(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        partition_key: OfPartition = None,
        kind: Annotated[
            list[AssetEventKind] | None, strawberry.argument(description="Only those of one of these kinds.")
        ] = None,
    ) -> Connection[AssetEvent]:
        """Load them."""
        of = HistoryFilter(tuple(dict.fromkeys(kind or AssetEventKind)), partition_key)
        key = (self.spec.key, of, ASSET_EVENTS.window(first, after))
        return await info.context.loaders.events_of_asset.load(key)

    @field("How it is divided; null if it is not.")
    def partitions_definition(self) -> PartitionsDefinition | None:
        """Pass it on."""
        return None if self.spec.partitions is None else partitions_definition(self.spec.partitions)

    @field("The parts of it that there are now, in their order; null if it is not divided.")
    async def partitions(
        self, info: Info, prefix: Prefix = None, first: First = None, after: After = None
    ) -> Connection[AssetPartition] | None:
        """Work them out, or load them where they are dynamic."""
        if self.spec.partitions is None:
            return None
        return await asset_partitions(info, self.spec.key, self.spec.partitions, prefix, first, after)

    @field("How many of its partitions were ever produced.")
    async def materialized_partition_count(self, info: Info) -> int:
        """Load it."""
        return await info.context.loaders.partition_count_of_asset.load(self.spec.key)


async def _known(info: Info, keys: Any) -> list[Asset]:
    found = await info.context.loaders.asset.load_many(keys)
    return [each for each in found if each is not None]


def asset(seen: AssetSeen) -> Asset:
    """Return an asset as the schema has it."""
    spec = seen.spec
    return Asset(
        id=ids.encode("Asset", escaped(spec.key)),
        spec=spec,
        location_name=seen.code_location,
        key=list(spec.key),
        description=spec.description,
        group=None if seen.code_location is None else spec.group,
        is_executable=spec.executable,
        owners=list(spec.owners),
        kinds=list(spec.kinds),
        code_version=spec.code_version,
    )


def path_of_id(key: str, given: str) -> Path:
    """Return the key of the asset that an id names; raises BAD_ID, naming `given`, for what names none."""
    path = unescaped(key)
    if not all(path) or "\0" in key or escaped(path) != key:
        ids.refuse(given)
    return path


@strawberry.type
class AssetQueries:
    """Fields of Query."""

    @field("One asset; null if there is none.")
    async def asset(
        self, info: Info, key: Annotated[list[str], strawberry.argument(description="Its key.")]
    ) -> Asset | None:
        """Load it."""
        return await info.context.loaders.asset.load(asset_path(key))

    @field("Assets, by key: those that projects define, and those of which something was told.")
    async def assets(
        self,
        info: Info,
        filter: Annotated[AssetFilterInput | None, strawberry.argument(description="Which assets.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
    ) -> Connection[Asset]:
        """Read a page of them."""
        window = ASSETS.window(first, after)
        async with info.context.database.reading() as connection:
            wanted = await asset_filter(connection, info.context.selections, filter)
            page = await asset_lists.page(connection, wanted, window)
        return ASSETS.connect(page, asset)
