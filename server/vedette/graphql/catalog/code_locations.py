"""Code locations: the projects that define sensors and jobs."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from vedette.graphql import ids
from vedette.graphql.connections import JOBS, SENSORS, After, Connection, First
from vedette.graphql.context import Context, Info
from vedette.graphql.fields import field
from vedette.graphql.logs import ErrorInfo, error_info
from vedette.graphql.nodes import Node
from vedette.storage.catalog import code_locations
from vedette.storage.catalog.code_locations import CodeLocationSeen

if TYPE_CHECKING:
    from vedette.graphql.catalog.jobs import Job
    from vedette.graphql.sensors.sensors import Sensor

LazyJob = Annotated["Job", strawberry.lazy("vedette.graphql.catalog.jobs")]
LazySensor = Annotated["Sensor", strawberry.lazy("vedette.graphql.sensors.sensors")]


@strawberry.type(description="A project whose sensors and jobs are served.")
class CodeLocation(Node):
    """A project whose sensors and jobs are served."""

    name: str = strawberry.field(description="Its name, unique.")
    target: str = strawberry.field(description="The file or module that defines it.")
    version: str | None = strawberry.field(description="Digest of its definitions; null until it was loaded once.")
    loaded_at: datetime | None = strawberry.field(description="When it was last loaded.")
    error: ErrorInfo | None = strawberry.field(description="Why it could not be loaded the last time; null if it was.")

    @field("Its sensors, by name, those it no longer defines included.")
    async def sensors(self, info: Info, first: First = None, after: After = None) -> Connection[LazySensor]:
        """Load its sensors."""
        window = SENSORS["NAME"].window(first, after)
        return await info.context.loaders.sensors_of_code_location.load((self.name, window))

    @field("Its jobs, by name.")
    async def jobs(self, info: Info, first: First = None, after: After = None) -> Connection[LazyJob]:
        """Load its jobs."""
        return await info.context.loaders.jobs_of_code_location.load((self.name, JOBS.window(first, after)))


def code_location(seen: CodeLocationSeen) -> CodeLocation:
    """Return a code location as the schema has it."""
    return CodeLocation(
        id=ids.encode("CodeLocation", seen.id),
        name=seen.name,
        target=seen.target,
        version=seen.version,
        loaded_at=seen.loaded_at,
        error=error_info(seen.error),
    )


@strawberry.type
class CodeLocationQueries:
    """Fields of Query."""

    @field("Every code location, by name.")
    async def code_locations(self, info: Info) -> list[CodeLocation]:
        """Read them all."""
        return await read_code_locations(info.context)


async def read_code_locations(context: Context) -> list[CodeLocation]:
    """Read every code location."""
    async with context.database.reading() as connection:
        return [code_location(seen) for seen in await code_locations.read_all(connection)]
