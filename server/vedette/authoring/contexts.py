"""The context of a sensor's evaluation."""

from logging import LogRecord
from typing import Self

from vedette.authoring.logs import ContextLogger, Sink, to_standard_logging
from vedette.authoring.sensor_results import checked_cursor
from vedette.errors import InvocationError


class SensorEvaluationContext:
    """What an evaluation knows, and where it says what to remember. Times are seconds since the epoch."""

    __slots__ = (
        "_cursor",
        "_cursor_updated",
        "_last_sensor_start_time",
        "_last_tick_completion_time",
        "_log",
        "_sensor_name",
        "_sink",
    )

    def __init__(
        self,
        sensor_name: str | None,
        cursor: str | None = None,
        last_tick_completion_time: float | None = None,
        last_sensor_start_time: float | None = None,
        sink: Sink = to_standard_logging,
    ) -> None:
        """Make a context whose log lines go to `sink`."""
        self._sensor_name = sensor_name
        self._cursor = cursor
        self._cursor_updated = False
        self._last_tick_completion_time = last_tick_completion_time
        self._last_sensor_start_time = last_sensor_start_time
        self._sink = sink
        self._log: ContextLogger | None = None

    @property
    def sensor_name(self) -> str:
        """Return the sensor's name. Raises InvocationError in a context that was built without one."""
        if self._sensor_name is None:
            raise InvocationError("This context has no sensor; build it with build_sensor_context(sensor_name=...).")
        return self._sensor_name

    # Whether it is about one event, of a sensor that reacts to events.
    is_of_event = False

    @property
    def cursor(self) -> str | None:
        """Return the cursor: the one of the last tick, or what `update_cursor` made it; None while never set."""
        return self._cursor

    @property
    def cursor_updated(self) -> bool:
        """Tell whether this evaluation has called `update_cursor`."""
        return self._cursor_updated

    def update_cursor(self, cursor: str | None) -> None:
        """Ask for a new cursor; it is kept if the evaluation succeeds. None clears it, "" is a value.

        Raises InvalidResult for what is not a str (write it as JSON) or cannot be stored.
        """
        self._cursor = checked_cursor(cursor)
        self._cursor_updated = True

    @property
    def last_tick_completion_time(self) -> float | None:
        """Return when the last tick ended, in seconds since the epoch; None before the first."""
        return self._last_tick_completion_time

    @property
    def last_sensor_start_time(self) -> float | None:
        """Return when the sensor was last started, in seconds since the epoch; None if that is not known."""
        return self._last_sensor_start_time

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """Tell whether no tick was since the sensor was last started."""
        if self._last_tick_completion_time is None:
            return True
        return self._last_sensor_start_time is not None and (
            self._last_sensor_start_time > self._last_tick_completion_time
        )

    @property
    def log(self) -> ContextLogger:
        """Return the logger whose lines, of all levels, are kept with the tick."""
        if self._log is None:
            self._log = ContextLogger("sensor", self._deliver)
        return self._log

    def _deliver(self, record: LogRecord) -> None:
        self._sink(record)

    def adopt(self, sensor_name: str, sink: Sink | None = None) -> None:
        """Take the sensor's name if the context has none, and from now on log to `sink` (for the framework)."""
        if self._sensor_name is None:
            self._sensor_name = sensor_name
        if sink is not None:
            self._sink = sink

    def __enter__(self) -> Self:
        """Return the context; it holds nothing that needs closing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the context."""


def build_sensor_context(
    cursor: str | None = None,
    sensor_name: str | None = None,
    last_sensor_start_time: float | None = None,
    last_tick_completion_time: float | None = None,
) -> SensorEvaluationContext:
    """Build a context for a test: call the sensor with it, or pass it to `evaluate_tick`.

    Times are seconds since the epoch. Raises InvalidResult for what cannot be a cursor.
    """
    return SensorEvaluationContext(
        sensor_name, checked_cursor(cursor), last_tick_completion_time, last_sensor_start_time
    )
