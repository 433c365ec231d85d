"""The feeder: follows a stream, knows which sensors it concerns, and gives each evaluation its events.

One reading of the stream serves all sensors of this process. A knock is a hint: the stream is read every few seconds
all the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from vedette.bus import Bus
from vedette.domain.positions import EventPosition, parsed_position
from vedette.domain.reactions import SensorEvent
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.inboxes import MOST_EVENTS, Batch, Change, Inbox, Waiting, monitor_of
from vedette.evaluator.patience import keep_trying
from vedette.evaluator.sources import Source
from vedette.storage import changes
from vedette.storage.database import Database
from vedette.storage.sensors.due import DueSensor

AT_ONCE = 2000

Fed = tuple[Batch, tuple[SensorEvent, ...]]


class Feeder:
    """Follows `source` while `run` runs, and calls `on_work` with each sensor of `pushed()` that has work to do."""

    def __init__(
        self,
        source: Source,
        database: Database,
        bus: Bus,
        clock: DatabaseClock,
        poll_seconds: float,
        pushed: Callable[[], Iterable[DueSensor]],
        on_work: Callable[[UUID], None],
    ) -> None:
        self._source = source
        self._database = database
        self._bus = bus
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._pushed = pushed
        self._on_work = on_work
        self._inboxes: dict[UUID, Inbox] = {}
        # The stream was read up to here, for those inboxes that were as far.
        self._tail: int | None = None
        self._reading = asyncio.Lock()
        self._looked = asyncio.Event()
        # Sensors of which several events together were refused: they are handled one by one until that succeeds.
        self._cautious: set[UUID] = set()

    def look(self, sensors: Iterable[DueSensor]) -> None:
        """See at once what waits for those of the sensors that are new here, or whose cursor was set."""
        if any(self._follows(sensor) and not self._knows(sensor) for sensor in sensors):
            self._looked.set()

    def _follows(self, sensor: DueSensor) -> bool:
        return sensor.spec.stream == self._source.stream

    def _knows(self, sensor: DueSensor) -> bool:
        inbox = self._inboxes.get(sensor.id)
        return inbox is not None and inbox.position == parsed_position(sensor.state.cursor)

    async def run(self) -> None:
        """Follow the stream until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._on_looks(), name="looks")
            with self._bus.listen(self._source.topic) as listener:
                while True:
                    await keep_trying(f"follow {self._source.stream}", self._round)
                    await listener.wait(self._poll_seconds)

    async def _on_looks(self) -> None:
        while True:
            await self._looked.wait()
            self._looked.clear()
            await keep_trying("see what waits for sensors", self._round)

    async def _round(self) -> None:
        """Read what is new and hand it to every inbox; tell of those that have work."""
        sensors = [sensor for sensor in self._pushed() if self._follows(sensor)]
        known = {sensor.id for sensor in sensors}
        for sensor_id in [one for one in self._inboxes if one not in known]:
            del self._inboxes[sensor_id]
        if not sensors:
            self._tail = None
            return
        async with self._reading:
            await self._follow(sensors)
        for sensor in sensors:
            self.wake(sensor.id)

    def wake(self, sensor_id: UUID) -> None:
        """Tell of the sensor if it has work."""
        inbox = self._inboxes.get(sensor_id)
        if inbox is not None and inbox.has_work(self._clock.now()):
            self._on_work(sensor_id)

    async def _follow(self, sensors: Sequence[DueSensor]) -> None:
        inboxes = [inbox for sensor in sensors if (inbox := self._inbox(sensor)) is not None]
        if self._tail is None:
            self._tail = (await self._ends())[0]
        while True:
            found = await self._read(self._tail)
            before, self._tail = self._tail, found[-1].position if found else self._tail
            for inbox in inboxes:
                if inbox.scanned >= before:
                    inbox.take_in(found, self._tail)
            if len(found) < AT_ONCE:
                break
        for inbox in inboxes:
            await self._catch_up(inbox, self._tail)

    async def _catch_up(self, inbox: Inbox, tail: int) -> None:
        """Read the stream for one inbox that is not as far as the others."""
        while inbox.scanned < tail and not inbox.is_full:
            found = await self._read(inbox.scanned)
            inbox.take_in(found, found[-1].position if len(found) == AT_ONCE else tail)

    async def _read(self, position: int) -> Sequence[Change]:
        async with self._database.reading() as connection:
            return await self._source.read(connection, position, AT_ONCE)

    async def _ends(self) -> changes.StreamEnds:
        async with self._database.reading() as connection:
            return await changes.ends(connection, self._source.stream)

    def _inbox(self, sensor: DueSensor) -> Inbox | None:
        """Return the inbox of a sensor, as its cursor is now; None where that is no position."""
        position = parsed_position(sensor.state.cursor)
        inbox = self._inboxes.get(sensor.id)
        if position is None:
            self._inboxes.pop(sensor.id, None)
            return None
        if inbox is None or not inbox.watches(sensor) or not inbox.move(position):
            inbox = self._inboxes[sensor.id] = Inbox(position, sensor)
        return inbox

    def recorded(self, sensor: DueSensor, *, refused: bool) -> None:
        """Take in what a tick has made of the sensor's cursor, and tell of it if there is more to do.

        `refused`: its events were refused together.
        """
        (self._cautious.add if refused else self._cautious.discard)(sensor.id)
        if sensor.id in self._inboxes and self._inbox(sensor) is not None:
            if self._inboxes[sensor.id].scanned < (self._tail or 0):
                self._looked.set()
            self.wake(sensor.id)

    async def feed(self, sensors: Sequence[DueSensor]) -> dict[UUID, Fed | EventPosition]:
        """Return what each sensor is to handle now; where its cursor is none, the position at which it begins.

        One that is paused is tried with one event.
        """
        plans: dict[UUID, Batch | EventPosition] = {}
        for sensor in sensors:
            plans[sensor.id] = await self._plan(sensor)
        asked = [one for plan in plans.values() if isinstance(plan, Batch) for one in plan.waiting]
        events = await self._events(asked)
        return {
            sensor_id: (plan, _handed(plan.waiting, events)) if isinstance(plan, Batch) else plan
            for sensor_id, plan in plans.items()
        }

    async def _plan(self, sensor: DueSensor) -> Batch | EventPosition:
        inbox = self._inbox(sensor)
        if inbox is None:
            return EventPosition((await self._ends()).position)
        if inbox.scanned < inbox.position.position or self._tail is None or inbox.scanned < self._tail:
            async with self._reading:
                await self._catch_up(inbox, (await self._ends()).position)
        one_by_one = sensor.state.paused or sensor.id in self._cautious
        return inbox.batch(self._clock.now(), 1 if one_by_one else MOST_EVENTS)

    async def _events(self, waiting: Sequence[Waiting]) -> dict[int, SensorEvent]:
        if not waiting:
            return {}
        async with self._database.reading() as connection:
            return await self._source.events(connection, waiting)

    async def preview(self, sensor: DueSensor, cursor: str | None, run_id: UUID | None) -> tuple[SensorEvent, ...]:
        """Return the events with which a sensor is tried: that a run has become what it watches for, or what waits.

        What waits is told from `cursor`, as far as it is one.
        """
        if run_id is not None:
            async with self._database.reading() as connection:
                return tuple(await self._source.chosen(connection, monitor_of(sensor), run_id))
        position = parsed_position(cursor)
        if position is None:
            return ()
        inbox = Inbox(position, sensor)
        await self._catch_up(inbox, (await self._ends()).position)
        waiting = inbox.batch(self._clock.now()).waiting
        return _handed(waiting, await self._events(waiting))


def _handed(waiting: Iterable[Waiting], events: Mapping[int, SensorEvent]) -> tuple[SensorEvent, ...]:
    """Return the events of `waiting`, each as this sensor is told it."""
    return tuple(
        msgspec.structs.replace(event, key=one.key, attempt=one.attempt)
        for one in waiting
        if (event := events.get(one.change.position)) is not None
    )
