"""The contexts of sensors that react to runs."""

from typing import Any, Self

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.logs import Sink, to_standard_logging
from vedette.authoring.reacting_sensors import KEPT_CURSOR
from vedette.authoring.text import shown
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.reactions import SensorEvent
from vedette.domain.runs import Run, RunStatus
from vedette.errors import InvalidResult, InvocationError


class RunStatusSensorContext(SensorEvaluationContext):
    """What a sensor that reacts to runs is called with: a run, and the event that tells what it has become.

    `attempt` counts 1, 2, … how often this event was shown to the sensor: it comes again if the function fails.
    """

    __slots__ = ("attempt", "event", "run", "step_failures")

    is_of_event = True

    def __init__(
        self,
        sensor_name: str | None,
        run: Run,
        event: RunEvent,
        step_failures: tuple[RunEvent, ...] = (),
        attempt: int = 1,
        sink: Sink = to_standard_logging,
        **options: Any,
    ) -> None:
        """Make a context whose log lines go to `sink`; `options` are those of every context."""
        super().__init__(sensor_name, sink=sink, **options)
        self.run = run
        self.event = event
        self.step_failures = step_failures
        self.attempt = attempt

    @classmethod
    def of(cls, sensor_name: str, event: SensorEvent, sink: Sink, **options: Any) -> Self:
        """Return the context of an event."""
        assert event.run is not None
        assert event.happened is not None
        return cls(sensor_name, event.run, event.happened, event.step_failures, event.attempt, sink, **options)

    @property
    def partition_key(self) -> str | None:
        """Return the partition that the run is for, None where it is for none."""
        return self.run.partition_key

    def update_cursor(self, cursor: str | None) -> None:
        """Raise InvalidResult: the server keeps the cursor of such a sensor."""
        raise InvalidResult(KEPT_CURSOR)

    def for_run_failure(self) -> "RunFailureSensorContext":
        """Return it as the context of a sensor that reacts to failures; raises InvocationError if it tells of none."""
        if self.event.kind is not RunEventKind.RUN_FAILURE:
            raise InvocationError(
                f"This context tells of {self.event.kind}, not of RUN_FAILURE; for_run_failure() is for failed runs."
            )
        return RunFailureSensorContext(
            self._sensor_name, self.run, self.event, self.step_failures, self.attempt, self._sink, **self._options()
        )

    def _options(self) -> dict[str, Any]:
        """Return what every context is made with besides."""
        return {
            "cursor": self.cursor,
            "last_tick_completion_time": self.last_tick_completion_time,
            "last_sensor_start_time": self.last_sensor_start_time,
            "definitions": self._definitions,
            "resources": self._registry.by_key,
            "instance": self._instance,
        }


class RunFailureSensorContext(RunStatusSensorContext):
    """What a sensor that reacts to failed runs is called with."""

    __slots__ = ()

    @property
    def failure_event(self) -> RunEvent:
        """Return the event that tells that the run failed, with its `message` and `error`."""
        return self.event

    def get_step_failure_events(self) -> list[RunEvent]:
        """Return the events of the steps that failed, in order: each with its `step`, `message` and `error`."""
        return list(self.step_failures)


def build_run_status_sensor_context(
    sensor_name: str,
    event: RunEvent,
    instance: VedetteInstance | None = None,
    run: Run | None = None,
    context: SensorEvaluationContext | None = None,
    resources: Any = None,
    partition_key: str | None = None,
    *,
    step_failures: tuple[RunEvent, ...] = (),
    repository_def: Any = None,
) -> RunStatusSensorContext:
    """Build a context for a test: call the sensor with it; `resources` as for build_sensor_context.

    `.for_run_failure()` makes that of a failure sensor of it.

    Raises InvocationError without a run.
    """
    given: tuple[object, object] = (event, run)
    if run is None or not isinstance(given[0], RunEvent) or not isinstance(given[1], Run):
        raise InvocationError(
            "build_run_status_sensor_context needs the event and the run: pass event= and run=,"
            f" as a run in this process has them, not {shown(event)} and {shown(run)}."
        )
    if partition_key is not None:
        run = run.with_partition(partition_key)
    made = RunStatusSensorContext(
        sensor_name, run, event, step_failures, resources=resources, definitions=repository_def, instance=instance
    )
    if context is not None:
        made.adopt(sensor_name, context._sink)  # the two are one family
    return made


def event_of(status: RunStatus) -> RunEventKind:
    """Return the kind of event that tells that a run has become `status`."""
    return RunEventKind(f"RUN_{status}")
