"""Setting and removing limits on how many runs are executed at once."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.bus import topics
from vedette.domain.run_limits import ALL, MOST_RUNS, LimitKey
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound, WrongState
from vedette.graphql.runs.run_limits import RunLimit, run_limit
from vedette.storage.catalog import jobs
from vedette.storage.runs import run_limits

LONGEST_TAG = 500


@strawberry.input(description="Which runs to limit, and to how many at once. Neither a job nor a tag: all runs.")
class SetRunLimitInput(KeyedInput):
    """Which runs to limit."""

    max_concurrent_runs: int = strawberry.field(
        description="How many may be executed at once, 0 to 1,000,000; those that are running go on."
    )
    job_id: strawberry.ID | None = strawberry.field(default=None, description="Those of this job.")
    tag_key: str | None = strawberry.field(default=None, description="Those with this tag.")
    tag_value: str | None = strawberry.field(
        default=None, description="Only those whose tag has this value; left out: any."
    )
    per_tag_value: bool | None = strawberry.field(
        default=False, description="Whether each value of the tag has as many for itself."
    )


@strawberry.input(description="Which limit to remove.")
class RemoveRunLimitInput(KeyedInput):
    """Which limit to remove."""

    run_limit_id: strawberry.ID = strawberry.field(description="The limit.")


@strawberry.type(description="What became of a limit.")
class RunLimitPayload:
    """What became of a limit."""

    run_limit: RunLimit | None = strawberry.field(
        default=None,
        description="The limit as it is now; null once it is removed. What the code says counts again then.",
    )
    errors: list[MutationError] = strawberry.field(description="Why it was not changed; empty if it was.")


@strawberry.type
class RunLimitMutations:
    """Fields of Mutation."""

    @mutation(
        "Limit how many runs are executed at once: of all, of a job, or with a tag. What waits may start at once."
    )
    async def set_run_limit(
        self,
        info: Info,
        input: Annotated[SetRunLimitInput, strawberry.argument(description="The limit.")],  # noqa: A002
    ) -> RunLimitPayload:
        """Keep it, and wake the launchers."""

        async def put(connection: Any) -> UUID | MutationError:
            if (unfit := _unfit(info, input)) is not None:
                return unfit
            subject = await _subject(connection, input)
            if isinstance(subject, MutationError):
                return subject
            return await run_limits.put(connection, subject, input.max_concurrent_runs, info.context.actor)

        outcome = await once(info.context, "setRunLimit", input, UUID, put, makes="RunLimit")
        return await _answer(info, outcome)

    @mutation("Remove a limit that somebody set. What waits for it may start at once.")
    async def remove_run_limit(
        self,
        info: Info,
        input: Annotated[RemoveRunLimitInput, strawberry.argument(description="Which limit.")],  # noqa: A002
    ) -> RunLimitPayload:
        """Delete it, and wake the launchers."""
        key = ids.decode_uuid("RunLimit", input.run_limit_id)

        async def remove(connection: Any) -> UUID | MutationError:
            found = (await run_limits.by_ids(connection, [key])).get(key)
            if found is not None and (reason := _out_of_reach(info, found.subject)) is not None:
                return reason
            if await run_limits.remove(connection, key):
                return key
            if found is None:
                return NotFound(
                    message=f"There is no limit {input.run_limit_id}; `runLimits` lists them.", path=["runLimitId"]
                )
            message = "The code of the job sets this limit: change it there, or set another that goes before it."
            return WrongState(message=message, path=["runLimitId"])

        return await _answer(info, await once(info.context, "removeRunLimit", input, UUID, remove))


async def _answer(info: Info, outcome: UUID | MutationError) -> RunLimitPayload:
    if isinstance(outcome, MutationError):
        return RunLimitPayload(errors=[outcome])
    info.context.bus.knock(topics.QUEUE)
    async with info.context.database.reading() as connection:
        found = (await run_limits.by_ids(connection, [outcome])).get(outcome)
    return RunLimitPayload(run_limit=None if found is None else run_limit(found), errors=[])


def _unfit(info: Info, given: SetRunLimitInput) -> MutationError | None:
    if not 0 <= given.max_concurrent_runs <= MOST_RUNS:
        message = f"A limit is 0 to {MOST_RUNS:,} runs, not {given.max_concurrent_runs}; remove it for no limit."
        return InvalidInput(message=message, path=["maxConcurrentRuns"])
    if given.job_id is not None and given.tag_key is not None:
        return InvalidInput(message="A limit is about a job or about a tag; set two.", path=["tagKey"])
    if given.tag_key is None and (given.tag_value is not None or given.per_tag_value):
        return InvalidInput(message="Say the tag's key too, in `tagKey`.", path=["tagKey"])
    if given.tag_value is not None and given.per_tag_value:
        return InvalidInput(message="Give `tagValue`, or `perTagValue` for every value.", path=["perTagValue"])
    for name, text in (("tagKey", given.tag_key), ("tagValue", given.tag_value)):
        if text is not None and (len(text) > LONGEST_TAG or (not text and name == "tagKey")):
            message = f"A tag's key has 1 to {LONGEST_TAG} characters here, and its value no more."
            return InvalidInput(message=message, path=[name])
    return _out_of_reach(info, ALL if given.job_id is None else None)


def _out_of_reach(info: Info, subject: LimitKey | None) -> InvalidInput | None:
    """Return why whoever is confined to code locations may not limit what runs of others fall under."""
    reach = info.context.authority.code_locations
    if reach is None or subject is None or subject[0] == "job":
        return None
    message = f"You are confined to {', '.join(reach)}: limit a job of theirs; this limit is about runs of all."
    return InvalidInput(message=message, path=["jobId"])


async def _subject(connection: Any, given: SetRunLimitInput) -> LimitKey | MutationError:
    if given.job_id is not None:
        key = ids.decode_uuid("Job", given.job_id)
        job = (await jobs.by_ids(connection, [key])).get(key)
        if job is None:
            return NotFound(message=f"There is no job {given.job_id}; `jobs` lists them all.", path=["jobId"])
        return ("job", job.code_location, job.spec.name)
    if given.tag_key is None:
        return ALL
    if given.per_tag_value:
        return ("each", given.tag_key)
    return ("tag", given.tag_key) if given.tag_value is None else ("tag", given.tag_key, given.tag_value)
