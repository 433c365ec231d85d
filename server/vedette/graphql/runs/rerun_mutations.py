"""Running again what has ended."""

from typing import Annotated, Any

import strawberry

from vedette.domain.runs import FINISHED, Run, RunStatus
from vedette.graphql import ids
from vedette.graphql.assets.asset_launches import part_of
from vedette.graphql.context import Context, Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.idempotency import KeyedInput
from vedette.graphql.mutations.mutation_errors import MutationError, NotFound, WrongState
from vedette.graphql.runs.run_configs import opened, refused
from vedette.graphql.runs.run_mutations import LaunchRunPayload, launched, no_run
from vedette.storage.catalog import jobs
from vedette.storage.runs import run_commands, runs
from vedette.storage.runs.requested_runs import RUN_KEY_TAG
from vedette.storage.runs.run_commands import RunWish


@strawberry.input(description="Which run to repeat, and how much of it.")
class RerunInput(KeyedInput):
    """Which run to repeat."""

    run_id: strawberry.ID = strawberry.field(description="The run; it must have ended.")
    from_failure: bool | None = strawberry.field(
        default=False,
        description="Execute only the ops that did not succeed, and those whose outputs they take; else all of them.",
    )


async def _wish(context: Context, connection: Any, given: RerunInput) -> RunWish | MutationError:
    """Return the run to be: the same job with the same config, tags and partition, as the job is now."""
    key = ids.decode_uuid("Run", given.run_id)
    former = (await runs.by_ids(connection, [key])).get(key)
    if former is None:
        return no_run(given.run_id)
    if (unfit := _unfit(former, bool(given.from_failure))) is not None:
        return unfit
    name = (former.code_location, former.job_name)
    job = (await jobs.by_names(connection, [name])).get(name)
    if job is None or not job.loaded:
        return NotFound(message=f"There is no job {former.job_name!r} any more; `jobs` lists them.", path=["runId"])
    if former.asset_selection:
        part = await part_of(connection, job, former.asset_selection)
        if isinstance(part, MutationError):
            return part
        job = part
    config = opened(former.run_config, context.sealer)
    if isinstance(config, MutationError):
        return config
    if (unaccepted := refused(job, config, former.partition_key)) is not None:
        return unaccepted
    done = await run_commands.steps_done(connection, key) if given.from_failure else None
    # The run key is that of the run that is repeated, and stays its own.
    tags = {key: value for key, value in former.tags.items() if key != RUN_KEY_TAG}
    return RunWish(
        job,
        former.run_config,
        tags,
        partition_key=former.partition_key,
        rerun_of=key,
        done_steps=done,
        asset_selection=former.asset_selection,
        asset_checks=former.asset_checks,
    )


def _unfit(former: Run, from_failure: bool) -> MutationError | None:
    if former.status not in FINISHED:
        message = f"The run is {former.status.value}; it can be repeated once it has ended: wait, or cancel it."
        return WrongState(message=message, path=["runId"])
    if from_failure and former.status is RunStatus.SUCCESS:
        return WrongState(message="The run succeeded; repeat all of it, without `fromFailure`.", path=["fromFailure"])
    return None


@strawberry.type
class RerunMutations:
    """Fields of Mutation."""

    @mutation("Run again what has ended: a new run of the same job with the same config, tags and partition.")
    async def rerun(
        self,
        info: Info,
        input: Annotated[RerunInput, strawberry.argument(description="Which run.")],  # noqa: A002
    ) -> LaunchRunPayload:
        """Queue its successor."""
        return await launched(info, "rerun", input, lambda connection: _wish(info.context, connection, input))
