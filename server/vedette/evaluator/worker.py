"""The evaluator: decides when each sensor is evaluated, and has what came of it recorded.

Any number of them may run: they share the sensors by leased shards, and every commit proves that the lease was held.
"""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from vedette.access.sealing import Sealer
from vedette.bus import Bus
from vedette.bus.topics import ANSWERS, CODE_LOCATIONS, EDITS, EVALUATIONS, SENSORS, TICKS
from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ticks import TickCause
from vedette.evaluator.asset_watch import AssetWatch
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import CodeLocations, LoadedCode
from vedette.evaluator.counting import gauges
from vedette.evaluator.evaluations import Evaluations, InFlight
from vedette.evaluator.feeder import Feeder
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.lease_keeper import LeaseKeeper
from vedette.evaluator.live_logs import LiveLogs
from vedette.evaluator.patience import keep_trying, report
from vedette.evaluator.recorder import Recorder
from vedette.evaluator.requests import Requests
from vedette.evaluator.schedule import Schedule
from vedette.evaluator.sensor_watch import SensorWatch
from vedette.evaluator.source_watch import SourceWatch
from vedette.evaluator.sources import AssetSource, RunSource
from vedette.evaluator.telling import tell
from vedette.evaluator.watching import FolderWatch
from vedette.faults import Point, reached
from vedette.settings import Settings
from vedette.storage import idempotency
from vedette.storage.database import Database
from vedette.storage.runs import run_keys
from vedette.storage.sensors import due
from vedette.storage.sensors.due import DueSensor
from vedette.storage.ticks import evaluation_requests, orphans
from vedette.storage.ticks.recording import RecordedTick

# Due sensors are looked for this often at most, and at most so many begin at a time: those that were late together
# are spread by this, about as fast as they can be evaluated.
GRAIN_SECONDS = 0.01
MOST_AT_ONCE = 150
# Before a sensor is tried again whose evaluation could not begin or be recorded here.
RETRY_SECONDS = 0.2
# After each reading of sensors: our own commits change some as well, and are not to be read one by one.
READ_PAUSE_SECONDS = 0.05
TIDY_SECONDS = 60.0
# A little longer than the idempotency keys that lead to them.
REQUESTS_KEPT_SECONDS = idempotency.KEPT_SECONDS + 3600.0


