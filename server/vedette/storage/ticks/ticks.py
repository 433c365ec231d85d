"""Ticks: lists of them, what each asked for and logged, and how many there were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import first_id
from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.run_keys import Dedup
from vedette.domain.ticks import RecordedRunRequest, RequestedRun, RunRequestOutcome, Tick, TickCause, TickStatus
from vedette.storage import pages, scopes
from vedette.storage.pages import By, Condition

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


_STATUS = {status.value: status for status in TickStatus}
_CAUSE = {cause.value: cause for cause in TickCause}


def build(values: pages.Values) -> Tick:
    """Return the tick of what COLUMNS select, in their order, which is that of Tick's fields."""
    key, sensor, number, status, cause, start, end, before, after, reason, error, *rest = values
    failure = None if error is None else _error(error)
    known = (key, sensor, number, _STATUS[status], _CAUSE[cause], start, end, before, after, reason, failure)
    return Tick(*known, *rest[:_COUNTS])


# How many columns follow the error.
_COUNTS = 6
COLUMNS = """id, sensor_id, number, status, cause, started_at, finished_at, cursor_before, cursor_after, skip_reason,
    CAST(error AS text), requested_count, launched_count, reaction_count, repeats, last_repeat_at, trace"""
# By id, which tells when a tick started. Each status has its own partitions in that order.
_LISTING = pages.Listing(
    COLUMNS,
    "ticks",
    (By("id", "uuid"),),
    build,
    descending=True,
    parent=(By("sensor_id", "uuid"),),
    scope=scopes.OF_SENSOR,
)


async def page(connection: AsyncConnection, of: TickFilter, window: pages.Window) -> pages.Page[Tick]:
    """Return a part of the list of ticks, the newest first."""
    confined_to = scopes.confines(connection)
    if confined_to is not None and of.sensor_id is None and of.sensor_name is None:
        mine = Condition(_OF_LOCATIONS, {"confined_to": confined_to})
        return await pages.read_scattered(connection, _LISTING, window, _conditions(of), _statuses(of), mine)
    named = None
    if of.sensor_name is not None:
        named = Condition(f"SELECT id AS parent_0 {_NAMED}", {"sensor_name": of.sensor_name})
    return await pages.read(connection, _LISTING, window, _conditions(of), _statuses(of), named)


async def page_each(
    connection: AsyncConnection, sensor_ids: Sequence[UUID], of: TickFilter, window: pages.Window
) -> list[pages.Page[Tick]]:
    """Return the same part of the list of ticks of each sensor, the newest first."""
    parents = [(sensor_id,) for sensor_id in sensor_ids]
    return await pages.read_each(connection, _LISTING, parents, window, [*_conditions(of), *_name(of)], _statuses(of))


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID], of: TickFilter | None = None) -> dict[UUID, Tick]:
    """Return those of the ticks that exist (and pass the filter), by id."""
    conditions = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    if of is not None:
        conditions += [*_conditions(of), *_name(of)]
    if of is not None and of.statuses:
        conditions.append(Condition("status = ANY(:statuses)", {"statuses": _statuses(of).values}))
    return {tick.id: tick for tick in await pages.select(connection, _LISTING, conditions)}


_NAMED = "FROM sensors WHERE name = :sensor_name"
_OF_LOCATIONS = f"SELECT id AS parent_0 FROM sensors WHERE {scopes.OF_LOCATION}"


def _name(of: TickFilter) -> list[Condition]:
    if of.sensor_name is None:
        return []
    return [Condition(f"sensor_id IN (SELECT sensors.id {_NAMED})", {"sensor_name": of.sensor_name})]


def _statuses(of: TickFilter) -> pages.AnyOf:
    """Return the statuses that pass: what has runs is a SUCCESS, which the table holds to."""
    wanted = [
        status.value
        for status in TickStatus
        if (not of.statuses or status in of.statuses) and (not of.has_runs or status is TickStatus.SUCCESS)
    ]
    # A success that launched nothing reacted to something.
    more = {TickStatus.SUCCESS.value: "reaction_count > 0"} if of.has_runs is False else {}
    return pages.AnyOf("status", wanted, more)


def _conditions(of: TickFilter) -> list[Condition]:
    conditions: list[Condition] = []
    if of.sensor_id is not None:
        conditions.append(Condition("sensor_id = :sensor_id", {"sensor_id": of.sensor_id}))
    if of.has_runs is not None:
        conditions.append(Condition("launched_count > 0" if of.has_runs else "launched_count = 0", {}))
    # The list is in the order of ids, and partitioned by them.
    if of.since is not None:
        conditions.append(Condition("id >= :since", {"since": first_id(of.since)}))
    if of.until is not None:
        conditions.append(Condition("id < :until", {"until": first_id(of.until)}))
    return conditions


def _build_request(values: pages.Values) -> RecordedRunRequest:
    tick_id, place, job, run_key, dedup, ttl, run_config, tags, partition, assets, checks, outcome, run_id, *_ = values
    request = RequestedRun(
        job_name=job,
        run_key=run_key,
        run_config=_json(run_config),
        tags=_json(tags),
        partition_key=partition,
        asset_selection=None if assets is None else _json(assets, type=tuple[tuple[str, ...], ...]),
        asset_checks=None if checks is None else _json(checks, type=tuple[tuple[tuple[str, ...], str], ...]),
        dedup=Dedup.FOREVER if dedup is None else Dedup(dedup),
        ttl_seconds=ttl,
    )
    return RecordedRunRequest(tick_id, place, request, RunRequestOutcome(outcome), run_id)


_REQUESTS = pages.Listing(
    """tick_id, index, job_name, run_key, dedup, ttl_seconds, CAST(run_config AS text), CAST(tags AS text),
    partition_key, CAST(asset_selection AS text), CAST(asset_checks AS text), outcome, run_id""",
    "run_requests",
    (By("index", "integer"),),
    _build_request,
    parent=(By("tick_id", "uuid"),),
    scope=scopes.AS_ITS_PARENT,
)


async def requests_each(
    connection: AsyncConnection, tick_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[RecordedRunRequest]]:
    """Return the same part of the run requests of each tick, in the order they were asked for."""
    return await pages.read_each(connection, _REQUESTS, [(tick_id,) for tick_id in tick_ids], window)


def _build_log(values: pages.Values) -> LogRecord:
    at, level, logger, message, error, *_ = values
    return LogRecord(at, LogLevel(level), logger, message, None if error is None else _error(error))


_LOGS = pages.Listing(
    "at, level, logger, message, CAST(error AS text)",
    "tick_logs",
    (By("seq", "integer"),),
    _build_log,
    parent=(By("tick_id", "uuid"),),
    scope=scopes.AS_ITS_PARENT,
)


async def logs_each(
    connection: AsyncConnection, tick_ids: Sequence[UUID], levels: Sequence[LogLevel], window: pages.Window
) -> list[pages.Page[LogRecord]]:
    """Return the same part of the log lines of each tick that have one of the levels, in order."""
    conditions = [Condition("level = ANY(:levels)", {"levels": [level.value for level in levels]})]
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
