"""The system under the model: Vedette's own storage, with evaluators and launchers that do one step at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from model.reference import Request
from vedette.domain.catalog import Catalog, Interruption, JobSpec, SensorSpec, SensorStatus
from vedette.domain.events import RunEvent
from vedette.domain.ids import new_id
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause
from vedette.launcher.endings import rescued
from vedette.launcher.record import TOLD_BY, told
from vedette.storage import leases, outbox
from vedette.storage.catalog import catalogs, jobs
from vedette.storage.database import Database
from vedette.storage.runs import run_claims, run_commands, run_keys, run_queue, run_updates
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.storage.runs.run_updates import RunUpdate
from vedette.storage.sensors import cursors, due, statuses
from vedette.storage.ticks import orphans
from vedette.storage.ticks.recording import record
from vedette.storage.ticks.verdicts import TickRecord

JOBS = (JobSpec("once"), JobSpec("again", on_interrupted=Interruption.RETRY))
LONG_SECONDS = 3600.0
_SENSORS = "SELECT name, loaded, status, cursor, cursor_version FROM sensors WHERE code_location = :location"
_RUNS = "SELECT tags->>'label' AS label, id, status, attempt FROM runs WHERE code_location = :location"
_HELD = """
    SELECT sensors.name, run_keys.run_key, runs.tags->>'label' AS label FROM run_keys
    JOIN sensors ON sensors.id = run_keys.scope JOIN runs ON runs.id = run_keys.run_id
    WHERE sensors.code_location = :location AND (expires_at IS NULL OR expires_at > now())
"""
_UNSOUND = """
    SELECT 'numbers of ticks' FROM ticks GROUP BY sensor_id HAVING count(*) <> max(number)
    UNION ALL SELECT 'history of a cursor' FROM sensors WHERE cursor_version > 0 AND NOT EXISTS (
        SELECT FROM cursor_changes AS last WHERE last.sensor_id = sensors.id
            AND last.version = sensors.cursor_version AND last.value IS NOT DISTINCT FROM sensors.cursor)
    UNION ALL SELECT 'versions of a cursor' FROM cursor_changes GROUP BY sensor_id HAVING count(*) <> max(version)
    UNION ALL SELECT 'events of a run' FROM runs WHERE event_count <>
        (SELECT count(*) FROM run_events WHERE run_id = runs.id)
    UNION ALL SELECT 'positions of ticks' FROM tick_changes HAVING count(*) <> max(position)
    UNION ALL SELECT 'positions of runs' FROM run_changes HAVING count(*) <> max(position)
    UNION ALL SELECT 'positions of sensors' FROM sensor_changes HAVING count(*) <> max(position)
    UNION ALL SELECT 'STARTED ticks' FROM ticks JOIN sensors ON sensors.id = ticks.sensor_id
        WHERE ticks.status = 'STARTED' AND sensors.evaluating_tick_id IS DISTINCT FROM ticks.id
