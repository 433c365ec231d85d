"""Sensors: what is known of each, and lists of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import SensorKind, SensorSpec, SensorStatus
from vedette.domain.sensors import (
    OVERDUE_AFTER,
    Cursor,
    Sensor,
    SensorConditionKind,
    StatusReason,
    StatusSource,
)
from vedette.domain.ticks import Tick
from vedette.storage import pages, scopes
from vedette.storage.catalog import code_locations
from vedette.storage.catalog.code_locations import CodeLocationSeen
from vedette.storage.pages import By, Condition
from vedette.storage.ticks import ticks

# Specs change with code alone, and are read with every sensor.
_spec = lru_cache(10_000)(msgspec.json.Decoder(SensorSpec).decode)


class SensorSeen(NamedTuple):
    """A sensor and the moment, in the database's clock, at which it was read."""

    sensor: Sensor
    at: datetime


class SensorListed(NamedTuple):
    """A sensor of a page with its last tick, if that is kept.

    The code location that defines it stands beside one of the page's sensors that it defines, None beside the others.
    """

    seen: SensorSeen
    last_tick: Tick | None
    code_location: CodeLocationSeen | None


class SensorOrder(StrEnum):
    """How a list of sensors is ordered."""

    NAME = "NAME"
    LAST_TICK = "LAST_TICK"
    LAG = "LAG"


@dataclass(frozen=True, slots=True)
class SensorFilter:
    """Which sensors a list holds; what is None or empty does not restrict. `tag` is (key, value or None for any)."""

    code_location: str | None = None
    name_contains: str | None = None
    status: SensorStatus | None = None
    kind: SensorKind | None = None
    condition: SensorConditionKind | None = None
    tag: tuple[str, str | None] | None = None


RUNS = "(loaded AND status = 'RUNNING')"
# What is not past due at all is most of what there is: its specification need not be looked into.
_MAX_LAG = "CAST(spec ->> 'max_lag_seconds' AS double precision)"
_OVERDUE = f"""(CASE WHEN next_tick_at < now()
    THEN next_tick_at < now() - make_interval(secs => coalesce({_MAX_LAG}, {OVERDUE_AFTER.total_seconds()}))
    ELSE false END)"""
_HELD_UP = f"""(CASE WHEN evaluating_tick_id IS NOT NULL AND next_tick_at < now()
    THEN coalesce(next_tick_at < now() - make_interval(
        secs => {_MAX_LAG} + CAST(spec ->> 'minimum_interval_seconds' AS double precision)), false)
    ELSE false END)"""
# The first line of an error, as `type: message`, in so many characters.
_ONE_LINE = "left({error} ->> 'type' || ': ' || split_part({error} ->> 'message', E'\\n', 1), 300)"
_LAST_ERROR = f"""SELECT {_ONE_LINE.format(error="ticks.error")} FROM ticks
    WHERE ticks.id = sensors.last_tick_id AND ticks.status = 'FAILURE'"""
_LOAD_ERROR = f"""SELECT {_ONE_LINE.format(error="code_locations.error")} FROM code_locations
    WHERE code_locations.name = sensors.code_location"""
# By an evaluator that can evaluate it: has loaded its code.
HELD = """SELECT FROM leases JOIN workers ON workers.id = leases.holder
    WHERE leases.name = 'sensors/' || sensors.shard AND leases.expires_at > now()
        AND sensors.code_location = ANY(workers.code_locations)"""
# Looked up only where it is told: most sensors do not fail, are loaded and are on time.
COLUMNS = f"""id, code_location, CAST(spec AS text), loaded, status, status_source, status_actor, status_at,
    status_note, cursor, cursor_version, cursor_at, cursor_tick_id, cursor_actor,
    started_at, next_tick_at, last_tick_id, last_tick_at, evaluating_tick_id, consecutive_failures,
    CASE WHEN consecutive_failures > 0 THEN ({_LAST_ERROR}) END,
    CASE WHEN NOT loaded THEN ({_LOAD_ERROR}) END,
    CASE WHEN {_OVERDUE} THEN EXISTS ({HELD}) ELSE true END, now()"""


# How many of those behind the cursor are Sensor's as they are; then comes the moment.
_KNOWN = 9
_STATUS = {status.value: status for status in SensorStatus}
_SOURCE = {source.value: source for source in StatusSource}


