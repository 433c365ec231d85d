"""What is wrong with sensors, as those that watch sensors are told."""

from datetime import datetime

import msgspec

from vedette.domain.sensors import Sensor, SensorConditionKind, condition_of


class SensorTrouble(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A sensor that fails, is paused by the failure policy, or is overdue; at least one of the three.

    It has failed `failures` times in a row, the last time with `error`; `since` is the number of the tick with which
    that began, so that it tells one streak of failures from the next. `note` says why it is paused, `overdue` why it is
    overdue.
    """

    code_location: str
    sensor: str
    since: int = 0
    failures: int = 0
    error: str | None = None
    paused: bool = False
    note: str | None = None
    overdue: str | None = None

    @property
    def name(self) -> str:
        """Return the sensor's name with its code location."""
        return f"{self.code_location}/{self.sensor}"


def trouble_of(sensor: Sensor, tick_count: int, now: datetime) -> SensorTrouble | None:
    """Return what is wrong with a sensor that has had so many ticks; None where nothing is."""
    condition = condition_of(sensor, now)
    is_overdue = condition.kind is SensorConditionKind.OVERDUE
    fails = sensor.is_due_able and sensor.consecutive_failures > 0
    if not (fails or sensor.is_paused or is_overdue):
        return None
    return SensorTrouble(
        sensor.code_location,
        sensor.name,
        since=tick_count - sensor.consecutive_failures + 1 if sensor.consecutive_failures else 0,
        failures=sensor.consecutive_failures,
        error=sensor.last_error,
        paused=sensor.is_paused,
        note=sensor.status_reason.note if sensor.is_paused else None,
        overdue=condition.message if is_overdue else None,
    )
