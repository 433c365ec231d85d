"""Jobs: graphs of ops that runs execute."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from vedette.domain.catalog import JobSpec
from vedette.graphql import ids
from vedette.graphql.catalog.code_locations import CodeLocation
from vedette.graphql.catalog.partitions import (
    Partition,
    PartitionsDefinition,
    Prefix,
    partitions_definition,
    partitions_of,
)
from vedette.graphql.connections import JOBS, RUN_KEYS, RUNS, After, Before, Connection, First, Last
from vedette.graphql.context import Info
from vedette.graphql.errors import AMBIGUOUS, RequestError
from vedette.graphql.fields import field
from vedette.graphql.filters import JobFilterInput, RunFilterInput, job_filter, run_filter
from vedette.graphql.lookahead import at_hand, load_ahead, selects
from vedette.graphql.nodes import Node
from vedette.graphql.tags import Tag, tag_list
from vedette.storage.catalog import jobs
from vedette.storage.catalog.jobs import JobSeen

if TYPE_CHECKING:
    from vedette.graphql.assets.assets import Asset
    from vedette.graphql.runs.runs import Run
    from vedette.graphql.sensors.run_keys import RunKey
    from vedette.graphql.sensors.sensors import Sensor

LazyAsset = Annotated["Asset", strawberry.lazy("vedette.graphql.assets.assets")]
LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]
LazyRunKey = Annotated["RunKey", strawberry.lazy("vedette.graphql.sensors.run_keys")]
Contains = Annotated[str | None, strawberry.argument(description="Only those with this in them.")]
LazySensor = Annotated["Sensor", strawberry.lazy("vedette.graphql.sensors.sensors")]


@strawberry.type(description="One op of a job's graph.")
class Op:
    """One op of a job's graph."""

    name: str = strawberry.field(description="Its name, unique in the job.")
    description: str | None = strawberry.field(description="What it does.")
    depends_on: list[str] = strawberry.field(description="Names of the ops that come before it.")


@strawberry.type(description="A graph of ops that runs execute.")
class Job(Node):
    """A graph of ops that runs execute."""

    key: strawberry.Private[UUID]
    location_name: strawberry.Private[str]
    spec: strawberry.Private[JobSpec]
    name: str = strawberry.field(description="Its name, unique in its code location.")
    description: str | None = strawberry.field(description="What it does.")

    @field("The project that defines it.")
    def code_location(self, info: Info) -> CodeLocation:
        """Load it; what it defines does not outlive it."""
        return cast("CodeLocation", at_hand(info.context.loaders.code_location_named.load(self.location_name)))

    @field("What it is marked with; its runs get these tags too.")
    def tags(self) -> list[Tag]:
        """List them."""
        return tag_list(self.spec.tags)

    @field("Its graph: each op with what it depends on.")
    def ops(self) -> list[Op]:
        """List them."""
        return [Op(name=op.name, description=op.description, depends_on=list(op.depends_on)) for op in self.spec.ops]

    @field("JSON Schema (2020-12) of its run config; null if it takes any.")
    def config_schema(self) -> JSON | None:
        """Pass it on."""
        return None if self.spec.config_schema is None else JSON(self.spec.config_schema)

    @field("How its work is divided; null if it is not.")
    def partitions_definition(self) -> PartitionsDefinition | None:
        """Pass it on."""
        return None if self.spec.partitions is None else partitions_definition(self.spec.partitions)

    @field("The parts of its work that there are now, in their order; null if it is not divided.")
    async def partitions(
        self, info: Info, prefix: Prefix = None, first: First = None, after: After = None
    ) -> Connection[Partition] | None:
        """Work them out, or load them where they are dynamic."""
        if self.spec.partitions is None:
            return None
        return await partitions_of(info, self.spec.partitions, prefix, first, after)

    @field("The sensors that may ask for runs of it, by name.")
    async def sensors(self, info: Info) -> list[LazySensor]:
        """Load them."""
        return await info.context.loaders.sensors_of_job.load((self.location_name, self.name))

    @field("The assets that it produces, by key.")
    async def assets(self, info: Info) -> list[LazyAsset]:
        """Load them."""
        keys = await info.context.loaders.assets_of_job.load((self.location_name, self.name))
        return [asset for asset in await info.context.loaders.asset.load_many(keys) if asset is not None]

    @field("Its runs, the latest first.")
    async def runs(
        self,
        info: Info,
        filter: Annotated[RunFilterInput | None, strawberry.argument(description="Which runs.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LazyRun]:
        """Load them."""
        key = ((self.location_name, self.name), run_filter(filter), RUNS.window(first, after, last, before))
        return await info.context.loaders.runs_of_job.load(key)

    @field("The run keys that runs hold for it, by key; those launched by mutation, not those of sensors.")
    async def run_keys(
        self, info: Info, contains: Contains = None, first: First = None, after: After = None
    ) -> Connection[LazyRunKey]:
        """Load them."""
        key = (self.key, contains, RUN_KEYS.window(first, after))
        return await info.context.loaders.run_keys_of.load(key)


async def load_jobs_ahead(info: Info, names: Iterable[tuple[str, str]], *path: str) -> None:
    """Load the jobs of a list's things, by code location and name, and these, where they are selected at `path`."""
    if not selects(info, *path):
        return
    loaders = info.context.loaders
    found = await load_ahead(loaders.job_named, names)
    if selects(info, *path, "codeLocation"):
        await load_ahead(loaders.code_location_named, [one.location_name for one in found if one is not None])


def job(seen: JobSeen) -> Job:
    """Return a job as the schema has it."""
    return Job(
        id=ids.encode("Job", seen.id),
        key=seen.id,
        location_name=seen.code_location,
        spec=seen.spec,
        name=seen.spec.name,
        description=seen.spec.description,
    )


@strawberry.input(description="A job's name.")
class JobNameInput:
    """A job's name."""

    code_location: str | None = strawberry.field(
        default=None, description="Name of its code location; may be left out while the job's name is unique."
    )
    name: str = strawberry.field(description="Name of the job.")


@strawberry.input(description="Names one job: by id or by name.", one_of=True)
class JobBy:
    """Names one job."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Its id.")
    name: strawberry.Maybe[JobNameInput] = strawberry.field(description="Its name.")


async def find_job(info: Info, name: str, code_location: str | None) -> JobSeen | None:
    """Return the one job of that name; raises AMBIGUOUS where several code locations define one."""
    async with info.context.database.reading() as connection:
        found = await jobs.by_name(connection, name, code_location)
    if len(found) > 1:
        raise RequestError(AMBIGUOUS, f"Several code locations have a job {name!r}; name the code location too.")
    return found[0] if found else None


@strawberry.type
class JobQueries:
    """Fields of Query."""

    @field("One job; null if there is none.")
    async def job(self, info: Info, by: Annotated[JobBy, strawberry.argument(description="Which job.")]) -> Job | None:
        """Find it."""
        if by.id is not None:
            return await info.context.loaders.job.load(ids.decode_uuid("Job", by.id.value))
        assert by.name is not None
        found = await find_job(info, by.name.value.name, by.name.value.code_location)
        return None if found is None else job(found)

    @field("Jobs, by name.")
    async def jobs(
        self,
        info: Info,
        filter: Annotated[JobFilterInput | None, strawberry.argument(description="Which jobs.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
    ) -> Connection[Job]:
        """Read a page of them."""
        window = JOBS.window(first, after)
        async with info.context.database.reading() as connection:
            page = await jobs.page(connection, job_filter(filter), window)
        return JOBS.connect(page, job)
