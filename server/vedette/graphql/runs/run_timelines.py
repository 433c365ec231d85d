"""Runs over time, by job: what happened, what goes on and what waits, for as many jobs as one can look at."""

from datetime import datetime
from typing import Annotated

import strawberry

from vedette.domain.runs import RunStatus
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.graphql.fields import field
from vedette.graphql.ticks.tick_buckets import MOST_BUCKETS, span_of
from vedette.storage.runs import run_timelines

MOST_JOBS = 100
MOST_PER_JOB = 100

Since = Annotated[datetime, strawberry.argument(description="Where the span begins.")]
Until = Annotated[datetime, strawberry.argument(description="Where the span ends; runs that were queued then are not.")]
Seconds = Annotated[
    float,
    strawberry.argument(
        description=f"How long a part is, where runs are counted; the span has at most {MOST_BUCKETS} of them."
    ),
]
Jobs = Annotated[
    int, strawberry.argument(description=f"How many jobs, those with the latest runs: 1 to {MOST_JOBS}.", name="first")
]
PerJob = Annotated[
    int,
    strawberry.argument(
        description=f"A job with at most so many runs in the span has each of them told: 0 to {MOST_PER_JOB}."
    ),
]


@strawberry.type(description="A run on a timeline.")
class TimelineRun:
    """A run on a timeline."""

    id: strawberry.ID = strawberry.field(description="The id of the Run, which `run` and `node` open.")
    status: RunStatus = strawberry.field(description="How it stands.")
    queued_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(description="When user code began, in the latest attempt.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")


@strawberry.type(description="How many runs of a job began in a part of a span.")
class RunBucket:
    """How many runs of a job began in a part of a span."""

    started_at: datetime = strawberry.field(description="Where the part begins.")
    active: int = strawberry.field(description="Those that have not ended yet.")
    success: int = strawberry.field(description="Those that succeeded.")
    failure: int = strawberry.field(description="Those that failed.")
    canceled: int = strawberry.field(description="Those that were canceled.")


@strawberry.type(description="The runs of a job that waited, went on or ended in a span.")
class JobTimeline:
    """The runs of a job in a span."""

    code_location: str = strawberry.field(description="Name of the job's code location.")
    job_name: str = strawberry.field(description="Name of the job.")
    run_count: int = strawberry.field(description="How many they are.")
    runs: list[TimelineRun] = strawberry.field(
        description="Each of them, the oldest first; empty where there are more than `perJob`."
    )
    buckets: list[RunBucket] = strawberry.field(
        description="How many began in each part, where there are more than `perJob`; a part without is left out."
    )


@strawberry.type(description="The runs of jobs over time.")
class RunTimeline:
    """The runs of jobs over time."""

    jobs: list[JobTimeline] = strawberry.field(description="Jobs that had runs, by code location and name.")
    job_count: int = strawberry.field(description="How many jobs had runs, with those that are not listed.")


def _within(name: str, given: int, least: int, most: int) -> int:
    if not least <= given <= most:
        raise RequestError(BAD_INPUT, f"{name} is a number from {least} to {most}, not {given}.")
    return given


def _job(found: run_timelines.JobTimeline) -> JobTimeline:
    return JobTimeline(
        code_location=found.code_location,
        job_name=found.job_name,
        run_count=found.run_count,
        runs=[
            TimelineRun(id=ids.encode("Run", key), status=status, queued_at=queued, started_at=begun, finished_at=ended)
            for key, status, queued, begun, ended in found.runs
        ],
        buckets=[
            RunBucket(started_at=at, active=active, success=success, failure=failure, canceled=canceled)
            for at, active, success, failure, canceled in found.buckets
        ],
    )


@strawberry.type
class RunTimelineQueries:
    """Fields of Query."""

    @field("The runs of all jobs over time, for a timeline: every run that waited, went on or ended in the span.")
    async def run_timeline(
        self, info: Info, since: Since, until: Until, seconds: Seconds, first: Jobs = 50, per_job: PerJob = 50
    ) -> RunTimeline:
        """Read it in one statement."""
        span = span_of(since, until, seconds)
        jobs, runs = _within("first", first, 1, MOST_JOBS), _within("perJob", per_job, 0, MOST_PER_JOB)
        async with info.context.database.reading() as connection:
            found = await run_timelines.read(connection, span, jobs, runs)
        return RunTimeline(jobs=[_job(one) for one in found.jobs], job_count=found.job_count)
