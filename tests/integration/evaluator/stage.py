"""A stage for evaluators: sensors as rows, user code as functions of the test, questions to ask the database."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import text

from vedette.bus import Bus
from vedette.domain.catalog import Catalog, JobSpec, SensorSpec, SensorStatus
from vedette.domain.ids import new_id
from vedette.domain.sensors import shard_of
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError
from vedette.evaluator.code import OnLog, Settle
from vedette.evaluator.worker import Evaluator
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.workers import registered

T = TypeVar("T")
Code = Callable[[EvaluationInstruction], Awaitable[Evaluation]]
Row = dict[str, Any]

NOTHING_NEW = Evaluation(skip_reason="Nothing new.")


async def skips(instruction: EvaluationInstruction) -> Evaluation:
    return NOTHING_NEW


class FakeLocation:
    """Code of the test in the place of hosts. `at_once` is the most evaluations of one sensor there were at a time.

    The next `lies` calls of `begin` raise what no code location should.
    """

    def __init__(self, specs: Sequence[SensorSpec], jobs: Sequence[JobSpec]) -> None:
        self.catalog: Catalog | None = Catalog(tuple(specs), tuple(jobs))
        self.code: dict[str, Code] = defaultdict(lambda: skips)
        self.calls: dict[str, list[float]] = defaultdict(list)
        self.now: dict[str, int] = defaultdict(int)
        self.at_once = 0
        self.lies = 0
        self.tasks: dict[UUID, asyncio.Task[None]] = {}
        self.on_log: OnLog | None = None
        # What sensors wait for: a name is woken, with an error or without, and each wait is told with its cursor.
        self.woken: dict[str, asyncio.Queue[VedetteError | None]] = defaultdict(asyncio.Queue)
        self.waits: list[tuple[str, str | None]] = []
        self.waiting: dict[str, int] = defaultdict(int)

    async def wait(self, sensor_name: str, cursor: str | None) -> None:
        self.waits.append((sensor_name, cursor))
        self.waiting[sensor_name] += 1
        try:
            error = await self.woken[sensor_name].get()
        finally:
            self.waiting[sensor_name] -= 1
        if error is not None:
            raise error

    async def evaluate(self, instruction: EvaluationInstruction) -> Evaluation:
        name = instruction.sensor_name
        self.calls[name].append(time.monotonic())
        self.now[name] += 1
        self.at_once = max(self.at_once, self.now[name])
        try:
            return await self.code[name](instruction)
        finally:
            self.now[name] -= 1

    def begin(self, instructions: Sequence[EvaluationInstruction], settle: Settle, on_log: OnLog | None = None) -> None:
        self.on_log = on_log
        if self.lies:
            self.lies -= 1
            raise RuntimeError("the host is a liar")
        for instruction in instructions:
            self.tasks[instruction.tick_id] = asyncio.create_task(self._answer(instruction, settle))

    async def _answer(self, instruction: EvaluationInstruction, settle: Settle) -> None:
        try:
            answer: Evaluation | VedetteError = await self.evaluate(instruction)
        except VedetteError as error:
            answer = error
        del self.tasks[instruction.tick_id]
        settle(instruction.tick_id, answer)

    def give_up(self, tick_ids: Collection[UUID]) -> None:
        for task in filter(None, (self.tasks.pop(tick_id, None) for tick_id in tick_ids)):
            task.cancel()


class FakeLocations(dict[str, FakeLocation]):
    @property
    def names(self) -> Sequence[str]:
        return tuple(self)


def settings(**changes: float) -> Settings:
    return Settings.model_validate({"lease_seconds": 3.0, "poll_seconds": 0.5, "started_after_seconds": 0.1} | changes)


class Stage:
    """One code location in a database."""

    def __init__(self, database: Database, name: str = "here") -> None:
        self.database = database
        self.name = name
        self.jobs = (JobSpec("load", tags={"team": "data", "who": "job"}),)

    async def rows(self, statement: str, **parameters: object) -> list[Row]:
        async with self.database.reading() as connection:
            return [dict(row) for row in (await connection.execute(text(statement), parameters)).mappings()]

    async def row(self, statement: str, **parameters: object) -> Row:
        [row] = await self.rows(statement, **parameters)
        return row

    async def execute(self, statement: str, **parameters: object) -> None:
        async with self.database.writing() as connection:
            await connection.execute(text(statement), parameters)

    async def add(self, *specs: SensorSpec, status: SensorStatus = SensorStatus.RUNNING) -> list[UUID]:
        """Store sensors as the registrar does."""
        await self.execute(
            "INSERT INTO code_locations (id, name, target) VALUES (:id, :name, 'here.py') ON CONFLICT DO NOTHING",
            id=new_id(),
            name=self.name,
        )
        for job in self.jobs:
            await self.execute(
                """INSERT INTO jobs (id, code_location, name, loaded, spec)
                VALUES (:id, :location, :name, true, CAST(:spec AS jsonb)) ON CONFLICT DO NOTHING""",
                location=self.name,
                id=new_id(),
                name=job.name,
                spec=msgspec.json.encode(job).decode(),
            )
        ids = [new_id() for _ in specs]
        number = (await self.row("SELECT number FROM code_locations WHERE name = :name", name=self.name))["number"]
        async with self.database.writing() as connection:
            await connection.execute(
                text(
                    """INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source,
                        started_at, next_tick_at)
                    SELECT id, :location, name, true, spec, shard, :status, 'CODE', now(), now()
                    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:specs AS jsonb[]),
                        CAST(:shards AS smallint[])) AS new(id, name, spec, shard)"""
                ),
                {
                    "ids": ids,
                    "names": [spec.name for spec in specs],
                    "specs": [msgspec.json.encode(spec).decode() for spec in specs],
                    "location": self.name,
                    "shards": [shard_of(self.name, spec.name, number) for spec in specs],
                    "status": status,
                },
            )
        return ids

    async def changed(self, sensor_id: UUID, assignments: str, **parameters: object) -> None:
        """Change a sensor as a mutation does: the row and the stream in one transaction."""
        await self.execute(
            f"""WITH changed AS (UPDATE sensors SET {assignments} WHERE id = :id RETURNING id),
            taken AS (UPDATE streams SET position = position + 1 WHERE name = 'sensors' RETURNING position)
            INSERT INTO sensor_changes (position, at, sensor_id) SELECT position, now(), id FROM changed, taken""",
            id=sensor_id,
            **parameters,
        )

    async def stop(self, sensor_id: UUID) -> None:
        await self.changed(sensor_id, "status = 'STOPPED', status_at = clock_timestamp(), next_tick_at = NULL")

    async def start(self, sensor_id: UUID) -> None:
        now = "clock_timestamp()"
        await self.changed(
            sensor_id, f"status = 'RUNNING', status_at = {now}, started_at = {now}, next_tick_at = {now}"
        )

    async def set_cursor(self, sensor_id: UUID, value: str) -> None:
        await self.changed(
            sensor_id, "cursor = :value, cursor_version = cursor_version + 1, cursor_at = now()", value=value
        )
        await self.execute(
            """INSERT INTO cursor_changes (sensor_id, version, id, value, actor)
            SELECT id, cursor_version, gen_random_uuid(), cursor, 'me' FROM sensors WHERE id = :id""",
            id=sensor_id,
        )

    async def ticks(self, sensor_id: UUID) -> list[Row]:
        return await self.rows("SELECT * FROM ticks WHERE sensor_id = :id ORDER BY number", id=sensor_id)

    async def sensor(self, sensor_id: UUID) -> Row:
        return await self.row("SELECT * FROM sensors WHERE id = :id", id=sensor_id)

    async def last_tick(self, sensor_id: UUID) -> Row | None:
        ticks = await self.ticks(sensor_id)
        return ticks[-1] if ticks else None

    def location(self, *specs: SensorSpec) -> FakeLocation:
        return FakeLocation(specs, self.jobs)


async def until(ask: Callable[[], Awaitable[T]], within: float = 15.0) -> T:
    """Ask again and again until the answer is truthy, and return it."""
    async with asyncio.timeout(within):
        while True:
            if answer := await ask():
                return answer
            await asyncio.sleep(0.02)


@asynccontextmanager
async def evaluating(
    database: Database, bus: Bus, location: FakeLocation, chosen: Settings | None = None, name: str = "here"
) -> AsyncIterator[asyncio.Task[None]]:
    """Run an evaluator with its registered worker while the context is open."""
    async with registered(database, "EVALUATE", "here", 1) as worker_id:
        locations = FakeLocations({name: location})
        evaluator = Evaluator(database, bus, locations, chosen or settings(), worker_id)
        task = asyncio.create_task(evaluator.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()):
                raise error
