"""Evaluations in flight: one at a time per sensor, from its begin until what it produced is recorded."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, EvaluationInstruction, TickCause
from vedette.errors import VedetteError
from vedette.evaluator.cleaning import storable
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.holdings import Holdings
from vedette.faults import Point, reached
from vedette.storage.due import DueSensor
from vedette.storage.verdicts import TickRecord

logger = logging.getLogger(__name__)

GIVEN_UP = "The code location was unloaded during this evaluation; nothing was launched and the cursor stays."


@dataclass(slots=True, eq=False)
class InFlight:
    """One evaluation. `began` is monotonic, `started_at` the same moment in the database's clock.

    `due_at` is when it was to begin, None where somebody asked for it.
    """

    tick_id: UUID
    sensor: DueSensor
    epoch: int
    cause: TickCause
    began: float
    started_at: datetime
    policy: FailurePolicy
    due_at: datetime | None = None
    request_id: UUID | None = None
    ended: bool = False
    shown: bool = False
    task: asyncio.Task[None] | None = None

    def record(self, finished_at: datetime | None, evaluation: Evaluation | None) -> TickRecord:
        """Return the tick to record: its end, or without an evaluation that it has started."""
        return TickRecord(
            id=self.tick_id,
            sensor_id=self.sensor.id,
            shard=self.sensor.shard,
            epoch=self.epoch,
            cause=self.cause,
            started_at=self.started_at,
            due_at=self.due_at,
            before=self.sensor.state,
            interval_seconds=self.sensor.spec.minimum_interval_seconds,
            request_id=self.request_id,
            finished_at=finished_at,
            evaluation=evaluation,
            policy=self.policy,
        )


Work = Callable[[InFlight], Coroutine[None, None, None]]


class Evaluations:
    """Begins evaluations as tasks of `tasks`; what they end with goes to `put`, what is given up to `on_dropped`."""

    def __init__(
        self,
        clock: DatabaseClock,
        code: LoadedCode,
        holdings: Holdings,
        put: Callable[[TickRecord], None],
        on_dropped: Callable[[InFlight], None],
        policy: FailurePolicy,
    ) -> None:
        self._clock = clock
        self._code = code
        self._holdings = holdings
        self._put = put
        self._on_dropped = on_dropped
        self._policy = policy
        self._unshown: deque[InFlight] = deque()
        self.by_sensor: dict[UUID, InFlight] = {}

    def begin(
        self, tasks: asyncio.TaskGroup, sensor: DueSensor, epoch: int, cause: TickCause, request_id: UUID | None = None
    ) -> None:
        """Begin a tick of a sensor that has none in flight."""
        flight = self._reserve(sensor, epoch, cause, request_id)
        self._unshown.append(flight)
        self._start(tasks, flight, self._evaluate(flight))

    def begin_unrecorded(self, tasks: asyncio.TaskGroup, sensor: DueSensor, epoch: int, work: Work) -> None:
        """Evaluate for somebody's eyes only: `work` does it, and the sensor is free again when it has ended."""
        flight = self._reserve(sensor, epoch, TickCause.MANUAL, None)
        self._start(tasks, flight, work(flight))

    async def evaluate(self, flight: InFlight, cursor: str | None) -> Evaluation:
        """Have user code evaluated, and return what it produced, fit to be stored.

        Raises VedetteError where it was not evaluated after all.
        """
        state = flight.sensor.state
        instruction = EvaluationInstruction(
            tick_id=flight.tick_id,
            sensor_name=flight.sensor.spec.name,
            timeout_seconds=flight.sensor.spec.timeout_seconds,
            cursor=cursor,
            last_finished_at=state.last_finished_at,
            sensor_started_at=state.started_at,
        )
        try:
            reached(Point.EVALUATION_BEGUN)
            evaluation = storable(await self._code.location(flight.sensor.code_location).evaluate(instruction))
            reached(Point.EVALUATION_RETURNED)
            return evaluation
        except VedetteError:
            raise
        except Exception as error:
            logger.exception("The evaluation of %s failed outside user code.", flight.sensor.spec.name)
            return storable(Evaluation(error=ErrorInfo(type(error).__name__, str(error))))

    def free(self, flight: InFlight) -> bool:
        """Take an evaluation out: it was recorded or dropped. False where it is out already."""
        if self.by_sensor.get(flight.sensor.id) is not flight:
            return False
        del self.by_sensor[flight.sensor.id]
        return True

    def drop_untrusted(self) -> None:
        """Give up the evaluations of shards that are lost, or that may be."""
        now = time.monotonic()
        for flight in list(self.by_sensor.values()):
            trusted = self._holdings.trusts(flight.sensor.shard, flight.epoch, now)
            if not trusted and not flight.ended and flight.task is not None:
                flight.task.cancel()

    def drop(self, shard: int) -> None:
        """Give up the evaluations of one shard."""
        for flight in self.of(shard):
            if flight.task is not None:
                flight.task.cancel()

    def of(self, shard: int) -> list[InFlight]:
        """Return the evaluations in flight of one shard."""
        return [flight for flight in self.by_sensor.values() if flight.sensor.shard == shard]

    async def show_started(self, after_seconds: float) -> None:
        """Record evaluations as STARTED that have lasted longer than `after_seconds`, until cancelled."""
        while True:
            pause = after_seconds
            if self._unshown:
                pause = self._unshown[0].began + after_seconds - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
                continue
            flight = self._unshown.popleft()
            if not flight.ended:
                flight.shown = True
                self._put(flight.record(None, None))

    def _reserve(self, sensor: DueSensor, epoch: int, cause: TickCause, request_id: UUID | None) -> InFlight:
        began = time.monotonic()
        started_at = self._clock.at(began)
        last = sensor.state.last_tick_at
        if last is not None and started_at <= last:
            # No two ticks of a sensor begin at one time, also where the clock was measured anew in between.
            started_at = last + timedelta(microseconds=1)
        due_at = sensor.state.next_tick_at if cause is TickCause.INTERVAL else None
        policy = self._policy_of(sensor)
        flight = InFlight(new_id(started_at), sensor, epoch, cause, began, started_at, policy, due_at, request_id)
        self.by_sensor[sensor.id] = flight
        return flight

    def _policy_of(self, sensor: DueSensor) -> FailurePolicy:
        before_pause = sensor.spec.failures_before_pause
        return self._policy if before_pause is None else FailurePolicy(self._policy.ceiling_seconds, before_pause)

    def _start(self, tasks: asyncio.TaskGroup, flight: InFlight, work: Coroutine[None, None, None]) -> None:
        flight.task = tasks.create_task(work)
        # Not a `finally` in the task: one that is cancelled before its first step never runs.
        flight.task.add_done_callback(lambda _: self._over(flight))

    def _over(self, flight: InFlight) -> None:
        if not flight.ended:
            flight.ended = True
            self._on_dropped(flight)

    async def _evaluate(self, flight: InFlight) -> None:
        try:
            evaluation = await self.evaluate(flight, flight.sensor.state.cursor)
        except VedetteError as error:
            logger.info("%s was not evaluated: %s", flight.sensor.spec.name, error)
            if not flight.shown:
                return
            evaluation = Evaluation(skip_reason=GIVEN_UP)
        flight.ended = True
        finished_at = max(self._clock.at(time.monotonic()), flight.started_at)
        self._put(flight.record(finished_at, evaluation))