def build(values: pages.Values) -> SensorSeen:
    """Return a row of COLUMNS, and whatever follows them, as a sensor."""
    # What follows the cursor is in the order of Sensor's fields.
    key, location, spec, loaded, status, source, actor, at, note, cursor, version, cursor_at, tick, by, *rest = values
    reason = StatusReason(_SOURCE[source], actor, at, note)
    place = Cursor(cursor, version, cursor_at, tick, by)
    sensor = Sensor(key, location, _spec(spec), loaded, _STATUS[status], reason, place, *rest[:_KNOWN])
    return SensorSeen(sensor, rest[_KNOWN])


_ID = By("id", "uuid")
_BY_NAME = pages.Listing(
    COLUMNS,
    "sensors",
    (By("name", "text"), _ID),
    build,
    parent=(By("code_location", "text"),),
    scope=scopes.OF_LOCATION,
)
_NEVER = "timestamptz '9999-01-01 00:00:00+00'"
_LISTINGS = {
    SensorOrder.NAME: _BY_NAME,
    SensorOrder.LAST_TICK: replace(
        _BY_NAME, keys=(By("coalesce(last_tick_at, to_timestamp(0))", "timestamptz"), _ID), descending=True
    ),
    # The longest overdue first; what waits for nothing comes last.
    SensorOrder.LAG: replace(
        _BY_NAME, keys=(By(f"coalesce(CASE WHEN {RUNS} THEN next_tick_at END, {_NEVER})", "timestamptz"), _ID)
    ),
}


async def page(
    connection: AsyncConnection, of: SensorFilter, order: SensorOrder, window: pages.Window
) -> pages.Page[SensorSeen]:
    """Return a part of the list of sensors."""
    return await pages.read(connection, _LISTINGS[order], window, _conditions(of))


# By an array, as each partition of ticks is then looked into once for all sensors. What is told of a code location is
# sent once: beside a hundred sensors, its columns were a sixth of what a page took to read.
_OF_LOCATIONS = code_locations.COLUMNS.split(", ")
_LAST_AND_LOCATION = f""", last AS MATERIALIZED (
    SELECT {ticks.COLUMNS} FROM ticks WHERE id = ANY(ARRAY(SELECT last_tick_id FROM page))
), located AS (
    SELECT DISTINCT ON (known.id) {", ".join(f"known.{name}" for name in _OF_LOCATIONS)}, page.id AS beside
    FROM page JOIN code_locations AS known ON known.name = page.code_location ORDER BY known.id, {{order}})
SELECT last.*, {", ".join(f"located.{name}" for name in _OF_LOCATIONS)}, page.*
FROM page LEFT JOIN last ON last.id = page.last_tick_id LEFT JOIN located ON located.beside = page.id"""
_OF_TICK, _OF_LOCATION = ticks.COLUMNS.count(",") + 1, len(_OF_LOCATIONS)


def _build_listed(values: pages.Values) -> SensorListed:
    last, located = values[:_OF_TICK], values[_OF_TICK : _OF_TICK + _OF_LOCATION]
    tick = None if last[0] is None else ticks.build(last)
    location = None if located[0] is None else code_locations.build(located)
    return SensorListed(build(values[_OF_TICK + _OF_LOCATION :]), tick, location)


_LISTED = {
    order: replace(cast("pages.Listing[Any]", listing), build=_build_listed, around=_LAST_AND_LOCATION)
    for order, listing in _LISTINGS.items()
}


async def page_with_last_ticks(
    connection: AsyncConnection, of: SensorFilter, order: SensorOrder, window: pages.Window
) -> pages.Page[SensorListed]:
    """Return a part of the list of sensors with what is shown beside each, in one statement."""
    return await pages.read(connection, _LISTED[order], window, _conditions(of))


async def page_each(
    connection: AsyncConnection, locations: Sequence[str], window: pages.Window
) -> list[pages.Page[SensorSeen]]:
    """Return the same part of the list of sensors of each code location, by name."""
    return await pages.read_each(connection, _BY_NAME, [(name,) for name in locations], window)


