"""Evaluations asked for by mutation: taken for the held shards, each in its turn, answered or told that it is busy."""

import asyncio
import functools
import time
from collections import deque
from collections.abc import Callable, Mapping
from uuid import UUID

from vedette.bus import Bus
from vedette.bus.topics import ANSWERS, EVALUATIONS
from vedette.errors import VedetteError
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.evaluations import Evaluations, InFlight
from vedette.evaluator.feeder import Feeder
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.patience import keep_trying
from vedette.evaluator.reacting import as_one
from vedette.evaluator.telling import tell
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.sensors.due import DueSensor
from vedette.storage.ticks import evaluation_requests
from vedette.storage.ticks.evaluation_requests import Answer, RequestKind, TakenRequest


class Requests:
    """Takes requests while `run` runs; a sensor's wait in `_turns` until its evaluation in flight is over."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        settings: Settings,
        worker_id: UUID,
        code: LoadedCode,
        holdings: Holdings,
        evaluations: Evaluations,
        sensor: Callable[[UUID], DueSensor | None],
        feeders: Mapping[str, Feeder],
    ) -> None:
        self._database = database
        self._bus = bus
        self._settings = settings
        self._worker_id = worker_id
        self._code = code
        self._holdings = holdings
        self._evaluations = evaluations
        self._sensor = sensor
        self._feeders = feeders
        # By sensor, the longest waiting first; each with the monotonic time at which it becomes BUSY.
        self._turns: dict[UUID, deque[tuple[float, TakenRequest]]] = {}
        self._given_back: list[UUID] = []

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Take and answer requests until cancelled; evaluations are tasks of `tasks`."""
        with self._bus.listen(EVALUATIONS) as listener:
            while True:
                await keep_trying("take evaluation requests", functools.partial(self._round, tasks))
                await listener.wait(self._pause())

    def begin_next(self, tasks: asyncio.TaskGroup, sensor_id: UUID) -> bool:
        """Begin what was asked for of a sensor that has just become free; False where nothing was."""
        turns = self._turns.get(sensor_id)
        while turns:
            _, request = turns.popleft()
            if not turns:
                del self._turns[sensor_id]
            if self._begin(tasks, request):
                return True
            self.give_back(request.id)
        return False

    def give_back(self, request_id: UUID) -> None:
        """Let a request be taken again, here or elsewhere: its evaluation was dropped."""
        self._given_back.append(request_id)
        self._bus.knock(EVALUATIONS)

    async def _round(self, tasks: asyncio.TaskGroup) -> None:
        late = self._late()
        given_back = list(self._given_back)
        shards = [shard for shard in self._holdings.ready if shard not in self._holdings.leaving]
        # The three stand alone, and mostly there is only the last.
        async with self._database.writing_at_once() as connection:
            await evaluation_requests.busy(connection, late)
            await evaluation_requests.give_back(connection, given_back)
            locations = self._code.loaded()
            taken = await evaluation_requests.take(connection, self._worker_id, shards, locations)
        del self._given_back[: len(given_back)]
        if late:
            self._bus.knock(ANSWERS)
        for request in taken:
            self._queue(tasks, request)

    def _queue(self, tasks: asyncio.TaskGroup, request: TakenRequest) -> None:
        deadline = time.monotonic() + self._settings.evaluation_wait_seconds - request.waited_seconds
        if request.sensor_id in self._evaluations.by_sensor:
            self._turns.setdefault(request.sensor_id, deque()).append((deadline, request))
        elif not self._begin(tasks, request):
            self._given_back.append(request.id)

    def _begin(self, tasks: asyncio.TaskGroup, request: TakenRequest) -> bool:
        sensor = self._sensor(request.sensor_id)
        if sensor is None or not self._code.has(sensor.code_location, sensor.spec.name):
            return False
        epoch = self._holdings.may_begin(sensor.shard, time.monotonic())
        if epoch is None:
            return False
        if request.kind is RequestKind.TICK:
            self._evaluations.begin_asked(sensor, epoch, request.id, request.trace)
        else:
            preview = functools.partial(self._preview, request)
            self._evaluations.begin_unrecorded(tasks, sensor, epoch, preview)
        return True

    async def _preview(self, request: TakenRequest, flight: InFlight) -> None:
        state = flight.sensor.state
        cursor = state.cursor if request.use_current_cursor else request.cursor
        try:
            if (feeder := self._feeders.get(flight.sensor.spec.stream or "")) is not None:
                flight.events = await feeder.preview(flight.sensor, cursor, request.run_id)
            if flight.sensor.spec.is_told:
                [flight.told] = await tell(self._database, [(flight.sensor, cursor)])
            evaluation = as_one(await self._evaluations.evaluate(flight, cursor, request.last_finished_at))
        except VedetteError:
            self.give_back(request.id)
            return
        answer = Answer(evaluation, cursor, state.cursor_version)
        await keep_trying("answer a preview", functools.partial(self._answer, request.id, answer))
        self._bus.knock(ANSWERS)

    async def _answer(self, request_id: UUID, answer: Answer) -> None:
        async with self._database.writing() as connection:
            await evaluation_requests.answer(connection, request_id, answer)

    def _late(self) -> list[UUID]:
        now = time.monotonic()
        late = []
        for sensor_id, turns in list(self._turns.items()):
            while turns and turns[0][0] <= now:
                late.append(turns.popleft()[1].id)
            if not turns:
                del self._turns[sensor_id]
        return late

    def _pause(self) -> float:
        deadlines = [turns[0][0] for turns in self._turns.values()]
        return max(0.01, min([self._settings.poll_seconds, *(deadline - time.monotonic() for deadline in deadlines)]))
