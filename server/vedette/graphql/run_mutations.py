"""Launching and canceling runs."""

from collections.abc import Iterator
from typing import Annotated, Any

import strawberry
from jsonschema import Draft202012Validator
from referencing import Registry
from strawberry.scalars import JSON

from vedette.authoring.text import as_json
from vedette.bus import topics
from vedette.domain.runs import LONGEST_RUN_KEY_BYTES
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutation_errors import (
    InvalidInput,
    InvalidRunConfig,
    MutationError,
    NotFound,
    RunKeyTaken,
    WrongState,
)
from vedette.graphql.runs import Run
from vedette.storage import jobs, run_commands
from vedette.storage.jobs import JobSeen
from vedette.storage.run_commands import Cancellation

# How much of what is wrong with a config is told.
MOST_PROBLEMS = 10
LONGEST_PROBLEM = 300


@strawberry.input(description="A tag of a run.")
class RunTagInput:
    """A tag of a run."""

    key: str = strawberry.field(description="What it tells of.")
    value: str = strawberry.field(description="What it tells.")


@strawberry.input(description="What to launch: a job, named by id or by name.")
class LaunchRunInput:
    """What to launch."""

    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job, by id.")
    job_name: str | None = strawberry.field(default=None, description="The job, by a name that only one job has.")
    run_config: JSON | None = strawberry.field(default=None, description="The run's config; an empty one if left out.")
    tags: list[RunTagInput] | None = strawberry.field(default=None, description="Tags beside those of the job.")
    run_key: str | None = strawberry.field(
        default=None, description="Makes the run unique: one run a key and job, ever."
    )


@strawberry.input(description="Which run to cancel.")
class CancelRunInput:
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


async def _job(info: Info, given: LaunchRunInput) -> JobSeen | MutationError:
    if (given.job_id is None) == (given.job_name is None):
        return InvalidInput(message="Name the job by `jobId` or by `jobName`, one of the two.", path=["jobId"])
    async with info.context.database.reading() as connection:
        if given.job_id is not None:
            key = ids.decode_uuid("Job", given.job_id)
            found = [job for job in (await jobs.by_ids(connection, [key])).values() if job.loaded]
            path = "jobId"
        else:
            assert given.job_name is not None
            found = await jobs.by_name(connection, given.job_name, None)
            path = "jobName"
    if not found:
        return NotFound(
            message=f"There is no job {given.job_id or given.job_name}; `jobs` lists them all.", path=[path]
        )
    if len(found) > 1:
        message = f"Several code locations have a job {given.job_name!r}; name it by `jobId`."
        return InvalidInput(message=message, path=[path])
    return found[0]


def problems(schema: dict[str, Any] | None, config: Any) -> Iterator[str]:
    """Yield what `schema` (JSON Schema 2020-12; None takes any object) finds wrong with a run config."""
    if not isinstance(config, dict):
        yield "the run config is not an object"
    elif schema is not None:
        # Schemas come from user code: references stay within them, nothing is fetched.
        validator = Draft202012Validator(schema, registry=Registry())
        for error in validator.iter_errors(config):
            where = ".".join(str(part) for part in error.absolute_path)
            yield f"{where}: {error.message}"[:LONGEST_PROBLEM] if where else error.message[:LONGEST_PROBLEM]


def _unfit(given: LaunchRunInput) -> MutationError | None:
    """Return what the database, or the process that is to execute it, could not hold."""
    if given.run_key is not None and len(given.run_key.encode()) > LONGEST_RUN_KEY_BYTES:
        message = f"A run key has at most {LONGEST_RUN_KEY_BYTES} bytes, not {len(given.run_key.encode())}."
        return InvalidInput(message=message, path=["runKey"])
    if any(not tag.key for tag in given.tags or ()):
        return InvalidInput(message="A tag's key has at least one character.", path=["tags"])
    try:
        as_json(given.run_config)
    except ValueError as error:
        return InvalidRunConfig(message=f"The run config {error}.", path=["runConfig"])
    return None


def _refused(job: JobSeen, config: Any) -> InvalidRunConfig | None:
    found = sorted(problems(job.spec.config_schema, config))
    if not found:
        return None
    told = "; ".join(found[:MOST_PROBLEMS]) + (" …" if len(found) > MOST_PROBLEMS else "")
    message = f"The job {job.spec.name!r} does not accept the run config: {told}."
    return InvalidRunConfig(message=message, path=["runConfig"])


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
        if (unfit := _unfit(input)) is not None:
            return LaunchRunPayload(errors=[unfit])
        job = await _job(info, input)
        if isinstance(job, MutationError):
            return LaunchRunPayload(errors=[job])
        config: Any = {} if input.run_config is None else input.run_config
        if (refused := _refused(job, config)) is not None:
            return LaunchRunPayload(errors=[refused])
        tags = {tag.key: tag.value for tag in input.tags or ()}
        async with info.context.database.writing() as connection:
            launch = await run_commands.launch(connection, job, config, tags, input.run_key, info.context.actor)
        run = await info.context.loaders.run.load(launch.run_id)
        if launch.made:
            info.context.bus.knock(topics.RUNS, topics.run_events(launch.run_id))
            return LaunchRunPayload(run=run, errors=[])
        assert run is not None
        message = f"The job {job.spec.name!r} has a run with the key {input.run_key!r} already."
        return LaunchRunPayload(errors=[RunKeyTaken(message=message, path=["runKey"], run=run)])

    @mutation("Cancel a run: at once while it is queued, else its process is told to end (TERM), then killed.")
    async def cancel_run(
        self,
        info: Info,
        input: Annotated[CancelRunInput, strawberry.argument(description="Which run.")],  # noqa: A002
    ) -> RunPayload:
        """Cancel it, or ask its launcher to."""
        key = ids.decode_uuid("Run", input.run_id)
        async with info.context.database.writing() as connection:
            outcome = await run_commands.cancel(connection, key, bool(input.force), info.context.actor)
        if outcome is Cancellation.NO_SUCH_RUN:
            message = f"There is no run {input.run_id}; `runs` lists them all."
            return RunPayload(errors=[NotFound(message=message, path=["runId"])])
        info.context.bus.knock(topics.RUNS, topics.run_events(key))
        run = await info.context.loaders.run.load(key)
        if outcome is Cancellation.TOO_LATE:
            message = "The run has ended already; there is nothing to cancel."
            return RunPayload(run=run, errors=[WrongState(message=message, path=["runId"])])
        return RunPayload(run=run, errors=[])
