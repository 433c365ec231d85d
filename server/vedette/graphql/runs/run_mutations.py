"""Launching and canceling runs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from vedette.bus import topics
from vedette.domain.assets import Path
from vedette.domain.partitions import Assumed
from vedette.domain.priorities import priority_flaw
from vedette.domain.run_keys import LONGEST_TTL_SECONDS, Dedup
from vedette.domain.runs import LONGEST_RUN_KEY_BYTES
from vedette.graphql import ids
from vedette.graphql.assets.asset_filters import asset_path
from vedette.graphql.assets.asset_launches import job_of_assets, part_of
from vedette.graphql.context import Context, Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations import attempts
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import (
    InvalidInput,
    MutationError,
    NotFound,
    RunKeyTaken,
    WrongState,
)
from vedette.graphql.runs.run_configs import refused, sealed, shown, unstorable
from vedette.graphql.runs.runs import Run, run
from vedette.storage.catalog import jobs
from vedette.storage.catalog.jobs import JobSeen
from vedette.storage.runs import run_commands, runs
from vedette.storage.runs.run_commands import Cancellation, RunWish
from vedette.storage.ticks import partition_verdicts
from vedette.telemetry.tracing import asked_by


@strawberry.input(description="A tag of a run.")
class RunTagInput:
    """A tag of a run."""

    key: str = strawberry.field(description="What it tells of.")
    value: str = strawberry.field(description="What it tells.")


@strawberry.input(description="What to launch: a job, named by id or by name, some of its assets, or assets alone.")
class LaunchRunInput(KeyedInput):
    """What to launch."""

    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job, by id.")
    job_name: str | None = strawberry.field(default=None, description="The job, by a name that only one job has.")
    run_config: JSON | None = strawberry.field(default=None, description="The run's config; an empty one if left out.")
    tags: list[RunTagInput] | None = strawberry.field(default=None, description="Tags beside those of the job.")
    partition_key: str | None = strawberry.field(default=None, description="The partition to run for.")
    asset_selection: list[list[str]] | None = strawberry.field(
        default=None,
        description="Keys of those of the job's assets to run for; without a job, of assets of one code location.",
    )
    run_key: str | None = strawberry.field(
        default=None, description="Makes the run unique: one run a key and job, for as long as `dedup` says."
    )
    dedup: Dedup | None = strawberry.field(
        default=Dedup.FOREVER, description="For how long the run holds `runKey`; TTL goes with `ttlSeconds`."
    )
    ttl_seconds: float | None = strawberry.field(
        default=None, description="For how many seconds the run holds `runKey`, where `dedup` is TTL."
    )


@strawberry.input(description="Which run to cancel.")
class CancelRunInput(KeyedInput):
    """Which run to cancel."""

    run_id: strawberry.ID = strawberry.field(description="The run.")
    force: bool | None = strawberry.field(
        default=False, description="Kill its process at once, without a chance to tidy up."
    )


@strawberry.type(description="What became of a launch.")
class LaunchRunPayload:
    """What became of a launch."""

    run: Run | None = strawberry.field(default=None, description="The run, queued.")
    errors: list[MutationError] = strawberry.field(description="Why it was not launched; empty if it was.")


@strawberry.type(description="What became of a change of a run.")
class RunPayload:
    """What became of a change of a run."""

    run: Run | None = strawberry.field(default=None, description="The run as it is now.")
    errors: list[MutationError] = strawberry.field(description="Why it was not changed; empty if it was.")


def no_run(run_id: strawberry.ID) -> NotFound:
    """Return the error for a run that does not exist."""
    return NotFound(message=f"There is no run {run_id}; `runs` lists them all.", path=["runId"])


async def launched(
    info: Info, mutation: str, given: KeyedInput, wish: Callable[[Any], Awaitable[RunWish | MutationError]]
) -> LaunchRunPayload:
    """Queue the run that `wish` makes out, in one transaction."""

    async def launch(connection: Any) -> UUID | MutationError:
        wanted = await wish(connection)
        if isinstance(wanted, MutationError):
            return wanted
        done = await run_commands.launch(connection, wanted, info.context.actor, asked_by())
        return done.run_id if done.made else await _taken(connection, wanted, done.run_id)

    outcome = await once(info.context, mutation, given, UUID, launch, makes="Run")
    if isinstance(outcome, MutationError):
        return LaunchRunPayload(errors=[outcome])
    info.context.bus.knock(topics.run_events(outcome))
    return LaunchRunPayload(run=await info.context.loaders.run.load(outcome), errors=[])


async def _taken(connection: Any, wish: RunWish, run_id: UUID) -> RunKeyTaken:
    found = await runs.by_ids(connection, [run_id])
    message = f"The job {wish.job.spec.name!r} has a run with the key {wish.run_key!r} already."
    return RunKeyTaken(message=message, path=["runKey"], run=run(found[run_id]))


async def _wish(context: Context, connection: Any, given: LaunchRunInput) -> RunWish | MutationError:
    """Return the run to be, or why there can be none."""
    if (unfit := _unfit(given)) is not None:
        return unfit
    selection = None if given.asset_selection is None else [asset_path(key) for key in given.asset_selection]
    job = await _job_for(connection, given, selection)
    if isinstance(job, MutationError):
        return job
    config: Any = {} if given.run_config is None else given.run_config
    attempts.also_given(context, "runConfig", shown(job, config))
    if (unaccepted := refused(job, config, given.partition_key)) is not None:
        return unaccepted
    config = sealed(job, config, context.sealer)
    if isinstance(config, MutationError):
        return config
    if given.partition_key is not None and (unknown := await _no_partition(connection, job, given.partition_key)):
        return unknown
    tags = {tag.key: tag.value for tag in given.tags or ()}
    dedup = given.dedup or Dedup.FOREVER
    return RunWish(
        job,
        config,
        tags,
        given.run_key,
        given.partition_key,
        dedup=dedup,
        ttl_seconds=given.ttl_seconds,
        asset_selection=selection,
    )


async def _no_partition(connection: Any, job: JobSeen, key: str) -> InvalidInput | None:
    """Return why a run of the job cannot be for a partition; None where it can."""
    partitions = job.spec.partitions
    assumed = Assumed()
    if partitions is None:
        message = f"The job {job.spec.name!r} has no partitions; leave `partitionKey` out."
    elif not partitions.has(key, datetime.now(UTC), assumed):
        message = f"The job {job.spec.name!r} has no partition {key[:100]!r}; `job.partitions` lists those it has."
    elif (lacking := await partition_verdicts.missing(connection, assumed.asked)) is not None:
        message = (
            f"There is no partition {lacking.key[:100]!r} of the dynamic partitions {lacking.definition!r};"
            " addDynamicPartition adds it."
        )
    else:
        return None
    return InvalidInput(message=message, path=["partitionKey"])


async def _job_for(connection: Any, given: LaunchRunInput, selection: list[Path] | None) -> JobSeen | MutationError:
    """Return the job as it is for what is to run of it."""
    if selection and given.job_id is None and given.job_name is None:
        job = await job_of_assets(connection, selection)
    else:
        job = await _job(connection, given)
    if selection is None or isinstance(job, MutationError):
        return job
    return await part_of(connection, job, selection)


async def _job(connection: Any, given: LaunchRunInput) -> JobSeen | MutationError:
    if given.job_id is not None and given.job_name is None:
        key = ids.decode_uuid("Job", given.job_id)
        found = [job for job in (await jobs.by_ids(connection, [key])).values() if job.loaded]
        name, path = str(given.job_id), "jobId"
    elif given.job_name is not None and given.job_id is None:
        found = await jobs.by_name(connection, given.job_name, None)
        name, path = given.job_name, "jobName"
    else:
        return InvalidInput(message="Name the job by `jobId` or by `jobName`, one of the two.", path=["jobId"])
    if not found:
        return NotFound(message=f"There is no job {name}; `jobs` lists them all.", path=[path])
    if len(found) > 1:
        message = f"Several code locations have a job {name!r}; name it by `jobId`."
        return InvalidInput(message=message, path=[path])
    return found[0]


def _unfit(given: LaunchRunInput) -> MutationError | None:
    """Return what the database, or the process that is to execute it, could not hold."""
    if given.run_key is not None and len(given.run_key.encode()) > LONGEST_RUN_KEY_BYTES:
        message = f"A run key has at most {LONGEST_RUN_KEY_BYTES} bytes, not {len(given.run_key.encode())}."
        return InvalidInput(message=message, path=["runKey"])
    if (unfit := _unfit_dedup(given)) is not None:
        return unfit
    if any(not tag.key for tag in given.tags or ()):
        return InvalidInput(message="A tag's key has at least one character.", path=["tags"])
    if flaw := priority_flaw({tag.key: tag.value for tag in given.tags or ()}):
        return InvalidInput(message=flaw, path=["tags"])
    return unstorable(given.run_config)


def _unfit_dedup(given: LaunchRunInput) -> InvalidInput | None:
    dedup = given.dedup or Dedup.FOREVER
    if given.run_key is None and (dedup is not Dedup.FOREVER or given.ttl_seconds is not None):
        return InvalidInput(message="`dedup` says for how long `runKey` counts; give a key too.", path=["dedup"])
    if (dedup is Dedup.TTL) != (given.ttl_seconds is not None):
        return InvalidInput(message="`dedup: TTL` and `ttlSeconds` go together.", path=["ttlSeconds"])
    if given.ttl_seconds is not None and not 0 < given.ttl_seconds <= LONGEST_TTL_SECONDS:
        return InvalidInput(message="`ttlSeconds` is above 0 and at most 1000 years.", path=["ttlSeconds"])
    return None


@strawberry.type
class RunMutations:
    """Fields of Mutation."""

    @mutation("Launch a run of a job.")
    async def launch_run(
        self,
        info: Info,
        input: Annotated[LaunchRunInput, strawberry.argument(description="What to launch.")],  # noqa: A002
    ) -> LaunchRunPayload:
        """Queue it."""
        return await launched(info, "launchRun", input, lambda connection: _wish(info.context, connection, input))

    @mutation("Cancel a run: at once while it is queued, else its process is told to end (TERM), then killed.")
    async def cancel_run(
        self,
        info: Info,
        input: Annotated[CancelRunInput, strawberry.argument(description="Which run.")],  # noqa: A002
    ) -> RunPayload:
        """Cancel it, or ask its launcher to."""
        key = ids.decode_uuid("Run", input.run_id)

        async def cancel(connection: Any) -> UUID | MutationError:
            done = await run_commands.cancel(connection, key, bool(input.force), info.context.actor)
            if done is Cancellation.NO_SUCH_RUN:
                return no_run(input.run_id)
            if done is Cancellation.TOO_LATE:
                message = "The run has ended already; there is nothing to cancel."
                return WrongState(message=message, path=["runId"])
            return key

        outcome = await once(info.context, "cancelRun", input, UUID, cancel)
        info.context.bus.knock(topics.CANCELS, topics.RUNS, topics.run_events(key))
        errors = [outcome] if isinstance(outcome, MutationError) else []
        return RunPayload(run=await info.context.loaders.run.load(key), errors=errors)
