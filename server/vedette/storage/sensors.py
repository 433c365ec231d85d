"""Sensors: what is known of each, lists of them, and the changes of status that people make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
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
from vedette.storage import pages, streams
from vedette.storage.tables import code_locations, leases, sensors, ticks, workers

_spec = msgspec.json.Decoder(SensorSpec).decode


class SensorSeen(NamedTuple):
    """A sensor and the moment, in the database's clock, at which it was read."""

    sensor: Sensor
    at: datetime


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


_LOADED_AND_RUNNING = and_(sensors.c.loaded, sensors.c.status == "RUNNING")
_OVERDUE = sensors.c.next_tick_at < func.now() - literal(OVERDUE_AFTER)

# The first line of an error, as `type: message`.
_MOST_CHARACTERS = 300


def _one_line(error: ColumnElement[Any]) -> ColumnElement[str]:
    message = func.split_part(error["message"].astext, "\n", 1)
    return func.left(error["type"].astext + ": " + message, _MOST_CHARACTERS)


_LAST_ERROR = (
    select(_one_line(ticks.c.error))
    .where(ticks.c.id == sensors.c.last_tick_id, ticks.c.status == literal_column("'FAILURE'"))
    .scalar_subquery()
)
_LOAD_ERROR = (
    select(_one_line(code_locations.c.error)).where(code_locations.c.name == sensors.c.code_location).scalar_subquery()
)
# By an evaluator that can evaluate it: has loaded its code.
_HELD = (
    exists()
    .select_from(leases.join(workers, workers.c.id == leases.c.holder))
    .where(
        leases.c.name == literal("sensors/") + cast(sensors.c.shard, Text),
        leases.c.expires_at > func.now(),
        sensors.c.code_location == any_(workers.c.code_locations),
    )
)

_SELECT: Select[Any] = select(
    *sensors.c,
    # Looked up only where it is told: most sensors do not fail, are loaded and are on time.
    case((sensors.c.consecutive_failures > 0, _LAST_ERROR)).label("last_error"),
    case((not_(sensors.c.loaded), _LOAD_ERROR)).label("load_error"),
    case((_OVERDUE, _HELD), else_=true()).label("held"),
    func.now().label("seen_at"),
)


def _build(row: Row[Any]) -> SensorSeen:
    sensor = Sensor(
        id=row.id,
        code_location=row.code_location,
        spec=_spec(row.spec),
        loaded=row.loaded,
        status=SensorStatus(row.status),
        status_reason=StatusReason(StatusSource(row.status_source), row.status_actor, row.status_at, row.status_note),
        cursor=Cursor(row.cursor, row.cursor_version, row.cursor_at, row.cursor_tick_id, row.cursor_actor),
        started_at=row.started_at,
        next_tick_at=row.next_tick_at,
        last_tick_id=row.last_tick_id,
        last_tick_at=row.last_tick_at,
        evaluating_tick_id=row.evaluating_tick_id,
        consecutive_failures=row.consecutive_failures,
        last_error=row.last_error,
        load_error=row.load_error,
        held=row.held,
    )
    return SensorSeen(sensor, row.seen_at)


_LISTINGS = {
    SensorOrder.NAME: pages.Listing(_SELECT, (sensors.c.name, sensors.c.id), _build, parent=(sensors.c.code_location,)),
    SensorOrder.LAST_TICK: pages.Listing(
        _SELECT, (func.coalesce(sensors.c.last_tick_at, func.to_timestamp(0)), sensors.c.id), _build, descending=True
    ),
    # The longest overdue first; what waits for nothing comes last.
    SensorOrder.LAG: pages.Listing(
        _SELECT,
        (
            func.coalesce(
                sensors.c.next_tick_at + text("CASE WHEN loaded AND status = 'RUNNING' THEN '0'::interval END"),
                text("timestamptz '9999-01-01 00:00:00+00'"),
            ),
            sensors.c.id,
        ),
        _build,
    ),
}


async def page(
    connection: AsyncConnection, of: SensorFilter, order: SensorOrder, window: pages.Window
) -> pages.Page[SensorSeen]:
    """Return a part of the list of sensors."""
    return await pages.read(connection, _LISTINGS[order], window, _conditions(of))


async def page_each(
    connection: AsyncConnection, code_locations: Sequence[str], window: pages.Window
) -> list[pages.Page[SensorSeen]]:
    """Return the same part of the list of sensors of each code location, by name."""
    return await pages.read_each(connection, _LISTINGS[SensorOrder.NAME], [(name,) for name in code_locations], window)


