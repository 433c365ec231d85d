"""Runs: lists of them, their steps, events and logs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogLevel
from vedette.domain.runs import Run, RunStatus, RunStep, StepStatus
from vedette.storage import pages, scopes
from vedette.storage.pages import By, Condition

_error = msgspec.json.Decoder(ErrorInfo).decode
_json = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs a list holds; what is None or empty does not restrict. `since` is inclusive, `until` exclusive.

    `tags` are (key, value or None for any), all of which a run must have.
    """

    sensor_id: UUID | None = None
    tick_id: UUID | None = None
    job_name: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    run_key: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()
    since: datetime | None = None
    until: datetime | None = None


_STATUS = {status.value: status for status in RunStatus}


def _build(values: pages.Values) -> Run:
    key, location, job, status, queued, run_key, tags, run_config, partition, assets, checks, *rest = values
    sensor_id, tick_id, started, finished, error, attempt, rerun_of, priority, trace, *_ = rest
    return Run(
        id=key,
        code_location=location,
        job_name=job,
        status=_STATUS[status],
        queued_at=queued,
        run_key=run_key,
        tags=_json(tags),
        run_config=_json(run_config),
        partition_key=partition,
        asset_selection=None if assets is None else _json(assets, type=tuple[tuple[str, ...], ...]),
        asset_checks=None if checks is None else _json(checks, type=tuple[tuple[tuple[str, ...], str], ...]),
        sensor_id=sensor_id,
        tick_id=tick_id,
        started_at=started,
        finished_at=finished,
        error=None if error is None else _error(error),
        attempt=attempt,
        rerun_of=rerun_of,
        priority=priority,
        trace=trace,
    )


LISTING = pages.Listing(
    """id, code_location, job_name, status, queued_at, run_key, CAST(tags AS text), CAST(run_config AS text),
    partition_key, CAST(asset_selection AS text), CAST(asset_checks AS text),
    sensor_id, tick_id, started_at, finished_at, CAST(error AS text),
    attempt, rerun_of, priority, trace""",
    "runs",
    (By("queued_at", "timestamptz"), By("id", "uuid")),
    _build,
    descending=True,
    scope=scopes.OF_LOCATION,
)
_OF_SENSORS = replace(LISTING, parent=(By("sensor_id", "uuid"),))
_OF_TICKS = replace(LISTING, parent=(By("tick_id", "uuid"),))
_OF_JOBS = replace(LISTING, parent=(By("code_location", "text"), By("job_name", "text")))


async def page(connection: AsyncConnection, of: RunFilter, window: pages.Window) -> pages.Page[Run]:
    """Return a part of the list of runs, the newest first."""
    if not of.statuses or any((of.sensor_id, of.tick_id, of.job_name, of.run_key)):
        return await pages.read(connection, LISTING, window, _conditions(of))
    statuses = pages.AnyOf("status", sorted({status.value for status in of.statuses}))
    return await pages.read(connection, LISTING, window, _conditions(replace(of, statuses=())), statuses)


async def page_each_sensor(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], of: RunFilter, window: pages.Window
) -> list[pages.Page[Run]]:
    """Return the same part of the list of runs of each sensor, the newest first."""
    parents = [(sensor_id,) for sensor_id in sensor_ids]
    return await pages.read_each(connection, _OF_SENSORS, parents, window, _conditions(of))


async def page_each_tick(
    connection: AsyncConnection, tick_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[Run]]:
    """Return the same part of the list of runs that each tick launched, the newest first."""
    return await pages.read_each(connection, _OF_TICKS, [(tick_id,) for tick_id in tick_ids], window)


async def page_each_job(
    connection: AsyncConnection, jobs: Sequence[tuple[str, str]], of: RunFilter, window: pages.Window
) -> list[pages.Page[Run]]:
    """Return the same part of the list of runs of each (code location, job name), the newest first."""
    return await pages.read_each(connection, _OF_JOBS, jobs, window, _conditions(of))


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID], of: RunFilter | None = None) -> dict[UUID, Run]:
    """Return those of the runs that exist (and pass the filter), by id."""
    conditions = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    if of is not None:
        conditions += _conditions(of)
    return {run.id: run for run in await pages.select(connection, LISTING, conditions)}


