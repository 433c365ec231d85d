"""Limits on how many runs are executed at once."""

from datetime import datetime

import strawberry

from vedette.domain.run_limits import RunLimit as Facts
from vedette.domain.run_limits import RunLimitKind
from vedette.graphql import ids
from vedette.graphql.catalog.jobs import Job
from vedette.graphql.connections import RUN_LIMITS, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.nodes import Node
from vedette.storage.runs import run_limits


@strawberry.type(description="How many runs may be executed at once, of all, of a job or with a tag.")
class RunLimit(Node):
    """How many runs may be executed at once."""

    facts: strawberry.Private[Facts]
    kind: RunLimitKind = strawberry.field(description="What it is about.")
    tag_key: str | None = strawberry.field(description="The key of the tag that it is about.")
    tag_value: str | None = strawberry.field(description="The value of that tag; null where any value counts.")
    max_concurrent_runs: int = strawberry.field(description="How many runs may be executed at once; 0: none.")
    max_concurrent_runs_in_code: int | None = strawberry.field(
        description="What the code of the job says. A limit that somebody sets goes before it."
    )
    set_at: datetime | None = strawberry.field(description="When it was set; null where the code sets it.")
    set_by: str | None = strawberry.field(description="Who set it; null where the code does.")
    description: str = strawberry.field(description="What it is about, for people.")

    @field("The job that it is about; null if it is about none, or that is not known any more.")
    async def job(self, info: Info) -> Job | None:
        """Load it."""
        match self.facts.subject:
            case ("job", location, name):
                return await info.context.loaders.job_named.load((location, name))
        return None

    @field("How many runs are executed under it now; of a limit of each value, under the value with most.")
    async def running_runs(self, info: Info) -> int:
        """Count them."""
        return await info.context.loaders.running_under.load(self.facts.subject)


def run_limit(facts: Facts) -> RunLimit:
    """Return a limit as the schema has it."""
    subject = facts.subject if facts.subject[0] in ("tag", "each") else ()
    return RunLimit(
        facts=facts,
        id=ids.encode("RunLimit", facts.id),
        kind=facts.kind,
        tag_key=subject[1] if subject else None,
        tag_value=subject[2] if len(subject) == 3 else None,
        max_concurrent_runs=facts.max_runs,
        max_concurrent_runs_in_code=facts.in_code,
        set_at=facts.set_at,
        set_by=facts.set_by,
        description=str(facts),
    )


@strawberry.type
class RunLimitQueries:
    """Fields of Query."""

    @field("Limits on how many runs are executed at once, those that code sets included.")
    async def run_limits(self, info: Info, first: First = None, after: After = None) -> Connection[RunLimit]:
        """Read a page of them."""
        window = RUN_LIMITS.window(first, after)
        async with info.context.database.reading() as connection:
            return RUN_LIMITS.connect(await run_limits.page(connection, window), run_limit)
