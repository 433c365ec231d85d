"""The context of a sensor's evaluation."""

from collections.abc import Mapping
from logging import LogRecord
from typing import TYPE_CHECKING, Any

from vedette.authoring.instance.instance import VedetteInstance, checked_instance
from vedette.authoring.logs import ContextLogger, Sink, to_standard_logging
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.using import UsesResources
from vedette.authoring.sensor_results import checked_cursor
from vedette.errors import InvocationError

if TYPE_CHECKING:
    from vedette.authoring.definitions import Definitions


class SensorEvaluationContext(UsesResources):
    """What an evaluation knows, and where it says what to remember. Times are seconds since the epoch."""

    __slots__ = (
        "_cursor",
        "_cursor_updated",
        "_definitions",
        "_instance",
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
        definitions: "Definitions | None" = None,
        resources: Mapping[str, Any] | None = None,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Make a context whose log lines go to `sink`; `resources`, by key, go before those of `definitions`."""
        registry = definitions.resource_registry if definitions is not None else ResourceRegistry()
        super().__init__("The sensor", registry.merged(resources), frozenset(resources or ()))
        self._definitions = definitions
        self._sensor_name = sensor_name
        self._cursor = cursor
        self._cursor_updated = False
        self._last_tick_completion_time = last_tick_completion_time
        self._last_sensor_start_time = last_sensor_start_time
        self._sink = sink
        self._instance = instance
        self._log: ContextLogger | None = None

    @property
    def sensor_name(self) -> str:
        """Return the sensor's name. Raises InvocationError in a context that was built without one."""
        if self._sensor_name is None:
            raise InvocationError("This context has no sensor; build it with build_sensor_context(sensor_name=...).")
        return self._sensor_name

    # Whether it is about one event, of a sensor that reacts to events.
    is_of_event = False
    # Whether the cursor follows from something else than what the function says it is to be.
    keeps_cursor = False

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

    def conclude(self, requested: bool) -> None:
        """Take in that the function has ended, and whether runs were `requested` (for the framework).

        Raises InvalidResult where that does not go with what it has done.
        """

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

    @property
    def repository_def(self) -> "Definitions":
        """Return the Definitions that the sensor is of; raises InvocationError in a context built without them."""
        if self._definitions is None:
            raise InvocationError(
                "This context has no Definitions; build it with build_sensor_context(definitions=...)."
            )
        return self._definitions

    @property
    def repository_name(self) -> str:
        """Return the name that the field has for Definitions which are not named."""
        return REPOSITORY_NAME

    @property
    def resource_defs(self) -> Mapping[str, Any]:
        """Return the definitions of all resources, by key."""
        return self._registry.by_key

    @property
    def instance(self) -> VedetteInstance:
        """Return the instance: what is recorded of runs and assets, the keys of dynamic partitions.

        Raises InvocationError in a context that was built without one.
        """
        return checked_instance(self._instance, "build_sensor_context(instance=...)")

    def use_instance(self, instance: VedetteInstance | None) -> None:
        """Have an instance from now on, if it has none (for the framework)."""
        self._instance = self._instance or instance

    def definitions_with(self, sensor: Any) -> "Definitions | None":
        """Return the Definitions that it was built with if they have this sensor (for the framework)."""
        known = () if self._definitions is None else self._definitions.sensors
        return self._definitions if any(one is sensor for one in known) else None

    def belongs_to(self, definitions: "Definitions") -> None:
        """Be the context of a sensor of `definitions` (for the framework)."""
        self._definitions = definitions
        self._registry = definitions.resource_registry

    def share_with(self, other: "SensorEvaluationContext") -> None:
        """Let another context of the same evaluation have what this one has (for the framework)."""
        other._definitions, other._instance, other._sink = self._definitions, self._instance, self._sink
        other.provide(self.resources)

    def adopt(self, sensor_name: str, sink: Sink | None = None) -> None:
        """Take the sensor's name if the context has none, and from now on log to `sink` (for the framework)."""
        if self._sensor_name is None:
            self._sensor_name = sensor_name
        if sink is not None:
            self._sink = sink


REPOSITORY_NAME = "__repository__"


def build_sensor_context(
    instance: VedetteInstance | None = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: "Definitions | None" = None,
    sensor_name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    definitions: "Definitions | None" = None,
    last_sensor_start_time: float | None = None,
    *,
    last_tick_completion_time: float | None = None,
) -> SensorEvaluationContext:
    """Build a context for a test: call the sensor with it, or pass it to `evaluate_tick`.

    resources: definitions, instances of resource classes or any stand-ins, by key; they go before those of
    `definitions` (or `repository_def`, the same thing). Use it in a `with` where some are torn down after use.
    instance: what `context.instance` is, such as VedetteInstance.ephemeral().
    Times are seconds since the epoch. Raises InvalidResult for what cannot be a cursor.
    """
    return SensorEvaluationContext(
        sensor_name,
        checked_cursor(cursor),
        last_tick_completion_time,
        last_sensor_start_time,
        definitions=definitions if definitions is not None else repository_def,
        resources=resources,
        instance=instance,
    )
