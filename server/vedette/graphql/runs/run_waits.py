"""Why runs wait, and the queue in which they do."""

from typing import NamedTuple

import strawberry

from vedette.domain import run_waits as domain
from vedette.graphql.connections import QUEUE, After, Before, Connection, First, Last
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.instance import Worker
from vedette.graphql.runs.run_limits import RunLimit, run_limit
from vedette.graphql.runs.runs import Run, run
from vedette.storage.runs import run_waiting


@strawberry.interface(description="Something that holds a run up in the queue, now.")
class WaitReason:
    """Something that holds a run up in the queue."""

    message: str = strawberry.field(description="What it is, for people.")


@strawberry.type(description="No launcher that is alive can execute runs of its code location.")
class NoLauncher(WaitReason):
    """No launcher that is alive can execute runs of its code location."""

    code_location_name: str = strawberry.field(description="Name of the code location.")


@strawberry.type(description="Every launcher that could execute it has as many runs as it has slots.")
class SlotsTaken(WaitReason):
    """Every launcher that could execute it has as many runs as it has slots."""

    facts: strawberry.Private[domain.SlotsTaken]
    slots: int = strawberry.field(description="How many slots they have, all together.")

    @field("These launchers.")
    async def launchers(self, info: Info) -> list[Worker]:
        """Load them."""
        found = await info.context.loaders.worker.load_many(self.facts.launchers)
        return [each for each in found if each is not None]


@strawberry.type(description="As many runs as a limit allows are executed, or the rest is kept for a run before it.")
class LimitReached(WaitReason):
    """As many runs as a limit allows are executed."""

    facts: strawberry.Private[domain.LimitReached]
    run_limit: RunLimit = strawberry.field(description="The limit.")
    tag_value: str | None = strawberry.field(
        description="The value of the tag, where the limit is one of each value or of one."
    )
    running_runs: int = strawberry.field(description="How many runs are executed under it, with that value.")

    @field("The first of these runs, ten at most.")
    async def runs(self, info: Info) -> list[Run]:
        """Load them."""
        found = await info.context.loaders.run.load_many(self.facts.runs)
        return [each for each in found if each is not None]

    @field("The run that waits for several limits, longer than this one, and has the rest of this limit kept for it.")
    async def kept_for(self, info: Info) -> Run | None:
        """Load it."""
        return None if self.facts.kept_for is None else await info.context.loaders.run.load(self.facts.kept_for)


@strawberry.type(description="Runs come before it, for slots or a limit that all of them wait for.")
class BehindOthers(WaitReason):
    """Runs come before it."""

    count: int = strawberry.field(description="How many.")
    of_higher_priority: int = strawberry.field(description="How many of them have a greater priority.")


REASONS = (NoLauncher, SlotsTaken, LimitReached, BehindOthers)


class RunWait(NamedTuple):
    """Where in the queue a run stands, and what holds it up."""

    position: int
    reasons: list[WaitReason]


def run_wait(wait: domain.Wait) -> RunWait:
    """Return it as the schema has it."""
    return RunWait(wait.position, [_reason(reason) for reason in wait.reasons])


def _reason(reason: domain.WaitReason) -> WaitReason:
    message = reason.message
    match reason:
        case domain.NoLauncher(code_location=name):
            return NoLauncher(message=message, code_location_name=name)
        case domain.SlotsTaken(slots=slots):
            return SlotsTaken(message=message, facts=reason, slots=slots)
        case domain.LimitReached(limit=limit, key=key, running=running):
            value = key[2] if len(key) == 3 and key[0] != "job" else None
            return LimitReached(
                message=message, facts=reason, run_limit=run_limit(limit), tag_value=value, running_runs=running
            )
        case domain.BehindOthers(count=count, of_higher_priority=higher):
            return BehindOthers(message=message, count=count, of_higher_priority=higher)


@strawberry.type
class QueueQueries:
    """Fields of Query."""

    @field("The runs that wait for a launcher, in the order in which they start: the first is the next.")
    async def queue(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Run]:
        """Read a page of them."""
        window = QUEUE.window(first, after, last, before)
        async with info.context.database.reading() as connection:
            return QUEUE.connect(await run_waiting.page(connection, window), run)
