"""Run keys: which a run holds for a sensor or job, until when, and how people free one."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from vedette.domain.run_keys import Dedup, SpentRunKey
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.fields import field, mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound
from vedette.storage.runs import run_keys

if TYPE_CHECKING:
    from vedette.graphql.runs.runs import Run

LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]


@strawberry.type(
    description="A run key that is held: a request with it launches nothing, and shows the run that has it."
)
class RunKey:
    """A run key that is held."""

    facts: strawberry.Private[SpentRunKey]
    run_key: str = strawberry.field(description="The key.")
    dedup: Dedup = strawberry.field(description="For how long it is held: what its run was asked for with.")
    since: datetime = strawberry.field(description="Since when it is held.")
    expires_at: datetime | None = strawberry.field(description="When it is free again; null unless `dedup` is TTL.")

    @field("The run that holds it; null if it is not kept any more.")
    async def run(self, info: Info) -> LazyRun | None:
        """Load it."""
        return await info.context.loaders.run.load(self.facts.run_id)


def run_key(facts: SpentRunKey) -> RunKey:
    """Return a run key as the schema has it."""
    return RunKey(
        facts=facts, run_key=facts.run_key, dedup=facts.dedup, since=facts.at, expires_at=facts.expires_at
    )  # fmt: skip


@strawberry.input(description="Which run key to free: one of a sensor, or one of a job for runs launched by mutation.")
class ReleaseRunKeyInput(KeyedInput):
    """Which run key to free."""

    run_key: str = strawberry.field(description="The key.")
    sensor_id: strawberry.ID | None = strawberry.field(default=None, description="The sensor whose key it is.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job whose key it is.")


@strawberry.type(description="What became of the wish to free a run key.")
class ReleaseRunKeyPayload:
    """What became of the wish to free a run key."""

    run_key: RunKey | None = strawberry.field(default=None, description="The key as it was held until now.")
    errors: list[MutationError] = strawberry.field(description="Why it was not freed; empty if it was.")


def _scope(given: ReleaseRunKeyInput) -> UUID | InvalidInput:
    if given.sensor_id is not None and given.job_id is None:
        return ids.decode_uuid("Sensor", given.sensor_id)
    if given.job_id is not None and given.sensor_id is None:
        return ids.decode_uuid("Job", given.job_id)
    return InvalidInput(message="Say whose key it is by `sensorId` or by `jobId`, one of the two.", path=["sensorId"])


@strawberry.type
class RunKeyMutations:
    """Fields of Mutation."""

    @mutation("Free a run key, so that the next request with it launches a run; the run that held it goes on.")
    async def release_run_key(
        self,
        info: Info,
        input: Annotated[ReleaseRunKeyInput, strawberry.argument(description="Which key.")],  # noqa: A002
    ) -> ReleaseRunKeyPayload:
        """Delete its row."""
        scope = _scope(input)
        if isinstance(scope, InvalidInput):
            return ReleaseRunKeyPayload(errors=[scope])

        async def release(connection: Any) -> SpentRunKey | MutationError:
            released = await run_keys.release(connection, scope, input.run_key)
            if released is not None:
                return released
            message = f"No run holds the run key {input.run_key[:100]!r} there: it is free, or was never asked for."
            return NotFound(message=message, path=["runKey"])

        outcome = await once(info.context, "releaseRunKey", input, SpentRunKey, release)
        if isinstance(outcome, MutationError):
            return ReleaseRunKeyPayload(errors=[outcome])
        return ReleaseRunKeyPayload(run_key=run_key(outcome), errors=[])
