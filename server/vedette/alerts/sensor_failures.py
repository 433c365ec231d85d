"""Watching other sensors: a sensor that is told what is wrong with them, and tells what is new about it."""

import enum
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.logs import Sink
from vedette.authoring.sensor_results import SkipReason
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.catalog import SensorStatus
from vedette.domain.ticks import EvaluationInstruction
from vedette.domain.troubles import SensorTrouble
from vedette.errors import DefinitionError

INTERVAL_SECONDS = 10.0


class ProblemKind(enum.StrEnum):
    """What is wrong with a sensor; RECOVERED: nothing any more."""

    FAILING = "FAILING"
    PAUSED = "PAUSED"
    OVERDUE = "OVERDUE"
    RECOVERED = "RECOVERED"


_HEADLINES = {
    ProblemKind.FAILING: "Sensor {name} fails",
    ProblemKind.PAUSED: "Sensor {name} is paused, as it failed again and again",
    ProblemKind.OVERDUE: "Sensor {name} is overdue",
    ProblemKind.RECOVERED: "Sensor {name} works again",
}


class SensorProblem(NamedTuple):
    """Something new about a sensor: `sensor` is its name with its code location, `message` says more, if anything.

    `since` tells one streak of failures from the next: the number of the tick with which it began.
    """

    kind: ProblemKind
    sensor: str
    message: str
    since: int = 0

    @property
    def headline(self) -> str:
        """Return it in a few words."""
        return _HEADLINES[self.kind].format(name=self.sensor)


def told(problems: Sequence[SensorProblem]) -> str:
    """Return all that is new as text, a line each."""
    return "\n".join(problem.headline for problem in problems)


class TroublesContext(SensorEvaluationContext):
    """The context of a sensor that is told what is wrong with sensors."""

    __slots__ = ("troubles",)

    def __init__(self, sensor_name: str | None, troubles: Sequence[SensorTrouble], **options: Any) -> None:
        """Make a context; `options` are those of every context."""
        super().__init__(sensor_name, **options)
        self.troubles = troubles


class SensorFailureSensorDefinition(SensorDefinition):
    """A sensor that watches sensors."""

    watches_sensors = True

    def new_context(self, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context of the evaluation that is asked for."""
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        return TroublesContext(
            self.name,
            instruction.troubles,
            cursor=instruction.cursor,
            last_tick_completion_time=last.timestamp() if last else None,
            last_sensor_start_time=started.timestamp() if started else None,
            sink=sink,
        )


def sensor_failure_sensor(
    send: Callable[[Sequence[SensorProblem]], None],
    name: str,
    *,
    monitored_sensors: Iterable[str] | None = None,
    failures_before_alert: int = 1,
    tell_recovery: bool = True,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    **options: Any,
) -> SensorDefinition:
    """Make a sensor that calls `send` with what is new about other sensors: they fail, are paused, are overdue.

    It is due as soon as it is committed that one fails, is paused or recovers, and looks every
    `minimum_interval_seconds` (10 unless given) for those that are overdue. What it has told is its cursor, so that
    each streak of failures is told once; what `send` raises fails the tick, and all of it is told at the next one. If
    the process dies between the sending and the commit, it is told twice. Who watches the watcher: nobody; it does not
    watch itself.

    send: sends one message about all problems that it is called with; there is at least one.
    monitored_sensors: names, as `inbox` or as `location/inbox`; all sensors of the server unless given.
    failures_before_alert: how many failures in a row make a sensor one that fails.
    tell_recovery: tell also when a sensor works again.
    Other options are those of `sensor`. Raises DefinitionError.
    """
    wanted = None if monitored_sensors is None else frozenset(monitored_sensors)
    if isinstance(monitored_sensors, str) or failures_before_alert < 1:
        raise DefinitionError(
            f'Sensor "{name}" takes monitored_sensors as a list of names, and failures_before_alert of 1 or more, not '
            f"{shown(monitored_sensors)} and {failures_before_alert}."
        )

    def watch_sensors(context: TroublesContext) -> SkipReason:
        before: Mapping[str, list[Any]] = json.loads(context.cursor or "{}")
        troubles = [one for one in context.troubles if one.sensor != context.sensor_name and _is_wanted(one, wanted)]
        found = {one.name: problem for one in troubles if (problem := _problem(one, failures_before_alert))}
        now = {sensor: [problem.kind.value, problem.since] for sensor, problem in found.items()}
        news = [problem for sensor, problem in found.items() if before.get(sensor) != now[sensor]]
        if tell_recovery:
            news += [SensorProblem(ProblemKind.RECOVERED, sensor, "") for sensor in before if sensor not in found]
        if news:
            send(news)
        if now != before:
            context.update_cursor(json.dumps(now, sort_keys=True))
        return SkipReason(told(news) if news else "Nothing new about the sensors.")

    return SensorFailureSensorDefinition(
        name,
        evaluation_fn=watch_sensors,
        minimum_interval_seconds=INTERVAL_SECONDS if minimum_interval_seconds is None else minimum_interval_seconds,
        description=description,
        default_status=default_status,
        **options,
    )


def _is_wanted(trouble: SensorTrouble, wanted: frozenset[str] | None) -> bool:
    return wanted is None or bool(wanted & {trouble.name, trouble.sensor})


def _problem(trouble: SensorTrouble, failures: int) -> SensorProblem | None:
    if trouble.paused:
        return SensorProblem(ProblemKind.PAUSED, trouble.name, trouble.note or "", trouble.since)
    if trouble.failures >= failures:
        return SensorProblem(ProblemKind.FAILING, trouble.name, trouble.error or "", trouble.since)
    if trouble.overdue is not None:
        return SensorProblem(ProblemKind.OVERDUE, trouble.name, trouble.overdue)
    return None
