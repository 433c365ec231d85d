"""Loaders: what many resolvers of one operation ask for one by one is read in one statement, and once.

Only this module knows every type, so that types that point at each other need not build one another.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from vedette.domain.assets import Path
from vedette.domain.logs import LogLevel
from vedette.domain.run_limits import LimitKey
from vedette.domain.run_waits import Wait
from vedette.domain.ticks import RecordedRunRequest
from vedette.graphql.access.tokens import ApiToken, api_token
from vedette.graphql.assets.asset_events import (
    AssetCheckEvaluation,
    AssetEvent,
    Materialization,
    Observation,
    asset_event,
    check_evaluation,
    materialization,
    observation,
)
from vedette.graphql.assets.assets import Asset, asset
from vedette.graphql.batching import Loader
from vedette.graphql.catalog.code_locations import CodeLocation, code_location
from vedette.graphql.catalog.jobs import Job, job
from vedette.graphql.catalog.partitions import PartitionChange, partition_change
from vedette.graphql.connections import (
    ASSET_EVENTS,
    ASSET_EVENTS_TOLD,
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
from vedette.graphql.instance import Worker, patience, worker
from vedette.graphql.logs import LogRecord, error_info, log_record
from vedette.graphql.runs.run_limits import RunLimit, run_limit
from vedette.graphql.runs.run_waits import RunWait, run_wait
from vedette.graphql.runs.runs import Run, RunEvent, RunStep, run, run_event, run_step
from vedette.graphql.sensors.cursors import CursorChange, cursor_change
from vedette.graphql.sensors.run_keys import RunKey, run_key
from vedette.graphql.sensors.sensors import Sensor, sensor
from vedette.graphql.ticks.reactions import Reaction, reaction
from vedette.graphql.ticks.tick_buckets import TickBucket, tick_bucket
from vedette.graphql.ticks.ticks import RunRequest, Tick, run_request, tick
from vedette.settings import Settings
from vedette.storage import instance
from vedette.storage.access import tokens
from vedette.storage.assets import asset_histories, asset_lists
from vedette.storage.assets.asset_histories import HistoryFilter, PartitionMade
from vedette.storage.catalog import code_locations, dynamic_partitions, jobs
from vedette.storage.catalog.dynamic_partitions import DynamicPartition
from vedette.storage.database import Database
from vedette.storage.pages import Page, Window
from vedette.storage.runs import run_keys, run_limits, run_standing, run_waiting, runs
from vedette.storage.runs.runs import PlacedEvent, RunFilter
from vedette.storage.sensors import cursors, sensors
from vedette.storage.ticks import partition_verdicts, reactions, tick_buckets, ticks
from vedette.storage.ticks.tick_buckets import Span
from vedette.storage.ticks.ticks import TickCounts, TickFilter

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")
N = TypeVar("N")

Levels = tuple[LogLevel, ...]


class Loaders:
    """The loaders of one operation, or of one item of a subscription; each is made when it is first asked for.

    None of them knows this object: so what they have read is gone with it, without a collection.
    """

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
        seconds = patience(self._settings)

        async def read(connection: Any, ids: Sequence[UUID]) -> dict[UUID, instance.Worker]:
            return await instance.workers_by_ids(connection, ids, seconds)

        return self._things(read, worker)

    @cached_property
    def run_limit(self) -> DataLoader[UUID, RunLimit | None]:
        """Limits on how many runs are executed at once, by id."""
        return self._things(run_limits.by_ids, run_limit)

    @cached_property
    def api_token(self) -> DataLoader[UUID, ApiToken | None]:
        """Tokens by id; for admins."""
        return self._things(tokens.by_ids, api_token)

    @cached_property
    def steps_of_run(self) -> DataLoader[UUID, list[RunStep]]:
        """The steps of runs by the run's id."""
        database = self._database

        async def load(ids: list[UUID]) -> list[list[RunStep]]:
            async with database.reading() as connection:
                found = await runs.steps_each(connection, ids)
            return [[run_step(step) for step in found.get(run_id, ())] for run_id in ids]

        return Loader(load_fn=load)

    @cached_property
    def wait_of_run(self) -> DataLoader[UUID, RunWait | None]:
        """Where in the queue runs stand and what holds them up, by id; None of those that are not queued."""
        seconds = patience(self._settings)

        async def read(connection: Any, ids: Sequence[UUID]) -> dict[UUID, Wait]:
            return await run_waiting.waits(connection, ids, seconds)

        return self._things(read, run_wait)

    @cached_property
    def running_under(self) -> DataLoader[LimitKey, int]:
        """How many runs are executed under a limit, by its subject."""
        return self._rows(run_standing.running_under)

    @cached_property
    def tick_counts(self) -> DataLoader[tuple[UUID, float], TickCounts]:
        """Counts of ticks by sensor id and window in seconds."""
        database = self._database

        async def load(keys: list[tuple[UUID, float]]) -> list[TickCounts]:
            found: dict[tuple[UUID, float], TickCounts] = {}
            async with database.reading() as connection:
                for seconds in {seconds for _, seconds in keys}:
                    ids = [sensor_id for sensor_id, asked in keys if asked == seconds]
                    counts = await ticks.counts_each(connection, ids, timedelta(seconds=seconds))
                    found.update({(sensor_id, seconds): count for sensor_id, count in counts.items()})
            return [found.get(key, TickCounts()) for key in keys]

        return Loader(load_fn=load)

    @cached_property
    def tick_buckets(self) -> DataLoader[tuple[UUID, Span], list[TickBucket]]:
        """Counts of ticks over time by sensor id and span."""
        database = self._database

        async def load(keys: list[tuple[UUID, Span]]) -> list[list[TickBucket]]:
            found: dict[Span, dict[UUID, list[tick_buckets.TickBucket]]] = {}
            async with database.reading() as connection:
                for span in {span for _, span in keys}:
                    ids = [sensor_id for sensor_id, asked in keys if asked == span]
                    found[span] = await tick_buckets.each(connection, ids, span)
            return [[tick_bucket(one) for one in found[span].get(sensor_id, ())] for sensor_id, span in keys]

        return Loader(load_fn=load)

    @cached_property
    def sensors_of_job(self) -> DataLoader[tuple[str, str], list[Sensor]]:
        """The sensors that may ask for runs of a job, by its code location and name."""

        return self._sensors(sensors.ids_of_jobs)

    @cached_property
    def sensors_asking_for_asset(self) -> DataLoader[Path, list[Sensor]]:
        """The sensors that may ask for runs that make an asset, by its key."""
        return self._sensors(asset_lists.ids_of_sensors_asking)

    @cached_property
    def sensors_watching_asset(self) -> DataLoader[Path, list[Sensor]]:
        """The sensors that react when an asset is materialized, by its key."""
        return self._sensors(asset_lists.ids_of_sensors_watching)

    # --- assets by key

    @cached_property
    def asset(self) -> DataLoader[Path, Asset | None]:
        """Assets by key."""
        return self._things(asset_lists.by_keys, asset)

    @cached_property
    def latest_materialization(self) -> DataLoader[Path, Materialization | None]:
        """The last materializations of assets by key."""
        return self._things(asset_histories.latest_materializations, materialization)

    @cached_property
    def asset_event_at(self) -> DataLoader[int, AssetEvent | None]:
        """What happened to assets, by position."""
        return self._things(asset_histories.by_positions, asset_event)

    @cached_property
    def latest_check(self) -> DataLoader[tuple[Path, str], AssetCheckEvaluation | None]:
        """The last results of checks by the asset's key and the check's name."""
        return self._things(asset_histories.latest_checks, check_evaluation)

    @cached_property
    def partition_made(self) -> DataLoader[tuple[Path, str], PartitionMade | None]:
        """How partitions of assets stand, by the asset's key and the partition's."""
        return self._things(asset_histories.partitions_made, lambda made: made)

    @cached_property
    def partition_count_of_asset(self) -> DataLoader[Path, int]:
        """How many partitions of assets were materialized, by the asset's key."""
        database = self._database

        async def load(keys: list[Path]) -> list[int]:
            async with database.reading() as connection:
                found = await asset_histories.count_partitions(connection, keys)
            return [found[key] for key in keys]

        return Loader(load_fn=load)

    @cached_property
    def children_of_asset(self) -> DataLoader[Path, list[Path]]:
        """The keys of the assets that are made of an asset, by its key."""
        return self._rows(asset_lists.children)

    @cached_property
    def assets_of_job(self) -> DataLoader[tuple[str, str], list[Path]]:
        """The keys of the assets that a job makes, by its code location and name."""
        return self._rows(asset_lists.keys_of_jobs)

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
        database = self._database

        async def load(names: list[str]) -> list[Sequence[str]]:
            async with database.reading() as connection:
                found = await dynamic_partitions.keys_of(connection, names)
            return [found[name] for name in names]

        return Loader(load_fn=load)

    @cached_property
    def partition_changes_of_tick(self) -> DataLoader[UUID, list[PartitionChange]]:
        """What became of changes of dynamic partitions by the tick's id."""
        database = self._database

        async def load(ids: list[UUID]) -> list[list[PartitionChange]]:
            async with database.reading() as connection:
                found = await partition_verdicts.of_ticks(connection, ids)
            return [[partition_change(change) for change in found.get(tick_id, ())] for tick_id in ids]

        return Loader(load_fn=load)

    @cached_property
    def requests_of_tick(self) -> DataLoader[tuple[tuple[UUID, UUID], Window], Connection[RunRequest]]:
        """Run requests by tick id and sensor id."""
        database = self._database

        async def load(keys: list[tuple[tuple[UUID, UUID], Window]]) -> list[Connection[RunRequest]]:
            sensor_of = dict(tick_and_sensor for tick_and_sensor, _ in keys)
            wanted = [(tick_id, window) for (tick_id, _), window in keys]

            def build(seen: RecordedRunRequest) -> RunRequest:
                return run_request(seen.request, sensor_of[seen.tick_id], seen.outcome, seen.run_id)

            return [
                RUN_REQUESTS.connect(page, build) for page in await _read_pages(database, ticks.requests_each, wanted)
            ]

        return Loader(load_fn=load)

    @cached_property
    def reactions_of_tick(self) -> DataLoader[tuple[UUID, Window], Connection[Reaction]]:
        """Reactions by tick id."""
        return self._lists(REACTIONS, reactions.page_each_tick, reaction)

    @cached_property
    def reactions_to_run(self) -> DataLoader[tuple[UUID, Window], Connection[Reaction]]:
        """Reactions by run id."""
        return self._lists(RUN_REACTIONS, reactions.page_each_run, reaction)

    @cached_property
    def materializations_of_asset(self) -> DataLoader[tuple[Path, HistoryFilter, Window], Connection[Materialization]]:
        """Materializations by the asset's key."""
        return self._lists(ASSET_EVENTS, asset_histories.page_each, materialization)

    @cached_property
    def observations_of_asset(self) -> DataLoader[tuple[Path, HistoryFilter, Window], Connection[Observation]]:
        """Observations by the asset's key."""
        return self._lists(ASSET_EVENTS, asset_histories.page_each, observation)

    @cached_property
    def checks_of_asset(self) -> DataLoader[tuple[Path, HistoryFilter, Window], Connection[AssetCheckEvaluation]]:
        """Results of checks by the asset's key."""
        return self._lists(ASSET_EVENTS, asset_histories.page_each, check_evaluation)

    @cached_property
    def events_of_asset(self) -> DataLoader[tuple[Path, HistoryFilter, Window], Connection[AssetEvent]]:
        """What happened to assets by the asset's key."""
        return self._lists(ASSET_EVENTS, asset_histories.page_each, asset_event)

    @cached_property
    def asset_events_told(self) -> DataLoader[tuple[UUID, Window], Connection[AssetEvent]]:
        """What runs and ticks told of assets, by the id of the run or tick."""
        return self._lists(ASSET_EVENTS_TOLD, asset_histories.page_each_source, asset_event)

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

    def _rows(self, read: Callable[[Any, Sequence[K]], Awaitable[list[R]]]) -> DataLoader[K, R]:
        database = self._database

        async def load(keys: list[K]) -> list[R]:
            async with database.reading() as connection:
                return await read(connection, keys)

        return Loader(load_fn=load)

    def _sensors(self, read: Callable[[Any, Sequence[K]], Awaitable[list[list[UUID]]]]) -> DataLoader[K, list[Sensor]]:
        database = self._database

        async def load(keys: list[K]) -> list[list[Sensor]]:
            async with database.reading() as connection:
                ids = await read(connection, keys)
                found = await sensors.by_ids(connection, list({one for each in ids for one in each}))
            return [[sensor(found[one]) for one in each if one in found] for each in ids]

        return Loader(load_fn=load)

    def _things(
        self, read: Callable[[Any, Sequence[K]], Awaitable[dict[K, R]]], build: Callable[[R], N]
    ) -> DataLoader[K, N | None]:
        database = self._database

        async def load(keys: list[K]) -> list[N | None]:
            async with database.reading() as connection:
                found = await read(connection, keys)
            return [build(found[key]) if key in found else None for key in keys]

        return Loader(load_fn=load)

    def _lists(
        self, cursors_of_list: Cursors, read: Callable[..., Awaitable[list[Page[R]]]], build: Callable[[R], N]
    ) -> "DataLoader[Any, Connection[N]]":
        """Load by keys (parent, arguments …, window): one statement for all parents asked with the same arguments."""
        database = self._database

        async def load(keys: list[tuple[Any, ...]]) -> list[Connection[N]]:
            return [cursors_of_list.connect(page, build) for page in await _read_pages(database, read, keys)]

        return Loader(load_fn=load)

    def _pages(self, read: Callable[..., Awaitable[list[Page[R]]]]) -> "DataLoader[Any, Page[R]]":
        database = self._database

        async def load(keys: list[tuple[Any, ...]]) -> list[Page[R]]:
            return await _read_pages(database, read, keys)

        return Loader(load_fn=load)


async def _read_pages(
    database: Database, read: Callable[..., Awaitable[list[Page[R]]]], keys: Sequence[tuple[Any, ...]]
) -> list[Page[R]]:
    """Read the pages of keys (parent, arguments …): one statement for all parents with the same arguments."""
    parents: dict[tuple[Any, ...], list[Any]] = {}
    for parent, *arguments in keys:
        parents.setdefault(tuple(arguments), []).append(parent)
    found: dict[tuple[Any, ...], Page[R]] = {}
    async with database.reading() as connection:
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
