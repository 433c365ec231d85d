"""Loaders: what many resolvers of one operation ask for one by one is read in one statement, and once.

Only this module knows every type, so that types that point at each other need not build one another.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from vedette.domain.logs import LogLevel
from vedette.graphql.code_locations import CodeLocation, code_location
from vedette.graphql.connections import (
    CURSOR_CHANGES,
    JOBS,
    REACTIONS,
    RUN_EVENTS,
    RUN_KEYS,
    RUN_LOGS,
    RUN_REACTIONS,
    RUN_REQUESTS,
    RUNS,
    SENSORS,
    TICK_LOGS,
    TICKS,
    Connection,
    Cursors,
)
from vedette.graphql.cursors import CursorChange, cursor_change
from vedette.graphql.instance import Worker, patience, worker
from vedette.graphql.jobs import Job, job
from vedette.graphql.logs import LogRecord, error_info, log_record
from vedette.graphql.partitions import PartitionChange, partition_change
from vedette.graphql.reactions import Reaction, reaction
from vedette.graphql.run_keys import RunKey, run_key
from vedette.graphql.runs import Run, RunEvent, RunStep, run, run_event, run_step
from vedette.graphql.sensors import Sensor, sensor
from vedette.graphql.ticks import RunRequest, Tick, run_request, tick
from vedette.settings import Settings
from vedette.storage import (
    code_locations,
    cursors,
    dynamic_partitions,
    instance,
    jobs,
    partition_verdicts,
    reactions,
    run_keys,
    runs,
    sensors,
    ticks,
)
from vedette.storage.database import Database
from vedette.storage.dynamic_partitions import DynamicPartition
from vedette.storage.pages import Page, Window
from vedette.storage.runs import PlacedEvent, RunFilter
from vedette.storage.ticks import TickCounts, TickFilter

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
N = TypeVar("N")

Levels = tuple[LogLevel, ...]


class Loaders:
    """The loaders of one operation, or of one item of a subscription; each is made when it is first asked for."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    # --- things by id or name

    @cached_property
    def sensor(self) -> DataLoader[UUID, Sensor | None]:
        """Sensors by id."""
        return self._things(sensors.by_ids, sensor)

    @cached_property
    def tick(self) -> DataLoader[UUID, Tick | None]:
        """Ticks by id."""
        return self._things(ticks.by_ids, tick)

    @cached_property
    def run(self) -> DataLoader[UUID, Run | None]:
        """Runs by id."""
        return self._things(runs.by_ids, run)

    @cached_property
    def job(self) -> DataLoader[UUID, Job | None]:
        """Jobs by id."""
        return self._things(jobs.by_ids, job)

    @cached_property
    def job_named(self) -> DataLoader[tuple[str, str], Job | None]:
        """Jobs by code location and name."""
        return self._things(jobs.by_names, job)

    @cached_property
    def code_location(self) -> DataLoader[UUID, CodeLocation | None]:
        """Code locations by id."""
        return self._things(code_locations.by_ids, code_location)

    @cached_property
    def code_location_named(self) -> DataLoader[str, CodeLocation | None]:
        """Code locations by name."""
        return self._things(code_locations.by_names, code_location)

    @cached_property
    def cursor_change(self) -> DataLoader[tuple[UUID, int], CursorChange | None]:
        """Changes of cursors by sensor id and version."""
        return self._things(cursors.by_keys, cursor_change)

    @cached_property
    def worker(self) -> DataLoader[UUID, Worker | None]:
        """Processes by id."""

        async def read(connection: Any, ids: Sequence[UUID]) -> dict[UUID, instance.Worker]:
            return await instance.workers_by_ids(connection, ids, patience(self._settings))

        return self._things(read, worker)

    @cached_property
    def steps_of_run(self) -> DataLoader[UUID, list[RunStep]]:
        """The steps of runs by the run's id."""

        async def load(ids: list[UUID]) -> list[list[RunStep]]:
            async with self._database.reading() as connection:
                found = await runs.steps_each(connection, ids)
            return [[run_step(step) for step in found.get(run_id, ())] for run_id in ids]

        return DataLoader(load_fn=load)

    @cached_property
    def tick_counts(self) -> DataLoader[tuple[UUID, float], TickCounts]:
        """Counts of ticks by sensor id and window in seconds."""

        async def load(keys: list[tuple[UUID, float]]) -> list[TickCounts]:
            found: dict[tuple[UUID, float], TickCounts] = {}
            async with self._database.reading() as connection:
                for seconds in {seconds for _, seconds in keys}:
                    ids = [sensor_id for sensor_id, asked in keys if asked == seconds]
                    counts = await ticks.counts_each(connection, ids, timedelta(seconds=seconds))
                    found.update({(sensor_id, seconds): count for sensor_id, count in counts.items()})
            return [found.get(key, TickCounts()) for key in keys]

        return DataLoader(load_fn=load)

    @cached_property
    def sensors_of_job(self) -> DataLoader[tuple[str, str], list[Sensor]]:
        """The sensors that may ask for runs of a job, by its code location and name."""

        async def load(keys: list[tuple[str, str]]) -> list[list[Sensor]]:
            async with self._database.reading() as connection:
                ids = await sensors.ids_of_jobs(connection, keys)
                found = await sensors.by_ids(connection, list({one for each in ids for one in each}))
            return [[sensor(found[one]) for one in each if one in found] for each in ids]

        return DataLoader(load_fn=load)

    # --- parts of nested lists

    @cached_property
    def sensors_of_code_location(self) -> DataLoader[tuple[str, Window], Connection[Sensor]]:
        """Sensors by code location."""
        return self._lists(SENSORS["NAME"], sensors.page_each, sensor)

    @cached_property
    def jobs_of_code_location(self) -> DataLoader[tuple[str, Window], Connection[Job]]:
        """Jobs by code location."""
        return self._lists(JOBS, jobs.page_each, job)

    @cached_property
    def cursor_changes_of_sensor(self) -> DataLoader[tuple[UUID, Window], Connection[CursorChange]]:
        """Changes of cursors by sensor id."""
        return self._lists(CURSOR_CHANGES, cursors.page_each, cursor_change)

    @cached_property
    def ticks_of_sensor(self) -> DataLoader[tuple[UUID, TickFilter, Window], Connection[Tick]]:
        """Ticks by sensor id."""
        return self._lists(TICKS, ticks.page_each, tick)

    @cached_property
    def runs_of_sensor(self) -> DataLoader[tuple[UUID, RunFilter, Window], Connection[Run]]:
        """Runs by sensor id."""
        return self._lists(RUNS, runs.page_each_sensor, run)

    @cached_property
    def runs_of_tick(self) -> DataLoader[tuple[UUID, Window], Connection[Run]]:
        """Runs by tick id."""
        return self._lists(RUNS, runs.page_each_tick, run)

    @cached_property
    def runs_of_job(self) -> DataLoader[tuple[tuple[str, str], RunFilter, Window], Connection[Run]]:
        """Runs by code location and job name."""
        return self._lists(RUNS, runs.page_each_job, run)

    @cached_property
    def run_keys_of(self) -> DataLoader[tuple[UUID, str | None, Window], Connection[RunKey]]:
        """Run keys that are held, by the id of their sensor or job."""
        return self._lists(RUN_KEYS, run_keys.page_each, run_key)

    @cached_property
    def partitions_of_definition(self) -> DataLoader[tuple[str, str | None, Window], Page[DynamicPartition]]:
        """Keys of dynamic partitions by the definition's name."""
        return self._pages(dynamic_partitions.page_each)

    @cached_property
    def dynamic_keys(self) -> DataLoader[str, Sequence[str]]:
        """All keys of dynamic partitions by the definition's name."""

        async def load(names: list[str]) -> list[Sequence[str]]:
            async with self._database.reading() as connection:
                found = await dynamic_partitions.keys_of(connection, names)
            return [found[name] for name in names]

        return DataLoader(load_fn=load)

    @cached_property
    def partition_changes_of_tick(self) -> DataLoader[UUID, list[PartitionChange]]:
        """What became of changes of dynamic partitions by the tick's id."""

        async def load(ids: list[UUID]) -> list[list[PartitionChange]]:
            async with self._database.reading() as connection:
                found = await partition_verdicts.of_ticks(connection, ids)
            return [[partition_change(change) for change in found.get(tick_id, ())] for tick_id in ids]

        return DataLoader(load_fn=load)

    @cached_property
    def requests_of_tick(self) -> DataLoader[tuple[tuple[UUID, UUID], Window], Connection[RunRequest]]:
        """Run requests by tick id and sensor id."""

        async def load(keys: list[tuple[tuple[UUID, UUID], Window]]) -> list[Connection[RunRequest]]:
            sensor_of = dict(tick_and_sensor for tick_and_sensor, _ in keys)
            inner = self._lists(
                RUN_REQUESTS,
                ticks.requests_each,
                lambda seen: run_request(seen.request, sensor_of[seen.tick_id], seen.outcome, seen.run_id),
            )
            return await inner.load_many((tick_id, window) for (tick_id, _), window in keys)

        return DataLoader(load_fn=load)

    @cached_property
    def reactions_of_tick(self) -> DataLoader[tuple[UUID, Window], Connection[Reaction]]:
        """Reactions by tick id."""
        return self._lists(REACTIONS, reactions.page_each_tick, reaction)

    @cached_property
    def reactions_to_run(self) -> DataLoader[tuple[UUID, Window], Connection[Reaction]]:
        """Reactions by run id."""
        return self._lists(RUN_REACTIONS, reactions.page_each_run, reaction)

    @cached_property
    def logs_of_tick(self) -> DataLoader[tuple[UUID, Levels, Window], Connection[LogRecord]]:
        """Log lines by tick id."""
        return self._lists(TICK_LOGS, ticks.logs_each, log_record)

    @cached_property
    def events_of_run(self) -> DataLoader[tuple[UUID, Window], Connection[RunEvent]]:
        """Events by run id."""
        return self._lists(RUN_EVENTS, runs.events_each, run_event)

    @cached_property
    def logs_of_run(self) -> DataLoader[tuple[UUID, Levels, Window], Connection[LogRecord]]:
        """Log lines by run id."""
        return self._lists(RUN_LOGS, runs.logs_each, _logged)

    # --- how they load

    def _things(
        self, read: Callable[[Any, Sequence[K]], Awaitable[dict[K, R]]], build: Callable[[R], N]
    ) -> DataLoader[K, N | None]:
        async def load(keys: list[K]) -> list[N | None]:
            async with self._database.reading() as connection:
                found = await read(connection, keys)
            return [build(found[key]) if key in found else None for key in keys]

        return DataLoader(load_fn=load)

    def _lists(
        self, cursors_of_list: Cursors, read: Callable[..., Awaitable[list[Page[R]]]], build: Callable[[R], N]
    ) -> "DataLoader[Any, Connection[N]]":
        """Load by keys (parent, arguments …, window): one statement for all parents asked with the same arguments."""

        async def load(keys: list[tuple[Any, ...]]) -> list[Connection[N]]:
            return [cursors_of_list.connect(page, build) for page in await self._read_pages(read, keys)]

        return DataLoader(load_fn=load)

    def _pages(self, read: Callable[..., Awaitable[list[Page[R]]]]) -> "DataLoader[Any, Page[R]]":
        async def load(keys: list[tuple[Any, ...]]) -> list[Page[R]]:
            return await self._read_pages(read, keys)

        return DataLoader(load_fn=load)

    async def _read_pages(
        self, read: Callable[..., Awaitable[list[Page[R]]]], keys: Sequence[tuple[Any, ...]]
    ) -> list[Page[R]]:
        parents: dict[tuple[Any, ...], list[Any]] = {}
        for parent, *arguments in keys:
            parents.setdefault(tuple(arguments), []).append(parent)
        found: dict[tuple[Any, ...], Page[R]] = {}
        async with self._database.reading() as connection:
            for arguments_of_all, asked in parents.items():
                for parent, page in zip(asked, await read(connection, asked, *arguments_of_all), strict=True):
                    found[(parent, *arguments_of_all)] = page
        return [found[key] for key in keys]


def _logged(placed: PlacedEvent) -> LogRecord:
    """Return the LOG event of a run as the line that it holds."""
    event = placed.event
    assert event.level is not None
    return LogRecord(
        at=event.at,
        level=event.level,
        logger=event.logger or "",
        message=event.message or "",
        error=error_info(event.error),
    )