"""


def _dedup(request: Request) -> tuple[Dedup, float | None]:
    if request.key is None:
        return Dedup.FOREVER, None
    return Dedup(request.dedup), LONG_SECONDS if request.dedup == Dedup.TTL else None


def _requested(request: Request) -> RequestedRun:
    dedup, seconds = _dedup(request)
    tags = {"label": request.label}
    return RequestedRun(request.job, request.key, tags=tags, dedup=dedup, ttl_seconds=seconds)


@dataclass
class Flight:
    """An evaluation that has begun, by the evaluator `worker_id`."""

    worker_id: UUID
    tick: TickRecord


class System:
    """One code location in a database; `evaluator` and `launcher` are who works now."""

    def __init__(self, database: Database, location: str) -> None:
        self.database = database
        self.location = location
        self.evaluator = new_id()
        self.launcher = new_id()
        self.epochs: dict[int, int] = {}

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement."""
        async with self.database.reading() as connection:
            return list(await connection.execute(text(statement), values))

    async def take_over(self) -> None:
        """Another evaluator takes all sensors and closes what the last one left."""
        self.evaluator = new_id()
        [(number,)] = await self.rows("SELECT number FROM code_locations WHERE name = :name", name=self.location)
        async with self.database.writing() as connection:
            await leases.prepare(connection, [number])
            await connection.execute(text("UPDATE leases SET expires_at = '-infinity'"))
            self.epochs = await leases.claim(connection, self.evaluator, LONG_SECONDS, {number: 16})
        async with self.database.writing() as connection:
            await orphans.close(connection, self.evaluator, list(self.epochs.items()))

    async def deploy(self, defaults: dict[str, str]) -> None:
        """Load code that defines these sensors: name -> default status."""
        specs = [SensorSpec(name, default_status=SensorStatus(status)) for name, status in defaults.items()]
        async with self.database.writing() as connection:
            await catalogs.store(connection, self.location, "model.py", Catalog(tuple(specs), JOBS))

    async def sensor(self, name: str) -> due.DueSensor:
        """Return a sensor as an evaluator reads it."""
        async with self.database.reading() as connection:
            read = (await due.load(connection, list(self.epochs))).sensors
        return next(one for one in read if (one.code_location, one.spec.name) == (self.location, name))

    async def set_status(self, name: str, status: str | None) -> None:
        """Start or stop a sensor; None resets it."""
        key = (await self.sensor(name)).id
        async with self.database.writing() as connection:
            if status is None:
                await statuses.reset(connection, [key])
            else:
                await statuses.switch(connection, [key], SensorStatus(status), "somebody")
        await self.forward()

    async def edit(self, name: str, value: str | None, expected: int | None) -> bool:
        """Edit a cursor; return whether it had the version."""
        key = (await self.sensor(name)).id
        async with self.database.writing() as connection:
            version = await cursors.edit(connection, key, value, expected, "somebody")
        await self.forward()
        return version is not None

    async def forward(self) -> None:
        """Give what somebody did its positions, as a server does after the commit."""
        async with self.database.writing_at_once() as connection:
            await outbox.forward(connection)

    async def begin(self, name: str, *, shown: bool) -> Flight:
        """Begin an evaluation; `shown`: it lasts so long that it shows as STARTED."""
        sensor = await self.sensor(name)
        now: datetime = (await self.rows("SELECT clock_timestamp()"))[0][0]
        epoch = self.epochs[sensor.shard]
        tick = TickRecord(new_id(), sensor.id, sensor.shard, epoch, TickCause.MANUAL, now, sensor.state, 30.0)
        if shown:
            await record(self.database, self.evaluator, [tick], LONG_SECONDS)
        return Flight(self.evaluator, tick)

    async def finish(self, flight: Flight, cursor: str | None, requests: list[Request]) -> None:
        """Record what an evaluation came to."""
        asked = tuple(_requested(one) for one in requests)
        skip = None if asked else "Nothing."
        evaluation = Evaluation(asked, skip, cursor_set=True, cursor=cursor)
        old = flight.tick
        tick = TickRecord(
            old.id, old.sensor_id, old.shard, old.epoch, old.cause, old.started_at, old.before, 30.0,
            finished_at=old.started_at + timedelta(microseconds=1), evaluation=evaluation,
        )  # fmt: skip
        await record(self.database, flight.worker_id, [tick], LONG_SECONDS)

    async def launch(self, request: Request) -> None:
        """Launch a run by hand."""
        async with self.database.writing() as connection:
            [job] = await jobs.by_name(connection, request.job, self.location)
            dedup, seconds = _dedup(request)
            wish = run_commands.RunWish(
                job, {}, {"label": request.label}, request.key, dedup=dedup, ttl_seconds=seconds
            )
            await run_commands.launch(connection, wish, "somebody")
        await self.forward()

    async def cancel(self, label: str) -> None:
        """Ask for the end of a run."""
        [run_id] = [row.id for row in await self.rows(_RUNS, location=self.location) if row.label == label]
        async with self.database.writing() as connection:
            await run_commands.cancel(connection, run_id, False, "somebody")
        await self.forward()

    async def claim(self, limit: int) -> dict[str, ClaimedRun]:
        """Take runs from the queue: label -> claim."""
        async with self.database.writing() as connection:
            claimed = await run_claims.claim(connection, self.launcher, [self.location], limit, LONG_SECONDS)
        return {run.instruction.tags["label"]: run for run in claimed.runs}

    async def tell(self, claim: ClaimedRun, events: int, *statuses: RunStatus) -> bool:
        """Record states of a claimed run that has `events` events so far; return whether the claim still held."""
        at = datetime.now(UTC)
        update = RunUpdate(
            run_id=claim.run_id, epoch=claim.epoch, event_count=events, attempt=claim.attempt,
            events=tuple(RunEvent(at, TOLD_BY[status]) for status in statuses), statuses=statuses,
        )  # fmt: skip
        async with self.database.writing() as connection:
            if claim.run_id in await run_updates.applied(connection, [update]):
                return True
            return claim.run_id in await run_updates.apply(connection, [update])

    async def rescue(self) -> None:
        """Another launcher takes over, as `vedette.launcher.rescuing` does."""
        dead, self.launcher = self.launcher, new_id()
        async with self.database.writing() as connection:
            lost = await run_queue.take_over(connection, self.launcher, [dead], [], 1000, LONG_SECONDS)
        endings = [(run, rescued(run)) for run in lost]
        updates = [
            RunUpdate(
                run_id=run.run_id, epoch=run.epoch, event_count=run.event_count,
                attempt=run.attempt + ending.next_attempt, events=told(ending, datetime.now(UTC)),
                statuses=ending.statuses, error=ending.error,
            )
            for run, ending in endings
        ]  # fmt: skip
        async with self.database.writing() as connection:
            await run_updates.apply(connection, updates)

    async def release(self, name: str, key: str) -> bool:
        """Free a run key of a sensor; return whether it was held."""
        sensor = await self.sensor(name)
        async with self.database.writing() as connection:
            return await run_keys.release(connection, sensor.id, key) is not None

    async def pass_time(self) -> None:
        """Have so much time pass that every key that is held for a time is free."""
        async with self.database.writing() as connection:
            await connection.execute(text("UPDATE run_keys SET expires_at = now() WHERE expires_at IS NOT NULL"))

    async def held_keys(self) -> dict[tuple[str, str], str]:
        """Return the run keys that are held for sensors: (sensor, key) -> label of the run."""
        rows = await self.rows(_HELD, location=self.location)
        return {(row.name, row.run_key): row.label for row in rows}

    async def seen(self) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """Return sensors, runs, and what is unsound."""
        found = await self.rows(_SENSORS, location=self.location)
        runs = await self.rows(_RUNS, location=self.location)
        return (
            {row.name: (row.loaded, row.status, row.cursor, row.cursor_version) for row in found},
            {row.label: (row.status, row.attempt) for row in runs},
            [row[0] for row in await self.rows(_UNSOUND)],
        )
