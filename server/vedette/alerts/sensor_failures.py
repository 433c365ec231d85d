"""Watching other sensors: a sensor that asks the API how they stand, and tells what is new about it."""

import enum
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from vedette.alerts.posting import Service
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.sensor_results import SkipReason
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain.catalog import SensorStatus
from vedette.errors import AlertNotSent, DefinitionError

INTERVAL_SECONDS = 10.0
PAGE = 100
QUERY = """
query SensorsThatFail($first: Int!, $after: String) {
  sensors(first: $first, after: $after) {
    edges {
      node {
        name status consecutiveFailures
        codeLocation { name }
        condition { kind message }
        statusReason { source note }
        lastTick { number status error { type message } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


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
    """Something new about a sensor: `sensor` is its name with its code location, `message` says more, if anything."""

    kind: ProblemKind
    sensor: str
    message: str

    @property
    def headline(self) -> str:
        """Return it in a few words."""
        return _HEADLINES[self.kind].format(name=self.sensor)


def told(problems: Sequence[SensorProblem]) -> str:
    """Return all that is new as text, a line each."""
    return "\n".join(problem.headline for problem in problems)


def sensor_failure_sensor(
    send: Callable[[Sequence[SensorProblem]], None],
    name: str,
    api_url: str,
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

    It looks every `minimum_interval_seconds` (10 unless given). What it has told is its cursor, so that each trouble is
    told once; what `send` raises fails the tick, and all of it is told at the next one. If the process dies between the
    sending and the commit, it is told twice. Who watches the watcher: nobody; it does not watch itself.

    send: sends one message about all problems that it is called with; there is at least one.
    api_url: the address of a server, as "http://127.0.0.1:4400".
    monitored_sensors: names, as `inbox` or as `location/inbox`; all sensors unless given.
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
    service = Service("The API of Vedette", _endpoint(api_url))

    def watch_sensors(context: SensorEvaluationContext) -> SkipReason:
        before = {sensor: ProblemKind(kind) for sensor, kind in json.loads(context.cursor or "{}").items()}
        found = _problems(_sensors(service), context.sensor_name, wanted, failures_before_alert)
        news = [problem for sensor, problem in found.items() if before.get(sensor) is not problem.kind]
        if tell_recovery:
            news += [SensorProblem(ProblemKind.RECOVERED, sensor, "") for sensor in before if sensor not in found]
        if news:
            send(news)
        now = {sensor: problem.kind for sensor, problem in found.items()}
        if now != before:
            context.update_cursor(json.dumps(now, sort_keys=True))
        return SkipReason(told(news) if news else "Nothing new about the sensors.")

    return SensorDefinition(
        name,
        evaluation_fn=watch_sensors,
        minimum_interval_seconds=INTERVAL_SECONDS if minimum_interval_seconds is None else minimum_interval_seconds,
        description=description,
        default_status=default_status,
        **options,
    )


def _endpoint(api_url: str) -> str:
    address = api_url.rstrip("/")
    return address if address.endswith("/graphql") else f"{address}/graphql"


def _sensors(service: Service) -> Iterable[Mapping[str, Any]]:
    after: str | None = None
    while True:
        answer = service.post({"query": QUERY, "variables": {"first": PAGE, "after": after}})
        if not isinstance(answer, dict) or answer.get("errors") or not answer.get("data"):
            raise AlertNotSent(f"The API of Vedette answered with {shown(answer)}.")
        page = answer["data"]["sensors"]
        yield from (edge["node"] for edge in page["edges"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _problems(
    sensors: Iterable[Mapping[str, Any]], own_name: str, wanted: frozenset[str] | None, failures: int
) -> dict[str, SensorProblem]:
    """Return by sensor, with its location, what is wrong with those that are watched."""
    found = {}
    for sensor in sensors:
        name = f"{sensor['codeLocation']['name']}/{sensor['name']}"
        if sensor["name"] == own_name or (wanted is not None and not wanted & {name, sensor["name"]}):
            continue
        problem = _problem(sensor, failures)
        if problem is not None:
            found[name] = SensorProblem(problem[0], name, problem[1])
    return found


def _problem(sensor: Mapping[str, Any], failures: int) -> tuple[ProblemKind, str] | None:
    reason, condition = sensor["statusReason"], sensor["condition"]
    if sensor["status"] == "STOPPED":
        paused = reason["source"] == "FAILURE_POLICY"
        return (ProblemKind.PAUSED, reason["note"] or "") if paused else None
    if sensor["consecutiveFailures"] >= failures:
        error = (sensor["lastTick"] or {}).get("error")
        message = f"{error['type']}: {error['message']}" if error else condition["message"] or ""
        return ProblemKind.FAILING, message
    if condition["kind"] == "OVERDUE":
        return ProblemKind.OVERDUE, condition["message"] or ""
    return None
