"""Sensors as they stand: status and who decided it, cursor, and what they are doing now."""

import enum
import zlib
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.failure_policy import shown_seconds

# Sensors are leased to evaluators by shard, and each code location has this many of its own: an evaluator holds none of
# a location that only others have loaded. The number is written into rows: changing it needs a migration.
SHARDS = 16


def shard_of(code_location: str, name: str, location_number: int = 0) -> int:
    """Return the shard of the sensor `name`, one of `shards_of` its location: the same in every process and version."""
    return location_number * SHARDS + zlib.crc32(f"{code_location}\0{name}".encode()) % SHARDS


def shards_of(location_number: int) -> range:
    """Return the shards of a code location, by its number."""
    return range(location_number * SHARDS, (location_number + 1) * SHARDS)


class StatusSource(enum.StrEnum):
    """Who decided a sensor's status."""

    CODE = "CODE"
    USER = "USER"
    FAILURE_POLICY = "FAILURE_POLICY"


class StatusReason(msgspec.Struct, frozen=True):
    """Why a sensor runs or does not."""

    source: StatusSource
    actor: str | None = None
    at: datetime | None = None
    note: str | None = None


class SensorConditionKind(enum.StrEnum):
    """What a sensor is doing."""

    WAITING = "WAITING"
    EVALUATING = "EVALUATING"
    BACKING_OFF = "BACKING_OFF"
    OVERDUE = "OVERDUE"
    STOPPED = "STOPPED"
    UNLOADED = "UNLOADED"


class SensorCondition(msgspec.Struct, frozen=True):
    """What a sensor is doing now, and until when it waits."""

    kind: SensorConditionKind
    until: datetime | None = None
    message: str | None = None


class Cursor(msgspec.Struct, frozen=True):
    """A sensor's cursor. `version` starts at 0 (never set) and grows by one with every change; "" is a value.

    `tick_id` or `actor` tells who wrote it; both are None while it was never set.
    """

    value: str | None = None
    version: int = 0
    updated_at: datetime | None = None
    tick_id: UUID | None = None
    actor: str | None = None


class Sensor(msgspec.Struct, frozen=True):
    """A sensor: what the code says (`spec`) and what has become of it. Times are aware UTC.

    `last_error` is that of its last tick while it fails, `load_error` that of its code location, as one line each.
    `held`: an evaluator that is alive holds its lease.
    """

    id: UUID
    code_location: str
    spec: SensorSpec
    loaded: bool
    status: SensorStatus
    status_reason: StatusReason
    cursor: Cursor
    started_at: datetime | None = None
    next_tick_at: datetime | None = None
    last_tick_id: UUID | None = None
    last_tick_at: datetime | None = None
    evaluating_tick_id: UUID | None = None
    consecutive_failures: int = 0
    last_error: str | None = None
    load_error: str | None = None
    held: bool = True

    @property
    def name(self) -> str:
        """Return the name, unique within the code location."""
        return self.spec.name

    @property
    def is_due_able(self) -> bool:
        """Tell whether the evaluator may evaluate it on its own."""
        return self.loaded and self.status is SensorStatus.RUNNING

    @property
    def is_paused(self) -> bool:
        """Tell whether the failure policy has stopped it; it is then tried at `next_tick_at`."""
        stopped = self.loaded and self.status is SensorStatus.STOPPED
        return stopped and self.status_reason.source is StatusSource.FAILURE_POLICY


# A sensor without an objective of its own is called overdue when it is later than this; below it, lateness is the noise
# of a busy machine.
OVERDUE_AFTER = timedelta(seconds=5)


def lag_seconds(sensor: Sensor, now: datetime) -> float | None:
    """Return how many seconds `sensor` is past due at `now`: 0.0 when on time, None when it is not to be evaluated."""
    if not sensor.is_due_able:
        return None
    if sensor.next_tick_at is None or sensor.evaluating_tick_id is not None or sensor.next_tick_at >= now:
        return 0.0
    return (now - sensor.next_tick_at).total_seconds()


def condition_of(sensor: Sensor, now: datetime) -> SensorCondition:
    """Return what `sensor` is doing at `now`, and why where that is not as it should be."""
    if not sensor.loaded:
        return SensorCondition(SensorConditionKind.UNLOADED, message=_why_unloaded(sensor))
    if sensor.status is SensorStatus.STOPPED:
        until = sensor.next_tick_at if sensor.is_paused else None
        return SensorCondition(SensorConditionKind.STOPPED, until, sensor.status_reason.note)
    if sensor.evaluating_tick_id is not None:
        held_up = _held_up_seconds(sensor, now)
        if held_up is not None:
            return SensorCondition(SensorConditionKind.OVERDUE, message=_why_held_up(sensor, held_up))
        return SensorCondition(SensorConditionKind.EVALUATING)
    lag = lag_seconds(sensor, now) or 0.0
    if lag > (sensor.spec.max_lag_seconds or OVERDUE_AFTER.total_seconds()):
        return SensorCondition(SensorConditionKind.OVERDUE, message=_why_overdue(sensor, lag))
    if sensor.consecutive_failures > 0:
        return SensorCondition(SensorConditionKind.BACKING_OFF, sensor.next_tick_at, _why_backing_off(sensor))
    return SensorCondition(SensorConditionKind.WAITING, until=sensor.next_tick_at)


def _held_up_seconds(sensor: Sensor, now: datetime) -> float | None:
    """Return for how long the evaluation that goes on holds up the next, where that is more than the sensor allows."""
    spec = sensor.spec
    if spec.max_lag_seconds is None or sensor.next_tick_at is None:
        return None
    held_up = (now - sensor.next_tick_at).total_seconds() - spec.minimum_interval_seconds
    return held_up if held_up > spec.max_lag_seconds else None


def _why_held_up(sensor: Sensor, held_up_seconds: float) -> str:
    late = shown_seconds(round(held_up_seconds))
    return f"Its evaluation goes on, and the next one was due {late} ago{_allowed(sensor)}."


def _allowed(sensor: Sensor) -> str:
    most = sensor.spec.max_lag_seconds
    return "" if most is None else f" (its max_lag is {shown_seconds(most)})"


def _why_unloaded(sensor: Sensor) -> str:
    if sensor.load_error is not None:
        return f"Its code location failed to load: {sensor.load_error}"
    return "Its code location no longer defines it."


def _why_overdue(sensor: Sensor, lag_seconds: float) -> str:
    late = f"It was due {shown_seconds(round(lag_seconds))} ago{_allowed(sensor)}: "
    if not sensor.held:
        return late + "no evaluator is alive that has loaded its code location; start one with `vedette evaluate`."
    return late + "its evaluator is alive but late; it is busy."


def _why_backing_off(sensor: Sensor) -> str:
    failures = sensor.consecutive_failures
    often = "It failed" if failures == 1 else f"It failed {failures} times in a row"
    return f"{often}." if sensor.last_error is None else f"{often}, the last: {sensor.last_error}"
