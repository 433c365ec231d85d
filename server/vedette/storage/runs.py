"""Runs: lists of them, their steps, events and logs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Text, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogLevel
from vedette.domain.runs import Run, RunStatus, RunStep, StepStatus
from vedette.storage import pages
from vedette.storage.tables import run_events, runs

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


_SELECT = select(*runs.c)


def _build(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        code_location=row.code_location,
        job_name=row.job_name,
        status=RunStatus(row.status),
        queued_at=row.queued_at,
        run_key=row.run_key,
        tags=_json(row.tags),
        run_config=_json(row.run_config),
        partition_key=row.partition_key,
        asset_selection=None
        if row.asset_selection is None
        else _json(row.asset_selection, type=tuple[tuple[str, ...], ...]),
        sensor_id=row.sensor_id,
        tick_id=row.tick_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=None if row.error is None else _error(row.error),
        attempt=row.attempt,
        rerun_of=row.rerun_of,
    )


_KEYS = (runs.c.queued_at, runs.c.id)
_ALL = pages.Listing(_SELECT, _KEYS, _build, descending=True)
_OF_SENSORS = pages.Listing(_SELECT, _KEYS, _build, descending=True, parent=(runs.c.sensor_id,))
_OF_TICKS = pages.Listing(_SELECT, _KEYS, _build, descending=True, parent=(runs.c.tick_id,))
_OF_JOBS = pages.Listing(_SELECT, _KEYS, _build, descending=True, parent=(runs.c.code_location, runs.c.job_name))


async def page(connection: AsyncConnection, of: RunFilter, window: pages.Window) -> pages.Page[Run]:
    """Return a part of the list of runs, the newest first."""
    if not of.statuses or any((of.sensor_id, of.tick_id, of.job_name, of.run_key)):
        return await pages.read(connection, _ALL, window, _conditions(of))
    statuses = pages.AnyOf(runs.c.status, sorted(set(of.statuses)))
    return await pages.read(connection, _ALL, window, _conditions(replace(of, statuses=())), statuses)


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
    wanted = runs.c.id == func.any(literal(list(ids), ARRAY(runs.c.id.type)))
    conditions = _conditions(of) if of is not None else []
    return {row.id: _build(row) for row in await connection.execute(_SELECT.where(wanted, *conditions))}


def _conditions(of: RunFilter) -> list[ColumnElement[bool]]:
    equal = (
        (runs.c.sensor_id, of.sensor_id),
        (runs.c.tick_id, of.tick_id),
        (runs.c.job_name, of.job_name),
        (runs.c.run_key, of.run_key),
    )
    conditions: list[ColumnElement[bool]] = [by == value for by, value in equal if value is not None]
    if of.statuses:
        statuses = [status.value for status in of.statuses]
        conditions.append(runs.c.status == func.any(literal(statuses, ARRAY(Text))))
    if exact := {key: value for key, value in of.tags if value is not None}:
        conditions.append(runs.c.tags.contains(literal(msgspec.json.encode(exact).decode(), JSONB)))
    conditions.extend(runs.c.tags.has_key(key) for key, value in of.tags if value is None)
    if of.since is not None:
        conditions.append(runs.c.queued_at >= of.since)
    if of.until is not None:
        conditions.append(runs.c.queued_at < of.until)
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


def _build_event(row: Row[Any]) -> PlacedEvent:
    event = RunEvent(
        at=row.at,
        kind=RunEventKind(row.kind),
        step=row.step,
        message=row.message,
        level=None if row.level is None else LogLevel(row.level),
        logger=row.logger,
        error=None if row.error is None else _error(row.error),
        data=None if row.data is None else _json(row.data),
    )
    return PlacedEvent(row.position, event)


_EVENTS = pages.Listing(select(*run_events.c), (run_events.c.position,), _build_event, parent=(run_events.c.run_id,))


async def events_each(
    connection: AsyncConnection, run_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[PlacedEvent]]:
    """Return the same part of the events of each run, in order."""
    return await pages.read_each(connection, _EVENTS, [(run_id,) for run_id in run_ids], window)


async def logs_each(
    connection: AsyncConnection, run_ids: Sequence[UUID], levels: Sequence[LogLevel], window: pages.Window
) -> list[pages.Page[PlacedEvent]]:
    """Return the same part of the log lines of each run that have one of the levels, in order."""
    conditions = [
        run_events.c.kind == RunEventKind.LOG.value,
        run_events.c.level == func.any(literal([level.value for level in levels], ARRAY(Text))),
    ]
    return await pages.read_each(connection, _EVENTS, [(run_id,) for run_id in run_ids], window, conditions)
