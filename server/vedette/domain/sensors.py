"""Sensors as they stand: status and who decided it, cursor, and what they are doing now."""

import enum
import zlib
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from vedette.domain.catalog import SensorSpec, SensorStatus

# Sensors are leased to evaluators by shard. The number is written into rows: changing it needs a migration.
SHARDS = 16


def shard_of(code_location: str, name: str) -> int:
    """Return the shard (0 to SHARDS - 1) of the sensor `name`: the same in every process and version."""
    return zlib.crc32(f"{code_location}\0{name}".encode()) % SHARDS


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
    """A sensor: what the code says (`spec`) and what has become of it. Times are aware UTC."""

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

    @property
    def name(self) -> str:
        """Return the name, unique within the code location."""
        return self.spec.name

    @property
    def is_due_able(self) -> bool:
        """Tell whether the evaluator may evaluate it on its own."""
        return self.loaded and self.status is SensorStatus.RUNNING


# A sensor is called overdue when it is later than this; below it, lateness is the noise of a busy machine.
OVERDUE_AFTER = timedelta(seconds=5)


def lag_seconds(sensor: Sensor, now: datetime) -> float | None:
    """Return how many seconds `sensor` is past due at `now`: 0.0 when on time, None when it is not to be evaluated."""
    if not sensor.is_due_able:
        return None
    if sensor.next_tick_at is None or sensor.evaluating_tick_id is not None:
        return 0.0
    return max(0.0, (now - sensor.next_tick_at).total_seconds())


def condition_of(sensor: Sensor, now: datetime) -> SensorCondition:
    """Return what `sensor` is doing at `now`."""
    if not sensor.loaded:
        return SensorCondition(SensorConditionKind.UNLOADED, message="Its code location no longer defines it.")
    if sensor.status is SensorStatus.STOPPED:
        return SensorCondition(SensorConditionKind.STOPPED, message=sensor.status_reason.note)
    if sensor.evaluating_tick_id is not None:
        return SensorCondition(SensorConditionKind.EVALUATING)
    lag = lag_seconds(sensor, now) or 0.0
    if lag > OVERDUE_AFTER.total_seconds():
        message = f"It was due {lag:.0f} s ago; is an evaluator running?"
        return SensorCondition(SensorConditionKind.OVERDUE, message=message)
    return SensorCondition(SensorConditionKind.WAITING, until=sensor.next_tick_at)
