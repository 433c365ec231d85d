"""Runs that were executed by no launcher, in the process of a test or a script: recorded when they have ended."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.questions import RecordRun
from vedette.domain.runs import RunStatus, RunStep, StepStatus
from vedette.storage.runs import run_updates
from vedette.storage.runs.run_events import storable_json
from vedette.storage.runs.run_updates import RunUpdate

_INSERT = text(
    """
    INSERT INTO runs (id, code_location, job_name, status, run_config, tags, partition_key, asset_selection,
        asset_checks, on_interrupted, queued_at, started_at)
    VALUES (:id, :code_location, :job_name, 'QUEUED', CAST(:run_config AS jsonb), CAST(:tags AS jsonb), :partition_key,
        CAST(:asset_selection AS jsonb), CAST(:asset_checks AS jsonb), 'fail', :queued_at, :started_at)
    ON CONFLICT DO NOTHING
    RETURNING id
    """
)
_ENDS = {
    RunEventKind.STEP_SUCCESS: StepStatus.SUCCESS,
    RunEventKind.STEP_FAILURE: StepStatus.FAILURE,
    RunEventKind.STEP_SKIPPED: StepStatus.SKIPPED,
}


async def record(connection: AsyncConnection, ended: RecordRun) -> None:
    """Record a run that has ended, with its events and what they tell of assets; one that is there stays as it is."""
    run = ended.run
    values = {
        "id": run.id,
        "code_location": run.code_location,
        "job_name": run.job_name,
        "run_config": storable_json(run.run_config),
        "tags": storable_json(run.tags),
        "partition_key": run.partition_key,
        "asset_selection": _json(run.asset_selection),
        "asset_checks": _json(run.asset_checks),
        "queued_at": run.queued_at,
        "started_at": run.started_at,
    }
    if (await connection.execute(_INSERT, values)).first() is None:
        return
    # Nobody sees it QUEUED: it is one transaction. The streams are written last, those of assets after those of runs.
    ending = RunUpdate(
        run_id=run.id,
        epoch=0,
        event_count=0,
        attempt=run.attempt,
        events=_story(ended),
        statuses=(RunStatus.QUEUED, RunStatus.STARTED, run.status),
        error=run.error,
        steps=tuple(enumerate(_steps(ended.events))),
    )
    await run_updates.apply(connection, [ending])


def _story(ended: RecordRun) -> tuple[RunEvent, ...]:
    run = ended.run
    began = run.started_at or run.queued_at
    message = None if run.error is None else run.error.message
    end = RunEvent(run.finished_at or began, RunEventKind(f"RUN_{run.status}"), message=message, error=run.error)
    queued = RunEvent(run.queued_at, RunEventKind.RUN_QUEUED, message="Executed in the process that asked for it.")
    return (queued, RunEvent(began, RunEventKind.RUN_STARTED), *ended.events, end)


def _steps(events: Sequence[RunEvent]) -> list[RunStep]:
    began: dict[str, datetime] = {}
    retries: dict[str, int] = {}
    steps = []
    for event in events:
        name = event.step or ""
        if event.kind is RunEventKind.STEP_STARTED:
            began[name] = event.at
        elif event.kind is RunEventKind.STEP_RETRY:
            retries[name] = retries.get(name, 0) + 1
        elif event.kind in _ENDS:
            attempt = retries.get(name, 0) + 1
            steps.append(RunStep(name, _ENDS[event.kind], began.get(name), event.at, attempt, event.error))
    return steps


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