class Evaluator:
    """Evaluates the sensors of the shards that `worker_id` holds, with the code that this process has loaded."""

    def __init__(
        self, database: Database, bus: Bus, locations: CodeLocations, settings: Settings, worker_id: UUID
    ) -> None:
        self._database = database
        self._bus = bus
        self._settings = settings
        self._worker_id = worker_id
        self._tasks = asyncio.TaskGroup()
        self._clock = DatabaseClock()
        self._code = LoadedCode(locations)
        self._holdings = Holdings(settings.lease_seconds)
        self._recorder = Recorder(
            database,
            bus,
            worker_id,
            self._holdings,
            self._on_recorded,
            lambda: self._evaluations.all_ended,
        )
        self._evaluations = Evaluations(
            self._clock,
            self._code,
            self._holdings,
            self._recorder.put,
            self._on_dropped,
            FailurePolicy(settings.backoff_ceiling_seconds, settings.failures_before_pause),
            self._feed,
            Sealer(settings).seal,
        )
        self._live_logs = LiveLogs(database, bus, self._evaluations.by_sensor.values)
        self._schedule = Schedule(self._clock, self._code, self._evaluations.by_sensor)
        self._folders = FolderWatch(self._schedule.watching, self._on_change)
        self._watches = (
            AssetWatch(database, bus, settings.poll_seconds, self._schedule.watching_assets, self._on_change),
            SensorWatch(database, bus, settings.poll_seconds, self._schedule.watching_sensors, self._on_change),
        )
        self._sources = SourceWatch(self._schedule.waiting, self._schedule.is_quiet, self._code, self._on_change)
        self._feeders = {
            source.stream: Feeder(
                source, database, bus, self._clock, settings.poll_seconds, self._schedule.pushed, self._on_change
            )
            for source in (RunSource(), AssetSource())
        }
        self._requests = Requests(
            database,
            bus,
            settings,
            worker_id,
            self._code,
            self._holdings,
            self._evaluations,
            self._schedule.get,
            self._feeders,
        )
        self._keeper = LeaseKeeper(
            database,
            bus,
            worker_id,
            settings.lease_seconds,
            self._clock,
            self._code,
            self._holdings,
            self._evaluations,
            self._settle,
        )
        self._position = 0
        self._reading = asyncio.Lock()
        self._rescheduled = asyncio.Event()
        self._leaving = False

    async def run(self) -> None:
        """Evaluate until cancelled; then record what has ended, drop what has not, and let the leases go."""
        try:
            with self._folders, gauges(self._schedule, self._evaluations, self._holdings):
                await self._work()
        finally:
            await self._leave()

    async def _work(self) -> None:
        async with self._tasks as tasks:
            tasks.create_task(self._keeper.run(), name="lease keeper")
            tasks.create_task(self._follow_changes(), name="sensor changes")
            tasks.create_task(self._folders.run(), name="folders")
            tasks.create_task(self._sources.run(), name="sources")
            for watch in self._watches:
                tasks.create_task(watch.run(), name=f"watch of {watch.topic}")
            for stream, feeder in self._feeders.items():
                tasks.create_task(feeder.run(), name=f"feeder of {stream}")
            tasks.create_task(self._recorder.run(), name="recorder")
            tasks.create_task(self._requests.run(tasks), name="evaluation requests")
            tasks.create_task(
                self._evaluations.show_started(self._settings.started_after_seconds), name="started ticks"
            )
            tasks.create_task(self._live_logs.run(), name="live logs")
            tasks.create_task(self._tidy(), name="tidier")
            try:
                await self._begin_due()
            finally:
                # From here on the group takes no new tasks.
                self._leaving = True

    async def _leave(self) -> None:
        self._evaluations.drop_all()
        try:
            async with asyncio.timeout(self._settings.shutdown_grace_seconds):
                await self._recorder.flush()
                async with self._database.writing() as connection:
                    held = list(self._holdings.epochs.items())
                    closed = await orphans.close(connection, self._worker_id, held, own=True)
                await self._keeper.leave()
        except Exception as error:
            report("leave in order", error)
        else:
            self._bus.knock(EVALUATIONS, *([SENSORS, TICKS, ANSWERS] if closed else []))

    async def _begin_due(self) -> None:
        while True:
            now = time.monotonic()
            self._begin(self._schedule.pop_due(now, min(MOST_AT_ONCE, self._evaluations.room)), now)
            next_begin = self._schedule.next_begin()
            self._rescheduled.clear()
            if next_begin is not None and next_begin - now < GRAIN_SECONDS:
                await asyncio.sleep(GRAIN_SECONDS)
                continue
            try:
                async with asyncio.timeout(None if next_begin is None else next_begin - now):
                    await self._rescheduled.wait()
            except TimeoutError:
                pass

    def _begin(self, due_sensors: Sequence[DueSensor], now: float) -> None:
        beginning: dict[TickCause, list[tuple[DueSensor, int]]] = {}
        for sensor in due_sensors:
            if sensor.id in self._evaluations.by_sensor:
                continue
            epoch = self._holdings.may_begin(sensor.shard, now)
            if epoch is None:
                self._put_off(sensor.id, now + RETRY_SECONDS)
            elif self._code.has(sensor.code_location, sensor.spec.name):
                cause = TickCause.EVENT if self._schedule.begun(sensor.id) else TickCause.INTERVAL
                beginning.setdefault(cause, []).append((sensor, epoch))
        for cause, together in beginning.items():
            self._evaluations.begin_all(together, cause)

    def _feed(self, flights: Sequence[InFlight]) -> None:
        for stream, feeder in self._feeders.items():
            if together := [flight for flight in flights if flight.sensor.spec.stream == stream]:
                self._tasks.create_task(self._feed_all(feeder, together))
        if telling := [flight for flight in flights if flight.sensor.spec.is_told]:
            self._tasks.create_task(self._tell_all(telling))

    async def _tell_all(self, flights: Sequence[InFlight]) -> None:
        try:
            told = await tell(self._database, [(one.sensor, one.sensor.state.cursor) for one in flights])
        except Exception as error:
            report("read what sensors watch", error)
            self._evaluations.give_back(flights)
        else:
            self._evaluations.send_told(flights, told)

    async def _feed_all(self, feeder: Feeder, flights: Sequence[InFlight]) -> None:
        try:
            fed = await feeder.feed([flight.sensor for flight in flights])
        except Exception as error:
            report("read the events of sensors", error)
            self._evaluations.give_back(flights)
        else:
            self._evaluations.send_fed(flights, fed)

    def _on_change(self, sensor_id: UUID) -> None:
        """Begin at once, past the grain; one that is busy or may not begin now is due as soon as it can be."""
        sensor = self._schedule.get(sensor_id)
        if sensor is not None and sensor.spec.is_pushed and sensor_id in self._evaluations.by_sensor:
            # What has come will be seen when this evaluation is over, if it does not handle it itself.
            return
        self._schedule.hurry(sensor_id)
        now = time.monotonic()
        if not self._leaving and (sensor := self._schedule.take_hurried(sensor_id)) is not None:
            self._begin([sensor], now)

    def _put_off(self, sensor_id: UUID, until: float) -> None:
        self._schedule.schedule(sensor_id, until)
        self._rescheduled.set()

    def _on_recorded(self, recorded: RecordedTick) -> None:
        tick = recorded.tick
        if tick.evaluation is None:
            return
        flight = self._evaluations.by_sensor.get(tick.sensor_id)
        if flight is None or flight.tick_id != tick.id:
            return
        if recorded.sensor is None:
            self._on_dropped(flight)
            return
        self._schedule.recorded(tick.sensor_id, recorded.sensor, failed=tick.evaluation.error is not None)
        if self._evaluations.continues(recorded):
            return
        self._evaluations.free(flight)
        if flight.sensor.spec.waits:
            self._sources.look()
        self._go_on(tick.sensor_id, float("-inf"))
        sensor = self._schedule.get(tick.sensor_id)
        if sensor is not None and (feeder := self._feeders.get(sensor.spec.stream or "")) is not None:
            feeder.recorded(sensor, refused=tick.evaluation.error is not None and not tick.evaluation.reactions)

    def _on_dropped(self, flight: InFlight) -> None:
        if self._evaluations.free(flight):
            if flight.request_id is not None:
                self._requests.give_back(flight.request_id)
            self._go_on(flight.sensor.id, time.monotonic() + RETRY_SECONDS)

    def _go_on(self, sensor_id: UUID, not_before: float) -> None:
        if not self._leaving and not self._requests.begin_next(self._tasks, sensor_id):
            self._put_off(sensor_id, not_before)

    async def _follow_changes(self) -> None:
        with self._bus.listen(SENSORS, EDITS, CODE_LOCATIONS) as listener:
            while True:
                if await listener.wait(self._settings.poll_seconds) == {SENSORS}:
                    # Our own commits, mostly: what follows them, runs above all, goes first.
                    await asyncio.sleep(READ_PAUSE_SECONDS)
                if self._code.has_changed():
                    self._schedule.code_changed()
                    self._rescheduled.set()
                await keep_trying("read sensors", self._read)
                await asyncio.sleep(READ_PAUSE_SECONDS)

    async def _read(self) -> None:
        async with self._reading:
            if shards := list(self._holdings.ready):
                await self._read_shards(shards, complete=False)

    async def _read_shards(self, shards: list[int], complete: bool) -> None:
        """Read sensors until none is outdated; `shards` are all that are ready, or the first ones of them."""
        outdated = self._schedule.take_outdated()
        while True:
            moment = self._schedule.moment
            async with self._database.reading() as connection:
                reading = await (
                    due.load(connection, shards)
                    if complete
                    else due.changes(connection, shards, self._position, list(outdated))
                )
            self._schedule.apply(reading, shards, moment)
            self._look()
            for feeder in self._feeders.values():
                feeder.look(reading.sensors)
            if self._holdings.ready.keys() <= set(shards):
                self._position = reading.position
            self._rescheduled.set()
            outdated = self._schedule.take_outdated()
            if not outdated:
                return
            complete = False

    def _look(self) -> None:
        """See whether other sensors are to be watched for."""
        self._folders.look()
        self._sources.look()
        for watch in self._watches:
            watch.look()

    async def _settle(self) -> None:
        """Forget the sensors of shards that are gone; close the orphans of new shards and load their sensors."""
        self._schedule.keep(self._holdings.epochs)
        self._look()
        pairs = self._holdings.unready()
        if not pairs:
            return
        shards = [shard for shard, _ in pairs]
        async with self._database.writing() as connection:
            closed = await orphans.close(connection, self._worker_id, pairs)
            within = self._settings.evaluation_wait_seconds
            await evaluation_requests.take_over(connection, self._worker_id, shards, within)
        reached(Point.ORPHANS_CLOSED)
        async with self._reading:
            await self._read_shards(shards, complete=True)
        self._holdings.made_ready(pairs)
        self._bus.knock(EVALUATIONS, *([SENSORS, TICKS, ANSWERS] if closed else []))

    async def _tidy(self) -> None:
        while True:
            await keep_trying("delete old evaluation requests", self._purge_requests)
            await keep_trying("delete old idempotency keys", self._purge_keys)
            await keep_trying("delete run keys that have expired", self._purge_run_keys)
            await asyncio.sleep(TIDY_SECONDS)

    async def _purge_requests(self) -> None:
        deleted = evaluation_requests.PURGED_AT_A_TIME
        while deleted == evaluation_requests.PURGED_AT_A_TIME:
            async with self._database.writing() as connection:
                deleted = await evaluation_requests.purge(connection, REQUESTS_KEPT_SECONDS)

    async def _purge_keys(self) -> None:
        deleted = idempotency.PURGED_AT_A_TIME
        while deleted == idempotency.PURGED_AT_A_TIME:
            async with self._database.writing() as connection:
                deleted = await idempotency.purge(connection)

    async def _purge_run_keys(self) -> None:
        deleted = run_keys.PURGED_AT_A_TIME
        while deleted == run_keys.PURGED_AT_A_TIME:
            async with self._database.writing() as connection:
                deleted = await run_keys.purge(connection)