def _conditions(of: RunFilter) -> list[Condition]:
    equal = (
        ("sensor_id", of.sensor_id),
        ("tick_id", of.tick_id),
        ("job_name", of.job_name),
        ("run_key", of.run_key),
    )
    conditions = [Condition(f"{name} = :{name}", {name: value}) for name, value in equal if value is not None]
    if of.statuses:
        statuses = [status.value for status in of.statuses]
        conditions.append(Condition("status = ANY(:statuses)", {"statuses": statuses}))
    if exact := {key: value for key, value in of.tags if value is not None}:
        conditions.append(Condition("tags @> :tags", {"tags": msgspec.json.encode(exact).decode()}))
    if keys := [key for key, value in of.tags if value is None]:
        conditions.append(Condition("tags ?& :tag_keys", {"tag_keys": keys}))
    if of.since is not None:
        conditions.append(Condition("queued_at >= :since", {"since": of.since}))
    if of.until is not None:
        conditions.append(Condition("queued_at < :until", {"until": of.until}))
    return conditions


_STEPS = text(
    """
    SELECT run_id, name, status, started_at, finished_at, attempt, error FROM run_steps
    WHERE run_id = ANY(CAST(:run_ids AS uuid[])) ORDER BY run_id, index
    """
)


async def steps_each(connection: AsyncConnection, run_ids: Sequence[UUID]) -> dict[UUID, list[RunStep]]:
    """Return the steps of each run in the order of its graph; a run without steps is left out."""
    found: dict[UUID, list[RunStep]] = {}
    for row in await connection.execute(_STEPS, {"run_ids": list(run_ids)}):
        error = None if row.error is None else _error(row.error)
        step = RunStep(row.name, StepStatus(row.status), row.started_at, row.finished_at, row.attempt, error)
        found.setdefault(row.run_id, []).append(step)
    return found


class PlacedEvent(NamedTuple):
    """An event of a run at its position 1, 2, 3 … in it."""

    position: int
    event: RunEvent


def _build_event(values: pages.Values) -> PlacedEvent:
    position, at, kind, step, message, level, logger, error, data, *_ = values
    event = RunEvent(
        at=at,
        kind=RunEventKind(kind),
        step=step,
        message=message,
        level=None if level is None else LogLevel(level),
        logger=logger,
        error=None if error is None else _error(error),
        data=None if data is None else _json(data),
    )
    return PlacedEvent(position, event)


_EVENTS = pages.Listing(
    "position, at, kind, step, message, level, logger, CAST(error AS text), CAST(data AS text)",
    "run_events",
    (By("position", "bigint"),),
    _build_event,
    parent=(By("run_id", "uuid"),),
    scope=scopes.AS_ITS_PARENT,
)


async def events_each(
    connection: AsyncConnection, run_ids: Sequence[UUID], window: pages.Window, conditions: Sequence[Condition] = ()
) -> list[pages.Page[PlacedEvent]]:
    """Return the same part of the events of each run, in order."""
    return await pages.read_each(connection, _EVENTS, [(run_id,) for run_id in run_ids], window, conditions)


async def logs_each(
    connection: AsyncConnection, run_ids: Sequence[UUID], levels: Sequence[LogLevel], window: pages.Window
) -> list[pages.Page[PlacedEvent]]:
    """Return the same part of the log lines of each run that have one of the levels, in order."""
    wanted = {"levels": [level.value for level in levels]}
    conditions = [Condition(f"kind = '{RunEventKind.LOG.value}' AND level = ANY(:levels)", wanted)]
    return await pages.read_each(connection, _EVENTS, [(run_id,) for run_id in run_ids], window, conditions)
