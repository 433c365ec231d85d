"""Every list of the API, and what the workers ask all the time, as calls of the storage's own functions."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import first_id
from vedette.domain.logs import LogLevel
from vedette.domain.questions import ListRunChanges, ListRunEvents, ListRuns, RunsSought
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import TickStatus
from vedette.storage import changes
from vedette.storage.pages import Window
from vedette.storage.runs import run_claims, run_queue, run_searches, run_waiting, runs
from vedette.storage.runs.runs import RunFilter
from vedette.storage.sensors import cursors, due, sensors
from vedette.storage.sensors.sensors import SensorFilter, SensorOrder
from vedette.storage.ticks import ticks
from vedette.storage.ticks.ticks import TickFilter

PAGE = 25


@dataclass
class Sample:
    """What there is to ask about, drawn by chance."""

    now: datetime
    sensor_ids: list[UUID]
    tick_ids: list[UUID]
    run_ids: list[UUID]
    tick_position: int
    run_position: int

    @property
    def moment(self) -> datetime:
        """Return a moment of the last four weeks."""
        return self.now - timedelta(days=28 * random.random())

    @property
    def sensor(self) -> UUID:
        """Return a sensor."""
        return random.choice(self.sensor_ids)

    def some(self, ids: list[UUID]) -> list[UUID]:
        """Return as many of the ids as are on a page."""
        return random.sample(ids, min(PAGE, len(ids)))


# Some rows after each of some moments.
_FROM_MOMENTS = """SELECT found.id FROM unnest(CAST(:moments AS uuid[])) AS at(id), LATERAL (
    SELECT id FROM {table} WHERE {condition} AND id >= at.id ORDER BY id LIMIT 50) AS found"""


async def sample(connection: AsyncConnection) -> Sample:
    """Draw a sample."""
    now = (await connection.execute(text("SELECT now()"))).scalar_one()
    moments = [first_id(now - timedelta(days=28 * random.random())) for _ in range(20)]

    async def drawn(table: str, condition: str) -> list[UUID]:
        statement = text(_FROM_MOMENTS.format(table=table, condition=condition))
        return list((await connection.execute(statement, {"moments": moments})).scalars())

    return Sample(
        now=now,
        sensor_ids=list((await connection.execute(text("SELECT id FROM sensors"))).scalars()),
        tick_ids=await drawn("ticks", "status = 'SUCCESS'"),
        run_ids=await drawn("runs", "true"),
        tick_position=(await changes.ends(connection, "ticks")).position,
        run_position=(await changes.ends(connection, "runs")).position,
    )


Ask = Callable[[AsyncConnection, Sample], Awaitable[object]]

FIRST = Window(PAGE)
ONE_EACH = Window(1)
LEVELS = list(LogLevel)


def _later(of: Sample) -> Window:
    return Window(PAGE, after=(first_id(of.moment),))


def _later_run(of: Sample) -> Window:
    return Window(PAGE, after=(of.moment, first_id(of.moment)))


PAGES: dict[str, Ask] = {
    "ticks": lambda c, of: ticks.page(c, TickFilter(), FIRST),
    "ticks, further on": lambda c, of: ticks.page(c, TickFilter(), _later(of)),
    "ticks, the last page": lambda c, of: ticks.page(c, TickFilter(), Window(PAGE, backward=True)),
    "ticks FAILURE": lambda c, of: ticks.page(c, TickFilter(statuses=(TickStatus.FAILURE,)), FIRST),
    "ticks SUCCESS or FAILURE, further on": lambda c, of: ticks.page(
        c, TickFilter(statuses=(TickStatus.FAILURE, TickStatus.SUCCESS)), _later(of)
    ),
    "ticks STARTED": lambda c, of: ticks.page(c, TickFilter(statuses=(TickStatus.STARTED,)), FIRST),
    "ticks with runs": lambda c, of: ticks.page(c, TickFilter(has_runs=True), _later(of)),
    "ticks without runs": lambda c, of: ticks.page(c, TickFilter(has_runs=False), _later(of)),
    "ticks without runs of a sensor": lambda c, of: ticks.page(
        c, TickFilter(sensor_id=of.sensor, has_runs=False), FIRST
    ),
    "ticks with runs of each sensor of a page": lambda c, of: ticks.page_each(
        c, of.some(of.sensor_ids), TickFilter(has_runs=True), FIRST
    ),
    "ticks between two times": lambda c, of: ticks.page(
        c, TickFilter(since=of.now - timedelta(days=20), until=of.now - timedelta(days=19)), FIRST
    ),
    "ticks of a sensor": lambda c, of: ticks.page(c, TickFilter(sensor_id=of.sensor), FIRST),
    "ticks of a sensor, further on": lambda c, of: ticks.page(c, TickFilter(sensor_id=of.sensor), _later(of)),
    "ticks FAILURE of a sensor": lambda c, of: ticks.page(
        c, TickFilter(sensor_id=of.sensor, statuses=(TickStatus.FAILURE,)), FIRST
    ),
    "ticks of a sensor by name": lambda c, of: ticks.page(c, TickFilter(sensor_name="s7"), FIRST),
    "ticks of a name that nothing has": lambda c, of: ticks.page(c, TickFilter(sensor_name="none"), FIRST),
    "the last tick of each sensor of a page": lambda c, of: ticks.page_each(
        c, of.some(of.sensor_ids), TickFilter(), ONE_EACH
    ),
    "ticks of each sensor of a page": lambda c, of: ticks.page_each(c, of.some(of.sensor_ids), TickFilter(), FIRST),
    "ticks by ids": lambda c, of: ticks.by_ids(c, of.some(of.tick_ids)),
    "run requests of ticks": lambda c, of: ticks.requests_each(c, of.some(of.tick_ids), FIRST),
    "logs of ticks": lambda c, of: ticks.logs_each(c, of.some(of.tick_ids), LEVELS, FIRST),
    "runs": lambda c, of: runs.page(c, RunFilter(), FIRST),
    "runs, further on": lambda c, of: runs.page(c, RunFilter(), _later_run(of)),
    "runs FAILURE": lambda c, of: runs.page(c, RunFilter(statuses=(RunStatus.FAILURE,)), _later_run(of)),
    "runs QUEUED or STARTED": lambda c, of: runs.page(
        c, RunFilter(statuses=(RunStatus.QUEUED, RunStatus.STARTED)), FIRST
    ),
    "runs of a job": lambda c, of: runs.page(c, RunFilter(job_name="job7"), _later_run(of)),
    "runs of a sensor": lambda c, of: runs.page(c, RunFilter(sensor_id=of.sensor), FIRST),
    "runs of a tick": lambda c, of: runs.page(c, RunFilter(tick_id=random.choice(of.tick_ids)), FIRST),
    "runs of a run key": lambda c, of: runs.page(c, RunFilter(run_key="key77"), FIRST),
    "runs by tag": lambda c, of: runs.page(c, RunFilter(tags=(("team", "none"),)), FIRST),
    "runs between two times": lambda c, of: runs.page(
        c, RunFilter(since=of.now - timedelta(days=20), until=of.now - timedelta(days=19)), FIRST
    ),
    "runs of each sensor of a page": lambda c, of: runs.page_each_sensor(c, of.some(of.sensor_ids), RunFilter(), FIRST),
    "runs of each tick of a page": lambda c, of: runs.page_each_tick(c, of.some(of.tick_ids), FIRST),
    "runs of each job of a page": lambda c, of: runs.page_each_job(
        c, [("shop", f"job{n}") for n in range(PAGE)], RunFilter(), FIRST
    ),
    "runs by ids": lambda c, of: runs.by_ids(c, of.some(of.run_ids)),
    "steps of runs": lambda c, of: runs.steps_each(c, of.some(of.run_ids)),
    "events of runs": lambda c, of: runs.events_each(c, of.some(of.run_ids), FIRST),
    "sensors by name": lambda c, of: sensors.page(c, SensorFilter(), SensorOrder.NAME, FIRST),
    "sensors by last tick": lambda c, of: sensors.page(c, SensorFilter(), SensorOrder.LAST_TICK, FIRST),
    "sensors by lag": lambda c, of: sensors.page(c, SensorFilter(), SensorOrder.LAG, FIRST),
    "cursor histories of a page": lambda c, of: cursors.page_each(c, of.some(of.sensor_ids), FIRST),
}
STREAMS: dict[str, Ask] = {
    "the end of the stream ticks": lambda c, of: changes.ticks_after(c, of.tick_position - 10, 100),
    "the stream ticks, further back": lambda c, of: changes.ticks_after(c, random.randrange(of.tick_position), 100),
    "the stream runs": lambda c, of: changes.runs_after(c, random.randrange(max(1, of.run_position)), 100),
    "changes of sensors": lambda c, of: due.changes(c, list(range(16)), 0),
}


def _asked(**sought: Any) -> ListRuns:
    return ListRuns(RunsSought(**sought), PAGE)


# What user code asks the instance.
QUESTIONS: dict[str, Ask] = {
    "asked: runs of a job": lambda c, of: run_searches.found(c, _asked(job_name="job7")),
    "asked: runs of a job by status": lambda c, of: run_searches.found(
        c, _asked(job_name="job7", statuses=(RunStatus.STARTED, RunStatus.SUCCESS))
    ),
    "asked: runs that are going on": lambda c, of: run_searches.found(
        c, _asked(statuses=(RunStatus.QUEUED, RunStatus.STARTED))
    ),
    "asked: the first runs of a job": lambda c, of: run_searches.found(
        c, ListRuns(RunsSought(job_name="job7"), PAGE, ascending=True)
    ),
    "asked: runs by tag": lambda c, of: run_searches.found(c, _asked(tags={"team": ("none", "neither")})),
    "asked: runs by ids": lambda c, of: run_searches.found(c, _asked(ids=tuple(of.some(of.run_ids)))),
    "asked: events of a run": lambda c, of: run_searches.events(c, ListRunEvents(of.run_ids[0], PAGE)),
    "asked: runs that succeeded": lambda c, of: run_searches.changes(c, ListRunChanges(RunStatus.SUCCESS, PAGE)),
}
CLAIMS: dict[str, Ask] = {
    "the queue": lambda c, of: run_waiting.page(c, FIRST),
    "claim of runs": lambda c, of: run_claims.claim(c, of.run_ids[0], ["shop"], 10, 10.0),
    "runs of lost launchers": lambda c, of: run_queue.take_over(c, of.run_ids[0], [], [], 10, 10.0),
    "renewal of claims": lambda c, of: run_queue.renew(c, dict.fromkeys(of.some(of.run_ids), 1), 10.0),
}
