"""What happens meanwhile, written into the database as evaluators and launchers do: ticks, runs, events of assets."""

import asyncio
import itertools
from contextlib import suppress
from uuid import UUID

from sqlalchemy import text

from vedette.bus import Bus, topics
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.ids import new_id
from vedette.errors import DatabaseError
from vedette.graphql import ids
from vedette.storage import outbox, streams
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.database import Database

# One tick a second, and so many at once every few seconds.
BURST, BURST_SECONDS = 30, 15
# What a tick says in bytes: those who read slowly are soon behind.
REASON = "x" * 20_000
# How many seconds a run takes.
RUN_SECONDS = 3

_LOCATION = (
    "INSERT INTO code_locations (id, name, target, version, loaded_at) VALUES (:id, 'shop', 'shop.py', '', now())"
)
_SENSOR = """
INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source)
VALUES (:id, 'shop', 'inbox', true, '{"name": "inbox"}', 0, 'RUNNING', 'CODE')
"""
_TICKS = """
INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, finished_at, skip_reason)
SELECT id, :sensor_id, :number + ordinal, 'SKIPPED', 'INTERVAL', 1, now(), now(), :reason
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS rows(id, ordinal)
"""
_RUN = """
INSERT INTO runs (id, status, code_location, job_name, run_config, tags, on_interrupted, queued_at, event_count)
VALUES (:id, 'QUEUED', 'shop', 'process', '{}', '{}', 'fail', now(), 1)
"""
_EVENT = """
WITH counted AS (
    UPDATE runs SET event_count = event_count + 1, status = :status WHERE id = :id RETURNING event_count
)
INSERT INTO run_events (run_id, position, at, kind) SELECT :id, event_count, now(), :kind FROM counted
"""
_FIRST_EVENT = "INSERT INTO run_events (run_id, position, at, kind) VALUES (:id, 1, now(), 'RUN_QUEUED')"
_SUCCESS = {1: ("RUN_STARTED", "STARTED"), 2: ("RUN_SUCCESS", "SUCCESS")}


class News:
    """Writes what happens; `sensor` and `run` are the ids of the sensor, and of the run that goes on."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._sensor_id, self._run_id = new_id(), new_id()
        self._number = 0

    @property
    def sensor(self) -> str:
        """Return the id of the sensor, as the API has it."""
        return ids.encode("Sensor", self._sensor_id)

    @property
    def run(self) -> str:
        """Return the id of the run that goes on, as the API has it."""
        return ids.encode("Run", self._run_id)

    async def prepare(self) -> None:
        """Write what there is before anything happens."""
        async with self._database.writing() as connection:
            await connection.execute(text(_LOCATION), {"id": new_id()})
            await connection.execute(text(_SENSOR), {"id": self._sensor_id})
        await self._next_run()

    async def happen(self) -> None:
        """Write something every second until cancelled."""
        for second in itertools.count(1):
            # A database that does not answer for a while stops nobody else for good either.
            with suppress(DatabaseError):
                await self._ticks(BURST if second % BURST_SECONDS == 0 else 1)
                await self._others()
                stage = second % RUN_SECONDS
                await (self._run_goes_on(*_SUCCESS[stage]) if stage else self._next_run())
            await asyncio.sleep(1)

    async def _ticks(self, count: int) -> None:
        made = [new_id() for _ in range(count)]
        values = {"ids": made, "sensor_id": self._sensor_id, "number": self._number, "reason": REASON}
        async with self._database.writing() as connection:
            await connection.execute(text(_TICKS), values)
            await streams.append_ticks(connection, [(key, self._sensor_id, "SKIPPED") for key in made])
        self._number += count
        self._bus.knock(topics.TICKS)

    async def _others(self) -> None:
        told = ToldEvent(new_id(), 0, AssetEvent(AssetEventKind.MATERIALIZATION, ("orders",)))
        async with self._database.writing() as connection:
            await streams.append_sensors(connection, [self._sensor_id])
            await asset_events.append(connection, [told])
        self._bus.knock(topics.SENSORS, topics.ASSETS)

    async def _next_run(self) -> None:
        self._run_id = new_id()
        await self._told_of(self._run_id, "QUEUED", _RUN, _FIRST_EVENT)

    async def _run_goes_on(self, kind: str, status: str) -> None:
        await self._told_of(self._run_id, status, _EVENT, kind=kind, status=status)

    async def _told_of(self, run: UUID, became: str, *statements: str, **values: str) -> None:
        async with self._database.writing() as connection:
            for statement in statements:
                await connection.execute(text(statement), {"id": run, **values})
            await outbox.add_runs(connection, [(run, became)])
            await outbox.forward(connection)
        self._bus.knock(topics.RUNS, topics.run_events(run))
