"""The work: that there is somebody to do it, that it keeps up, and that projects load."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from vedette.diagnosis.findings import Finding, ok, problem, warning
from vedette.domain.sensors import SensorConditionKind, condition_of
from vedette.settings import Settings
from vedette.storage import instance, pages, retention
from vedette.storage.catalog import code_locations
from vedette.storage.catalog.code_locations import CodeLocationSeen
from vedette.storage.database import Database
from vedette.storage.instance import Load
from vedette.storage.retention import RetentionState
from vedette.storage.sensors import sensors
from vedette.storage.sensors.sensors import Late, SensorFilter, SensorOrder, SensorSeen

SHOWN = 3
QUEUE_SECONDS = 60.0
WORKED_BY = {"EVALUATE": "vedette evaluate", "LAUNCH": "vedette launch"}


class Work(NamedTuple):
    """How work stands. `overdue` are the sensors that are latest."""

    load: Load
    alive: Mapping[str, int]
    late: Late
    overdue: Sequence[SensorSeen]
    locations: Sequence[CodeLocationSeen]
    retention: RetentionState


async def look(database: Database, settings: Settings) -> Work:
    """Read how work stands."""
    window = pages.Window(SHOWN)
    async with database.reading() as connection:
        late = await sensors.page(
            connection, SensorFilter(condition=SensorConditionKind.OVERDUE), SensorOrder.LAG, window
        )
        return Work(
            await instance.load(connection),
            await instance.alive(connection, timedelta(seconds=settings.lease_seconds)),
            await sensors.late(connection),
            late.rows,
            await code_locations.read_all(connection),
            await retention.state(connection),
        )


def findings(work: Work, settings: Settings) -> Iterator[Finding]:
    """Judge it."""
    yield from _processes(work)
    yield from _projects(work.locations)
    yield from _lag(work)
    yield _queue(work)
    trouble = retention.trouble(work.retention, settings.retention_seconds)
    if trouble is None:
        yield ok("history", "History is looked after.")
    else:
        yield problem("history", f"{trouble}.", "Mend that: tables grow meanwhile. Any process looks after it.")


def _processes(work: Work) -> Iterator[Finding]:
    told = ", ".join(f"{count} {role}" for role, count in work.alive.items())
    waits = {"EVALUATE": work.late.overdue, "LAUNCH": work.load.queued_runs}
    missing = [role for role in WORKED_BY if not work.alive.get(role)]
    for role in missing:
        what = "sensors are late" if role == "EVALUATE" else "runs wait"
        said = f"No process of role {role} is alive"
        if waits[role]:
            yield problem("processes", f"{said}, and {waits[role]} {what}.", f"Start `{WORKED_BY[role]}`.")
        else:
            yield warning("processes", f"{said}.", f"Start `{WORKED_BY[role]}`.")
    if not missing:
        yield ok("processes", f"Alive: {told}.")


def _projects(locations: Sequence[CodeLocationSeen]) -> Iterator[Finding]:
    broken = [one for one in locations if one.error is not None]
    for one in broken:
        assert one.error is not None
        why = f"{one.error.type}: {one.error.message}".partition("\n")[0]
        yield problem("projects", f"Code location {one.name} does not load: {why}", f"Mend {one.target}.")
    if not broken:
        yield ok("projects", f"{len(locations)} code locations, and none fails to load.")


def _lag(work: Work) -> Iterator[Finding]:
    for seen in work.overdue:
        said = condition_of(seen.sensor, seen.at).message or "It is late."
        yield problem(
            "lag", f"Sensor {seen.sensor.name} is overdue. {said}", f"See `vedette sensor show {seen.sensor.name}`."
        )
    left = work.late.overdue - len(work.overdue)
    if left > 0:
        yield problem("lag", f"{left} more sensors are overdue.", "See `vedette sensor list --running`.")
    if not work.late.overdue:
        yield ok("lag", "No sensor is overdue.")


def _queue(work: Work) -> Finding:
    load = work.load
    said = f"{load.queued_runs} runs are queued, {load.running_runs} run"
    if load.oldest_queued_seconds > QUEUE_SECONDS:
        return warning(
            "queue",
            f"{said}; the oldest has waited for {load.oldest_queued_seconds:.0f} s.",
            "Start another `vedette launch`, or give one more slots (--slots).",
        )
    return ok("queue", f"{said}.")
