"""Ticks: lists of them, what each asked for and logged, and how many there were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Text, func, literal, literal_column, not_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.ticks import RecordedRunRequest, RequestedRun, RunRequestOutcome, Tick, TickCause, TickStatus
from vedette.storage import pages
from vedette.storage.tables import run_requests, sensors, tick_logs, ticks

_error = msgspec.json.Decoder(ErrorInfo).decode
_json = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class TickFilter:
    """Which ticks a list holds; what is None or empty does not restrict. `since` is inclusive, `until` exclusive."""

    sensor_id: UUID | None = None
    sensor_name: str | None = None
    statuses: tuple[TickStatus, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    has_runs: bool | None = None


class TickCounts(NamedTuple):
    """How many ticks of a sensor a window saw, by status, and how long they took, in seconds."""

    started: int = 0
    skipped: int = 0
    success: int = 0
    failure: int = 0
    p50_seconds: float | None = None
    p99_seconds: float | None = None


# Spelt as in the partial indexes: by parameters Postgres would not know that it may use them.
_FAILED = ticks.c.status == literal_column("'FAILURE'")
_LAUNCHED = ticks.c.launched_count > literal_column("0")

_SELECT = select(*ticks.c)


def _build(row: Row[Any]) -> Tick:
    return Tick(
        id=row.id,
        sensor_id=row.sensor_id,
        number=row.number,
        status=TickStatus(row.status),
        cause=TickCause(row.cause),
        started_at=row.started_at,
        finished_at=row.finished_at,
        cursor_before=row.cursor_before,
        cursor_after=row.cursor_after,
        skip_reason=row.skip_reason,
        error=None if row.error is None else _error(row.error),
        requested_count=row.requested_count,
        launched_count=row.launched_count,
        repeats=row.repeats,
        last_repeat_at=row.last_repeat_at,
    )


_LISTING = pages.Listing(
    _SELECT, (ticks.c.started_at, ticks.c.id), _build, descending=True, parent=(ticks.c.sensor_id,)
)


async def page(connection: AsyncConnection, of: TickFilter, window: pages.Window) -> pages.Page[Tick]:
    """Return a part of the list of ticks, the newest first."""
    if of.sensor_id is not None or of.sensor_name is not None or not of.statuses:
        return await pages.read(connection, _LISTING, window, _conditions(of))
    statuses = pages.AnyOf(ticks.c.status, sorted(set(of.statuses)))
    return await pages.read(connection, _LISTING, window, _conditions(replace(of, statuses=())), statuses)


async def page_each(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], of: TickFilter, window: pages.Window
) -> list[pages.Page[Tick]]:
    """Return the same part of the list of ticks of each sensor, the newest first."""
    parents = [(sensor_id,) for sensor_id in sensor_ids]
    return await pages.read_each(connection, _LISTING, parents, window, _conditions(of))


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID], of: TickFilter | None = None) -> dict[UUID, Tick]:
    """Return those of the ticks that exist (and pass the filter), by id."""
    wanted = ticks.c.id == func.any(literal(list(ids), ARRAY(ticks.c.id.type)))
    conditions = _conditions(of) if of is not None else []
    return {row.id: _build(row) for row in await connection.execute(_SELECT.where(wanted, *conditions))}


def _conditions(of: TickFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if of.sensor_id is not None:
        conditions.append(ticks.c.sensor_id == of.sensor_id)
    if of.sensor_name is not None:
        named = select(sensors.c.id).where(sensors.c.name == of.sensor_name)
        conditions.append(ticks.c.sensor_id.in_(named))
    if set(of.statuses) == {TickStatus.FAILURE}:
        conditions.append(_FAILED)
    elif of.statuses:
        statuses = [status.value for status in of.statuses]
        conditions.append(ticks.c.status == func.any(literal(statuses, ARRAY(Text))))
    if of.since is not None:
        conditions.append(ticks.c.started_at >= of.since)
    if of.until is not None:
        conditions.append(ticks.c.started_at < of.until)
    if of.has_runs is not None:
        conditions.append(_LAUNCHED if of.has_runs else not_(_LAUNCHED))
    return conditions


def _build_request(row: Row[Any]) -> RecordedRunRequest:
    request = RequestedRun(
        job_name=row.job_name,
        run_key=row.run_key,
        run_config=_json(row.run_config),
        tags=_json(row.tags),
        partition_key=row.partition_key,
        asset_selection=None
        if row.asset_selection is None
        else _json(row.asset_selection, type=tuple[tuple[str, ...], ...]),
    )
    return RecordedRunRequest(row.tick_id, row.place, request, RunRequestOutcome(row.outcome), row.run_id)


_REQUESTS = pages.Listing(
    # `index` is what a row's own method is called.
    select(*run_requests.c, run_requests.c.index.label("place")),
    (run_requests.c.index,),
    _build_request,
    parent=(run_requests.c.tick_id,),
)


async def requests_each(
    connection: AsyncConnection, tick_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[RecordedRunRequest]]:
    """Return the same part of the run requests of each tick, in the order they were asked for."""
    return await pages.read_each(connection, _REQUESTS, [(tick_id,) for tick_id in tick_ids], window)


def _build_log(row: Row[Any]) -> LogRecord:
    error = None if row.error is None else _error(row.error)
    return LogRecord(row.at, LogLevel(row.level), row.logger, row.message, error)


_LOGS = pages.Listing(select(*tick_logs.c), (tick_logs.c.seq,), _build_log, parent=(tick_logs.c.tick_id,))


async def logs_each(
    connection: AsyncConnection, tick_ids: Sequence[UUID], levels: Sequence[LogLevel], window: pages.Window
) -> list[pages.Page[LogRecord]]:
    """Return the same part of the log lines of each tick that have one of the levels, in order."""
    conditions = [tick_logs.c.level == func.any(literal([level.value for level in levels], ARRAY(Text)))]
    return await pages.read_each(connection, _LOGS, [(tick_id,) for tick_id in tick_ids], window, conditions)


# A quiet sensor's skips are folded into one tick that may have begun long before the window: those of its repeats that
# fall into the window are taken to be spread evenly.
_COUNT = text(
    """
    WITH counted AS (
        SELECT sensor_id, status, 1 + repeats AS times, extract(epoch FROM finished_at - started_at) AS seconds
        FROM ticks WHERE sensor_id = ANY(:ids) AND started_at >= now() - CAST(:window AS interval)
        UNION ALL
        SELECT ticks.sensor_id, ticks.status, CAST(round(ticks.repeats
            * extract(epoch FROM ticks.last_repeat_at - (now() - CAST(:window AS interval)))
            / extract(epoch FROM ticks.last_repeat_at - ticks.started_at)) AS integer), NULL
        FROM sensors JOIN ticks ON ticks.id = sensors.last_tick_id
        WHERE sensors.id = ANY(:ids) AND ticks.started_at < now() - CAST(:window AS interval)
            AND ticks.last_repeat_at > now() - CAST(:window AS interval)
    )
    SELECT sensor_id,
        coalesce(sum(times) FILTER (WHERE status = 'STARTED'), 0), coalesce(sum(times) FILTER (WHERE status = 'SKIPPED'), 0),
        coalesce(sum(times) FILTER (WHERE status = 'SUCCESS'), 0), coalesce(sum(times) FILTER (WHERE status = 'FAILURE'), 0),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds)
    FROM counted GROUP BY sensor_id
    """  # noqa: E501
)


async def counts_each(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], window: timedelta
) -> dict[UUID, TickCounts]:
    """Return the counts of each sensor over the last `window`; a sensor without ticks in it is left out."""
    rows = await connection.execute(_COUNT, {"ids": list(sensor_ids), "window": window})
    return {row[0]: TickCounts(*row[1:]) for row in rows}
