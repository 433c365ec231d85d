"""What happens to runs, as sensors that react to it are told: the changes in order, then the whole story of some."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import Run, RunStatus
from vedette.storage.runs import runs

# As many failed steps of a run as a sensor is told.
MOST_STEP_FAILURES = 100


class RunHappening(NamedTuple):
    """A run became `status`. Where it was deleted since, `code_location` and `job_name` are None."""

    position: int
    at: datetime
    run_id: UUID
    status: RunStatus
    code_location: str | None
    job_name: str | None


class RunStory(NamedTuple):
    """A run as it is now, the event that tells of its change of status, and its steps that failed."""

    run: Run
    happened: RunEvent
    step_failures: tuple[RunEvent, ...]


_AFTER = text(
    """
    SELECT changed.position, changed.at, changed.run_id, changed.status, runs.code_location, runs.job_name
    FROM (
        SELECT position, at, run_id, status FROM run_changes WHERE position > :after ORDER BY position LIMIT :limit
    ) AS changed
    LEFT JOIN runs ON runs.id = changed.run_id
    ORDER BY changed.position
    """
)
# The last that tells of the status: a run that was rescued may have been STARTED before.
_TOLD = text(
    """
    SELECT asked.run_id, asked.status, event.at, event.kind, event.step, event.message, event.error
    FROM (
        SELECT * FROM unnest(CAST(:run_ids AS uuid[]), CAST(:statuses AS text[])) AS asked(run_id, status)
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT position, at, kind, step, message, error FROM run_events
            WHERE run_events.run_id = asked.run_id AND kind = 'RUN_' || asked.status
            ORDER BY position DESC LIMIT 1
        ) AS told
        UNION ALL
        SELECT * FROM (
            SELECT position, at, kind, step, message, error FROM run_events
            WHERE asked.status = 'FAILURE' AND run_events.run_id = asked.run_id AND kind = 'STEP_FAILURE'
            ORDER BY position LIMIT :most
        ) AS failures
    ) AS event
    ORDER BY asked.run_id, asked.status, event.position
    """
)


async def after(connection: AsyncConnection, position: int, limit: int) -> list[RunHappening]:
    """Return at most `limit` changes of runs after `position`, in order."""
    rows = await connection.execute(_AFTER, {"after": position, "limit": limit})
    return [RunHappening(at, when, run, RunStatus(status), place, job) for at, when, run, status, place, job in rows]


async def stories(
    connection: AsyncConnection, asked: Sequence[tuple[UUID, RunStatus]]
) -> dict[tuple[UUID, RunStatus], RunStory]:
    """Return the stories of (run id, status), by these; runs that are gone are left out."""
    wanted = list(dict.fromkeys(asked))
    found = await runs.by_ids(connection, list({run_id for run_id, _ in wanted}))
    given = {
        "run_ids": [run_id for run_id, _ in wanted],
        "statuses": [status.value for _, status in wanted],
        "most": MOST_STEP_FAILURES,
    }
    told: dict[tuple[UUID, RunStatus], list[RunEvent]] = {}
    for row in await connection.execute(_TOLD, given):
        told.setdefault((row.run_id, RunStatus(row.status)), []).append(_event(row))
    return {key: _story(found[key[0]], key[1], told.get(key, [])) for key in wanted if key[0] in found}


def _event(row: Row[Any]) -> RunEvent:
    error = None if row.error is None else msgspec.json.decode(row.error, type=ErrorInfo)
    return RunEvent(at=row.at, kind=RunEventKind(row.kind), step=row.step, message=row.message, error=error)


def _story(run: Run, status: RunStatus, events: Sequence[RunEvent]) -> RunStory:
    kind = RunEventKind(f"RUN_{status}")
    at = run.finished_at or run.started_at or run.queued_at
    happened = next((event for event in events if event.kind is kind), RunEvent(at, kind))
    return RunStory(run, happened, tuple(event for event in events if event.kind is RunEventKind.STEP_FAILURE))