async def by_ids(
    connection: AsyncConnection, ids: Sequence[UUID], of: SensorFilter | None = None
) -> dict[UUID, SensorSeen]:
    """Return those of the sensors that exist (and pass the filter), by id."""
    wanted = sensors.c.id == func.any(literal(list(ids), ARRAY(sensors.c.id.type)))
    conditions = _conditions(of) if of is not None else []
    rows = await connection.execute(_SELECT.where(wanted, *conditions))
    return {row.id: _build(row) for row in rows}


async def by_name(connection: AsyncConnection, name: str, code_location: str | None) -> list[SensorSeen]:
    """Return the sensors of that name: at most one where the code location is given."""
    statement = _SELECT.where(sensors.c.name == name).order_by(sensors.c.code_location).limit(2)
    if code_location is not None:
        statement = statement.where(sensors.c.code_location == code_location)
    return [_build(row) for row in await connection.execute(statement)]


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


def _conditions(of: SensorFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if of.code_location is not None:
        conditions.append(sensors.c.code_location == of.code_location)
    if of.name_contains:
        conditions.append(sensors.c.name.icontains(of.name_contains, autoescape=True))
    if of.status is not None:
        conditions.append(sensors.c.status == of.status.value)
    if of.kind is not None:
        conditions.append(func.coalesce(sensors.c.spec["kind"].astext, SensorKind.STANDARD.value) == of.kind.value)
    if of.condition is not None:
        conditions.append(_in_condition(of.condition))
    if of.tag is not None:
        key, value = of.tag
        tags = sensors.c.spec["tags"]
        conditions.append(tags.has_key(key) if value is None else tags[key].astext == value)
    return conditions


def _in_condition(kind: SensorConditionKind) -> ColumnElement[bool]:
    """Say in SQL what domain.sensors.condition_of says of one sensor."""
    evaluating = sensors.c.evaluating_tick_id.is_not(None)
    fails = sensors.c.consecutive_failures > 0
    is_late = and_(not_(evaluating), func.coalesce(_OVERDUE, false()))
    return {
        SensorConditionKind.UNLOADED: not_(sensors.c.loaded),
        SensorConditionKind.STOPPED: and_(sensors.c.loaded, sensors.c.status == "STOPPED"),
        SensorConditionKind.EVALUATING: and_(_LOADED_AND_RUNNING, evaluating),
        SensorConditionKind.OVERDUE: and_(_LOADED_AND_RUNNING, is_late),
        SensorConditionKind.BACKING_OFF: and_(_LOADED_AND_RUNNING, not_(evaluating), not_(is_late), fails),
        SensorConditionKind.WAITING: and_(_LOADED_AND_RUNNING, not_(evaluating), not_(is_late), not_(fails)),
    }[kind]


# A sensor that was running already goes on as it is: neither its due time nor its start moves, so that a change of mind
# fires nothing by itself. Unless it backs off: whoever starts it wants it tried.
_SET_STATUS = text(
    """
    UPDATE sensors SET
        status = :status, status_source = :source, status_actor = :actor, status_at = now(), status_note = :note,
        overruled = NULL,
        consecutive_failures = CASE WHEN :status = 'RUNNING' THEN 0 ELSE consecutive_failures END,
        started_at = CASE WHEN :status = 'RUNNING' AND status <> 'RUNNING' THEN now() ELSE started_at END,
        next_tick_at = CASE
            WHEN :status = 'RUNNING' AND status <> 'RUNNING' THEN now()
            WHEN :status = 'RUNNING' AND consecutive_failures > 0 THEN least(next_tick_at, now())
            ELSE next_tick_at END
    WHERE id = :id RETURNING id
    """
)
_LOCK_SPEC = text("SELECT CAST(spec AS text) FROM sensors WHERE id = :id FOR UPDATE")


async def set_status(
    connection: AsyncConnection, sensor_id: UUID, status: SensorStatus, actor: str, note: str | None = None
) -> bool:
    """Start or stop a sensor by a person's wish; everything else of it stays. Return whether it exists."""
    return await _set_status(connection, sensor_id, status, StatusReason(StatusSource.USER, actor, note=note))


async def reset_status(connection: AsyncConnection, sensor_id: UUID) -> bool:
    """Give a sensor the status that its code says; everything else of it stays. Return whether it exists."""
    spec = (await connection.execute(_LOCK_SPEC, {"id": sensor_id})).scalar()
    if spec is None:
        return False
    return await _set_status(connection, sensor_id, _spec(spec).default_status, StatusReason(StatusSource.CODE))


async def _set_status(connection: AsyncConnection, sensor_id: UUID, status: SensorStatus, reason: StatusReason) -> bool:
    values = {
        "id": sensor_id,
        "status": status.value,
        "source": reason.source.value,
        "actor": reason.actor,
        "note": reason.note,
    }
    if (await connection.execute(_SET_STATUS, values)).first() is None:
        return False
    await streams.append_sensors(connection, [sensor_id])
    return True