async def by_ids(
    connection: AsyncConnection, ids: Sequence[UUID], of: SensorFilter | None = None
) -> dict[UUID, SensorSeen]:
    """Return those of the sensors that exist (and pass the filter), by id."""
    conditions = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    if of is not None:
        conditions += _conditions(of)
    return {seen.sensor.id: seen for seen in await pages.select(connection, _BY_NAME, conditions)}


async def by_name(connection: AsyncConnection, name: str, code_location: str | None) -> list[SensorSeen]:
    """Return the sensors of that name: at most one where the code location is given."""
    conditions = [Condition("name = :name", {"name": name})]
    if code_location is not None:
        conditions.append(Condition("code_location = :code_location", {"code_location": code_location}))
    return await pages.select(connection, _BY_NAME, conditions, "ORDER BY code_location LIMIT 2")


_OF_JOBS = text(
    """
    SELECT wanted.ordinal, sensors.id
    FROM sensors CROSS JOIN LATERAL jsonb_array_elements_text(spec -> 'job_names') AS named(job)
    JOIN unnest(CAST(:code_locations AS text[]), CAST(:jobs AS text[])) WITH ORDINALITY
        AS wanted(code_location, job, ordinal) USING (code_location, job)
    WHERE sensors.loaded
    ORDER BY wanted.ordinal, sensors.name
    """
)


async def ids_of_jobs(connection: AsyncConnection, jobs: Sequence[tuple[str, str]]) -> list[list[UUID]]:
    """Return for each (code location, job name) the ids of the sensors that may ask for runs of it, by name."""
    names = {"code_locations": [job[0] for job in jobs], "jobs": [job[1] for job in jobs]}
    found: list[list[UUID]] = [[] for _ in jobs]
    for ordinal, sensor_id in await connection.execute(_OF_JOBS, names):
        found[ordinal - 1].append(sensor_id)
    return found


def _conditions(of: SensorFilter) -> list[Condition]:
    conditions: list[Condition] = []
    if of.code_location is not None:
        conditions.append(Condition("code_location = :code_location", {"code_location": of.code_location}))
    if of.name_contains:
        conditions.append(pages.contains("name", of.name_contains))
    if of.status is not None:
        conditions.append(Condition("status = :status", {"status": of.status.value}))
    if of.kind is not None:
        kind = f"coalesce(spec ->> 'kind', '{SensorKind.STANDARD.value}') = :kind"
        conditions.append(Condition(kind, {"kind": of.kind.value}))
    if of.condition is not None:
        conditions.append(Condition(_IN_CONDITION[of.condition], {}))
    if of.tag is not None:
        key, value = of.tag
        tagged = "spec -> 'tags' ? :tag" if value is None else "spec -> 'tags' ->> :tag = :tag_value"
        conditions.append(Condition(tagged, {"tag": key} if value is None else {"tag": key, "tag_value": value}))
    return conditions


_EVALUATES = "evaluating_tick_id IS NOT NULL"
_FAILS = "consecutive_failures > 0"
IS_LATE = f"(evaluating_tick_id IS NULL AND {_OVERDUE} OR {_HELD_UP})"
_IS_IDLE = f"{RUNS} AND NOT {_EVALUATES} AND NOT {IS_LATE}"
# What domain.sensors.condition_of says of one sensor, in SQL.
_IN_CONDITION = {
    SensorConditionKind.UNLOADED: "NOT loaded",
    SensorConditionKind.STOPPED: "loaded AND status = 'STOPPED'",
    SensorConditionKind.EVALUATING: f"{RUNS} AND {_EVALUATES} AND NOT {_HELD_UP}",
    SensorConditionKind.OVERDUE: f"{RUNS} AND {IS_LATE}",
    SensorConditionKind.BACKING_OFF: f"{_IS_IDLE} AND {_FAILS}",
    SensorConditionKind.WAITING: f"{_IS_IDLE} AND NOT {_FAILS}",
}


_LATE = text(
    f"""
    SELECT count(*), count(*) FILTER (WHERE {_MAX_LAG} IS NOT NULL)
    FROM sensors WHERE {RUNS} AND next_tick_at < now() AND {IS_LATE}
    """
)


class Late(NamedTuple):
    """How many sensors are OVERDUE, and how many of them by an objective of their own."""

    overdue: int
    by_objective: int


async def late(connection: AsyncConnection) -> Late:
    """Count the sensors that are OVERDUE."""
    return Late(*(await connection.execute(_LATE)).one())
