"""Ticks: lists of them, what each asked for and logged, and how many there were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, Text, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import first_id
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


# By id, which tells when a tick started. Each status has its own partitions in that order.
_LISTING = pages.Listing(_SELECT, (ticks.c.id,), _build, descending=True, parent=(ticks.c.sensor_id,))


async def page(connection: AsyncConnection, of: TickFilter, window: pages.Window) -> pages.Page[Tick]:
    """Return a part of the list of ticks, the newest first."""
    named = None if of.sensor_name is None else _named(of.sensor_name)
    return await pages.read(connection, _LISTING, window, _conditions(of), _statuses(of), named)


async def page_each(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], of: TickFilter, window: pages.Window
) -> list[pages.Page[Tick]]:
    """Return the same part of the list of ticks of each sensor, the newest first."""
    parents = [(sensor_id,) for sensor_id in sensor_ids]
    conditions = _conditions(of)
    if of.sensor_name is not None:
        conditions.append(ticks.c.sensor_id.in_(_named(of.sensor_name)))
    return await pages.read_each(connection, _LISTING, parents, window, conditions, _statuses(of))


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID], of: TickFilter | None = None) -> dict[UUID, Tick]:
    """Return those of the ticks that exist (and pass the filter), by id."""
    wanted = ticks.c.id == func.any(literal(list(ids), ARRAY(ticks.c.id.type)))
    conditions = [] if of is None else _conditions(of)
    if of is not None and (of.statuses or of.has_runs is not None):
        conditions.append(ticks.c.status == func.any(literal(_statuses(of).values, ARRAY(Text))))
    if of is not None and of.sensor_name is not None:
        conditions.append(ticks.c.sensor_id.in_(_named(of.sensor_name)))
    return {row.id: _build(row) for row in await connection.execute(_SELECT.where(wanted, *conditions))}


def _named(name: str) -> Select[Any]:
    return select(sensors.c.id).where(sensors.c.name == name)


def _statuses(of: TickFilter) -> pages.AnyOf:
    """Return the statuses that pass: a tick has runs if and only if it is a SUCCESS, which the table holds to."""
    wanted = [
        status.value
        for status in TickStatus
        if (not of.statuses or status in of.statuses)
        and (of.has_runs is None or (status is TickStatus.SUCCESS) is of.has_runs)
    ]
    return pages.AnyOf(ticks.c.status, wanted)


def _conditions(of: TickFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if of.sensor_id is not None:
        conditions.append(ticks.c.sensor_id == of.sensor_id)
    # The list is in the order of ids, and partitioned by them.
    if of.since is not None:
        conditions.append(ticks.c.id >= first_id(of.since))
    if of.until is not None:
        conditions.append(ticks.c.id < first_id(of.until))
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


# The least id of a moment: 48 bits of milliseconds, and what every id of version 7 has.
_FIRST_ID = """CAST(lpad(to_hex(CAST(floor(extract(epoch FROM {at}) * 1000) AS bigint)), 12, '0')
    || '70008000000000000000' AS uuid)"""
_SINCE = _FIRST_ID.format(at="now() - CAST(:window AS interval)")
_A_DAY_BEFORE = _FIRST_ID.format(at="now() - CAST(:window AS interval) - interval '1 day'")
# A quiet sensor's skips are folded, for a day at most, into one tick that may have begun before the window: those of
# its repeats that fall into the window are taken to be spread evenly.
_COUNT = text(
    f"""
    WITH counted AS (
        SELECT sensor_id, status, 1 + repeats AS times, extract(epoch FROM finished_at - started_at) AS seconds
        FROM ticks WHERE sensor_id = ANY(:ids) AND id >= {_SINCE}
        UNION ALL
        SELECT before.sensor_id, before.status, CAST(round(before.repeats
            * extract(epoch FROM before.last_repeat_at - (now() - CAST(:window AS interval)))
            / extract(epoch FROM before.last_repeat_at - before.started_at)) AS integer), NULL
        FROM unnest(CAST(:ids AS uuid[])) AS asked(sensor_id), LATERAL (
            SELECT * FROM ticks
            WHERE ticks.sensor_id = asked.sensor_id AND ticks.status = 'SKIPPED'
                AND ticks.id < {_SINCE} AND ticks.id >= {_A_DAY_BEFORE}
            ORDER BY ticks.id DESC LIMIT 1
        ) AS before
        WHERE before.last_repeat_at > now() - CAST(:window AS interval)
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
