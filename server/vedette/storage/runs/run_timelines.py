"""Runs over time, by job: each of them where a job has few in a span, and their numbers where it has many."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.runs import RunStatus
from vedette.storage import scopes
from vedette.storage.tables.runs import IS_LONG, LASTED
from vedette.storage.ticks.tick_buckets import Span

# Of runs that had been queued before a span and ended in it, those that took no longer are found among all that were
# queued so long before it; the longer ones, which are few, by an index of their own.
LOOK_BACK = timedelta(hours=1)


class TimelineRun(NamedTuple):
    """A run and when it did what."""

    id: UUID
    status: RunStatus
    queued_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunBucket(NamedTuple):
    """How many runs began from `started_at` on, for one width; `active` are those that have not ended."""

    started_at: datetime
    active: int
    success: int
    failure: int
    canceled: int


class JobTimeline(NamedTuple):
    """The runs of a job that were there in a span: either all of them, or counts of those that began in it."""

    code_location: str
    job_name: str
    run_count: int
    runs: list[TimelineRun]
    buckets: list[RunBucket]


class Timeline(NamedTuple):
    """The jobs with the latest runs, by location and name, and how many jobs had runs in all."""

    jobs: list[JobTimeline]
    job_count: int


_COLUMNS = "id, code_location, job_name, status, queued_at, started_at, finished_at"
# Queued in the span; or before it, and ended in it or later, in short or long; or before it, and still there, by the
# indexes of these.
_READ = """
    WITH seen AS MATERIALIZED (
        SELECT {columns} FROM runs WHERE queued_at >= :since AND queued_at < :until {scope}
        UNION ALL
        SELECT {columns} FROM runs
        WHERE queued_at < :since AND queued_at >= :earliest AND finished_at > :since AND NOT ({long}) {scope}
        UNION ALL
        SELECT {columns} FROM runs WHERE {lasted} @> CAST(:since AS timestamptz) AND {long} {scope}
        UNION ALL
        SELECT {columns} FROM runs WHERE queued_at < :since AND status = 'QUEUED' {scope}
        UNION ALL
        SELECT {columns} FROM runs
        WHERE queued_at < :since AND status IN ('STARTING', 'STARTED', 'CANCELING') {scope}
    ), listed AS (
        SELECT code_location, job_name, count(*) AS run_count, count(*) OVER () AS job_count
        FROM seen GROUP BY code_location, job_name
        ORDER BY max(queued_at) DESC, code_location, job_name LIMIT :first
    ), apart AS (
        SELECT code_location, job_name, array_agg(id ORDER BY queued_at, id) AS ids,
            array_agg(status ORDER BY queued_at, id) AS statuses,
            array_agg(queued_at ORDER BY queued_at, id) AS queued,
            array_agg(started_at ORDER BY queued_at, id) AS started,
            array_agg(finished_at ORDER BY queued_at, id) AS finished
        FROM seen JOIN listed USING (code_location, job_name) WHERE run_count <= :apart
        GROUP BY code_location, job_name
    ), parts AS (
        SELECT code_location, job_name,
            least(CAST(:parts AS integer) - 1, CAST(floor(
                extract(epoch FROM coalesce(started_at, queued_at) - :since) / :width) AS integer)) AS part,
            CAST(count(*) FILTER (WHERE finished_at IS NULL) AS integer) AS active,
            CAST(count(*) FILTER (WHERE status = 'SUCCESS') AS integer) AS success,
            CAST(count(*) FILTER (WHERE status = 'FAILURE') AS integer) AS failure,
            CAST(count(*) FILTER (WHERE status = 'CANCELED') AS integer) AS canceled
        FROM seen JOIN listed USING (code_location, job_name)
        WHERE run_count > :apart AND coalesce(started_at, queued_at) >= :since
        GROUP BY code_location, job_name, part
    ), counted AS (
        SELECT code_location, job_name, array_agg(part ORDER BY part) AS parts,
            array_agg(active ORDER BY part) AS active,
            array_agg(success ORDER BY part) AS success, array_agg(failure ORDER BY part) AS failure,
            array_agg(canceled ORDER BY part) AS canceled
        FROM parts GROUP BY code_location, job_name
    )
    SELECT listed.job_count, code_location, job_name, listed.run_count, ids, statuses, queued, started, finished,
        parts, active, success, failure, canceled
    FROM listed LEFT JOIN apart USING (code_location, job_name) LEFT JOIN counted USING (code_location, job_name)
    ORDER BY code_location, job_name
"""
_PARTS = {"columns": _COLUMNS, "long": IS_LONG, "lasted": LASTED}
_OF_ALL = text(_READ.format(**_PARTS, scope=""))
_OF_SOME = text(_READ.format(**_PARTS, scope=f"AND {scopes.OF_LOCATION}"))


async def read(connection: AsyncConnection, span: Span, first: int, apart: int) -> Timeline:
    """Return the runs of at most `first` jobs, each by itself where a job has at most `apart` of them."""
    confined_to = scopes.confines(connection)
    values: dict[str, Any] = {
        "since": span.since,
        "until": span.until,
        "earliest": span.since - LOOK_BACK,
        "width": span.width.total_seconds(),
        "parts": span.parts,
        "first": first,
        "apart": apart,
    }
    if confined_to is not None:
        values["confined_to"] = list(confined_to)
    rows = (await connection.execute(_OF_ALL if confined_to is None else _OF_SOME, values)).all()
    return Timeline([_job(row, span) for row in rows], rows[0].job_count if rows else 0)


def _job(row: Any, span: Span) -> JobTimeline:
    runs = [
        TimelineRun(key, RunStatus(status), *times)
        for key, status, *times in _columns(row.ids, row.statuses, row.queued, row.started, row.finished)
    ]
    buckets = [
        RunBucket(span.since + part * span.width, *counts)
        for part, *counts in _columns(row.parts, row.active, row.success, row.failure, row.canceled)
    ]
    return JobTimeline(row.code_location, row.job_name, row.run_count, runs, buckets)


def _columns(*columns: Sequence[Any] | None) -> list[tuple[Any, ...]]:
    return list(zip(*(column or () for column in columns), strict=True))
