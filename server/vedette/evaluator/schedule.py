"""The schedule: the sensors of the held shards in memory, and when each is due."""

from collections.abc import Collection, Container, Iterable
from uuid import UUID

import msgspec

from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.due_queue import DueQueue
from vedette.storage.sensors.due import DueSensor, Reading
from vedette.storage.ticks.verdicts import SensorState

# How late a sensor may begin for the sake of company, in seconds and as a share of its interval: together they cost
# less than one by one, in every process that they pass. Well below the share within which the beat is kept.
SLACK_SECONDS = 0.025
SLACK_SHARE = 0.05


class Schedule:
    """Sensors by id, and the due queue over those that may be evaluated: loaded, RUNNING, their code here, not busy."""

    def __init__(self, clock: DatabaseClock, code: LoadedCode, busy: Container[UUID]) -> None:
        self._clock = clock
        self._code = code
        self._busy = busy
        self._queue = DueQueue()
        self._sensors: dict[UUID, DueSensor] = {}
        # A reading that began before a tick of the sensor was recorded knows less than we do.
        self._recordings = 0
        self._recorded_at: dict[UUID, int] = {}
        self._outdated: set[UUID] = set()
        self._watching: set[UUID] = set()
        self._waiting: set[UUID] = set()
        self._pushed: set[UUID] = set()
        self._watching_assets: set[UUID] = set()
        self._watching_sensors: set[UUID] = set()
        # Those whose folders have changed, and those that failed last: these wait for their next try all the same.
        self._hurried: set[UUID] = set()
        self._failing: set[UUID] = set()
        self._kinds = (
            *(self._watching, self._waiting, self._pushed, self._watching_assets, self._watching_sensors),
            *(self._hurried, self._failing),
        )

    def __len__(self) -> int:
        """Return how many sensors there are."""
        return len(self._sensors)

    def lag(self, now: float) -> float:
        """Return for how many seconds the sensor waits that has been due for longest, at the monotonic time `now`."""
        due = self._queue.first_due
        return 0.0 if due is None else max(0.0, now - due)

    def get(self, sensor_id: UUID) -> DueSensor | None:
        """Return the sensor as last known, None where it is not of the held shards."""
        return self._sensors.get(sensor_id)

    @property
    def moment(self) -> int:
        """Return a number to hand to `apply` with a reading that begins now."""
        return self._recordings

    def take_outdated(self) -> set[UUID]:
        """Return the sensors to read again, once: a tick of theirs was recorded while they were read."""
        outdated, self._outdated = self._outdated, set()
        return outdated

    def apply(self, reading: Reading, shards: Collection[int], moment: int) -> None:
        """Take in sensors of `shards` that were read after `moment`."""
        for sensor in reading.sensors:
            if self._recorded_at.get(sensor.id, 0) > moment:
                self._outdated.add(sensor.id)
                continue
            self._sensors[sensor.id] = sensor
            (self._watching.add if sensor.spec.watch else self._watching.discard)(sensor.id)
            (self._waiting.add if sensor.spec.waits else self._waiting.discard)(sensor.id)
            (self._pushed.add if sensor.spec.is_pushed else self._pushed.discard)(sensor.id)
            (self._watching_assets.add if sensor.spec.watched_assets else self._watching_assets.discard)(sensor.id)
            (self._watching_sensors.add if sensor.spec.watches_sensors else self._watching_sensors.discard)(sensor.id)
            self.schedule(sensor.id)
        if reading.complete:
            seen = {sensor.id for sensor in reading.sensors}
            self._forget(s.id for s in list(self._sensors.values()) if s.shard in shards and s.id not in seen)

    def keep(self, shards: Collection[int]) -> None:
        """Forget the sensors of all other shards."""
        self._forget(sensor.id for sensor in list(self._sensors.values()) if sensor.shard not in shards)

    def watching(self) -> list[DueSensor]:
        """Return the sensors that watch folders and may be due."""
        return [sensor for sensor in map(self._sensors.__getitem__, self._watching) if self._can_be_due(sensor)]

    def waiting(self) -> list[DueSensor]:
        """Return the sensors whose sources are to be waited for; those that failed wait for their next try."""
        there = map(self._sensors.__getitem__, self._waiting - self._failing)
        return [sensor for sensor in there if self._can_be_due(sensor)]

    def is_quiet(self, sensor_id: UUID) -> bool:
        """Tell whether a sensor is neither evaluated nor about to be."""
        return sensor_id not in self._busy and sensor_id not in self._hurried

    def pushed(self) -> list[DueSensor]:
        """Return the sensors that react to events and may be due."""
        return [sensor for sensor in map(self._sensors.__getitem__, self._pushed) if self._can_be_due(sensor)]

    def watching_assets(self) -> list[DueSensor]:
        """Return the sensors that watch assets and may be due."""
        watching = map(self._sensors.__getitem__, self._watching_assets)
        return [sensor for sensor in watching if self._can_be_due(sensor)]

    def watching_sensors(self) -> list[DueSensor]:
        """Return the sensors that watch sensors and may be due."""
        watching = map(self._sensors.__getitem__, self._watching_sensors)
        return [sensor for sensor in watching if self._can_be_due(sensor)]

    def hurry(self, sensor_id: UUID) -> None:
        """Make the sensor due at once, or as soon as it is not busy; one that failed last waits for its next try."""
        sensor = self._sensors.get(sensor_id)
        if sensor is not None and sensor_id not in self._failing and not sensor.state.paused:
            self._hurried.add(sensor_id)
            self.schedule(sensor_id)

    def take_hurried(self, sensor_id: UUID) -> DueSensor | None:
        """Take out the sensor if it is hurried and may be evaluated now."""
        sensor = self._sensors.get(sensor_id)
        if sensor is None or sensor_id in self._busy or sensor_id not in self._hurried or not self._can_be_due(sensor):
            return None
        self._queue.drop(sensor_id)
        return sensor

    def begun(self, sensor_id: UUID) -> bool:
        """Take in that an evaluation of the sensor begins; tell whether it was hurried."""
        if sensor_id not in self._hurried:
            return False
        self._hurried.remove(sensor_id)
        return True

    def recorded(self, sensor_id: UUID, state: SensorState, *, failed: bool) -> None:
        """Take in how a tick of the sensor left it. Where it reacts to events, the failed one alone waits."""
        if failed and sensor_id not in self._pushed:
            # Its next try sees what has changed meanwhile.
            self._failing.add(sensor_id)
            self._hurried.discard(sensor_id)
        else:
            self._failing.discard(sensor_id)
        sensor = self._sensors.get(sensor_id)
        if sensor is None or _is_newer(sensor.state, state):
            return
        self._recordings += 1
        self._recorded_at[sensor_id] = self._recordings
        self._sensors[sensor_id] = msgspec.structs.replace(sensor, state=state)

    def schedule(self, sensor_id: UUID, not_before: float = float("-inf")) -> None:
        """Put the sensor at its due time, or at the monotonic time `not_before` if that is later.

        Not while it is busy: whoever frees it calls this again.
        """
        sensor = self._sensors.get(sensor_id)
        if sensor is None or sensor_id in self._busy or not self._can_be_due(sensor):
            self._queue.drop(sensor_id)
            return
        due_at = None if sensor_id in self._hurried else sensor.state.next_tick_at
        due = not_before if due_at is None else max(not_before, self._clock.monotonic(due_at))
        self._queue.put(sensor_id, due, min(SLACK_SECONDS, SLACK_SHARE * sensor.spec.minimum_interval_seconds))

    def code_changed(self) -> None:
        """Take in that other code is loaded: sensors may have become due, others cannot be any more."""
        for sensor_id in self._sensors:
            self.schedule(sensor_id)

    def next_begin(self) -> float | None:
        """Return the monotonic time at which the next sensor must begin."""
        return self._queue.next_begin()

    def pop_due(self, now: float, most: int) -> list[DueSensor]:
        """Take out at most `most` sensors that are due at the monotonic time `now`."""
        return [self._sensors[sensor_id] for sensor_id in self._queue.pop_due(now, most) if sensor_id in self._sensors]

    def _can_be_due(self, sensor: DueSensor) -> bool:
        return sensor.state.is_due_able and self._code.has(sensor.code_location, sensor.spec.name)

    def _forget(self, sensor_ids: Iterable[UUID]) -> None:
        for sensor_id in sensor_ids:
            del self._sensors[sensor_id]
            self._recorded_at.pop(sensor_id, None)
            for kept in self._kinds:
                kept.discard(sensor_id)
            self._queue.drop(sensor_id)


def _is_newer(state: SensorState, other: SensorState) -> bool:
    """Tell whether somebody set the cursor or the status after `other`, and `state` knows of it already."""
    if state.cursor_version != other.cursor_version:
        return state.cursor_version > other.cursor_version
    return state.status_at is not None and (other.status_at is None or state.status_at > other.status_at)
