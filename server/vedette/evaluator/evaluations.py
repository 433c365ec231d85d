"""Evaluations in flight: one at a time per sensor, from its begin until what it produced is recorded."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction, TickCause
from vedette.errors import VedetteError
from vedette.evaluator.cleaning import clean_log, storable
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.holdings import Holdings
from vedette.faults import Point, reached
from vedette.storage.due import DueSensor
from vedette.storage.verdicts import TickRecord

logger = logging.getLogger(__name__)

# As many as an evaluation may say.
MOST_LIVE_LINES = 1001

# How many may be in flight before they show as STARTED. Beyond what hosts and commits do at once, evaluations would
# only wait, their start recorded too early, and all that were late together would stay together for ever.
MOST_YOUNG = 1000
# Those that last are looked for this often at most.
SHOW_SECONDS = 0.02
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
    # What it has said so far, again from the start if it was evaluated again; see live_logs.
    lines: list[LogRecord] = field(default_factory=list)
    lines_tried: int = 0
    lines_stored: int = 0
    task: asyncio.Task[None] | None = None

    def instruction(self, cursor: str | None, last_finished_at: datetime | None = None) -> EvaluationInstruction:
        """Return what the host is told; `last_finished_at` in place of when the last tick ended."""
        spec, state = self.sensor.spec, self.sensor.state
        return EvaluationInstruction(
            tick_id=self.tick_id,
            sensor_name=spec.name,
            timeout_seconds=spec.timeout_seconds,
            cursor=cursor,
            last_finished_at=last_finished_at or state.last_finished_at,
            sensor_started_at=state.started_at,
        )

    def log(self, line: LogRecord) -> None:
        """Take a line that user code says; there is a bound to what is shown before the end."""
        if len(self.lines) < MOST_LIVE_LINES:
            self.lines.append(clean_log(line))

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
            shown=self.shown,
            lines_stored=self._lines_kept(evaluation),
        )

    def _lines_kept(self, evaluation: Evaluation | None) -> int:
        """Return how many lines stay before those of `evaluation`, which may begin with the same ones."""
        tried = self.lines_tried
        if not tried or evaluation is None or tuple(self.lines[:tried]) == evaluation.logs[:tried]:
            return 0
        return tried


Work = Callable[[InFlight], Coroutine[None, None, None]]


class Evaluations:
    """Begins evaluations; what they end with goes to `put`, those that are given up to `on_dropped`."""

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
        self._by_tick: dict[UUID, InFlight] = {}
        # In flight and not shown as STARTED: how many, and how many of them have not ended.
        self._young = 0
        self._unended = 0
        self.by_sensor: dict[UUID, InFlight] = {}

    @property
    def room(self) -> int:
        """Return how many more may begin now: what is begun when it can be evaluated at once shows its true start."""
        return max(0, MOST_YOUNG - self._young)

    @property
    def all_ended(self) -> bool:
        """Tell whether no evaluation is on its way but such as last long."""
        return self._unended <= 0

    def begin(self, sensor: DueSensor, epoch: int, cause: TickCause, request_id: UUID | None = None) -> None:
        """Begin a tick of a sensor that has none in flight."""
        self.begin_all([(sensor, epoch)], cause, request_id)

    def begin_all(
        self, sensors: Sequence[tuple[DueSensor, int]], cause: TickCause, request_id: UUID | None = None
    ) -> None:
        """Begin a tick of each (sensor, epoch); none of them has one in flight."""
        began = time.monotonic()
        started_at = self._clock.at(began)
        flights: dict[str, list[InFlight]] = {}
        for sensor, epoch in sensors:
            flight = self._reserve(sensor, epoch, cause, request_id, began, started_at)
            flights.setdefault(sensor.code_location, []).append(flight)
        for location, together in flights.items():
            self._unshown.extend(together)
            self._young += len(together)
            self._unended += len(together)
            self._send(location, together)

    def begin_unrecorded(self, tasks: asyncio.TaskGroup, sensor: DueSensor, epoch: int, work: Work) -> None:
        """Evaluate for somebody's eyes only: `work` does it, and the sensor is free again when it has ended."""
        began = time.monotonic()
        flight = self._reserve(sensor, epoch, TickCause.MANUAL, None, began, self._clock.at(began))
        flight.task = tasks.create_task(work(flight))
        # Not a `finally` in the task: one that is cancelled before its first step never runs.
        flight.task.add_done_callback(lambda _: self._drop(flight))

    async def evaluate(
        self, flight: InFlight, cursor: str | None, last_finished_at: datetime | None = None
    ) -> Evaluation:
        """Have user code evaluated, and return what it produced, fit to be stored.

        Raises VedetteError where it was not evaluated after all.
        """
        location = self._code.location(flight.sensor.code_location)
        answered: asyncio.Future[Evaluation | VedetteError] = asyncio.get_running_loop().create_future()
        location.begin([flight.instruction(cursor, last_finished_at)], lambda _, answer: answered.set_result(answer))
        try:
            answer = await answered
        except asyncio.CancelledError:
            location.give_up([flight.tick_id])
            raise
        if isinstance(answer, VedetteError):
            raise answer
        return storable(answer)

    def free(self, flight: InFlight) -> bool:
        """Take an evaluation out: it was recorded or dropped. False where it is out already."""
        if self.by_sensor.get(flight.sensor.id) is not flight:
            return False
        del self.by_sensor[flight.sensor.id]
        if flight.task is None and not flight.shown:
            self._young -= 1
        return True

    def drop_untrusted(self) -> None:
        """Give up the evaluations of shards that are lost, or that may be."""
        now = time.monotonic()
        self._give_up(
            flight
            for flight in list(self.by_sensor.values())
            if not self._holdings.trusts(flight.sensor.shard, flight.epoch, now)
        )

    def drop(self, shard: int) -> None:
        """Give up the evaluations of one shard."""
        self._give_up(self.of(shard))

    def drop_all(self) -> None:
        """Give up every evaluation."""
        self._give_up(list(self.by_sensor.values()))

    def of(self, shard: int) -> list[InFlight]:
        """Return the evaluations in flight of one shard."""
        return [flight for flight in self.by_sensor.values() if flight.sensor.shard == shard]

    async def show_started(self, after_seconds: float) -> None:
        """Record evaluations as STARTED that have lasted longer than `after_seconds`, until cancelled."""
        while True:
            shown_before = time.monotonic() - after_seconds
            while self._unshown and (self._unshown[0].ended or self._unshown[0].began <= shown_before):
                self._show(self._unshown.popleft())
            pause = self._unshown[0].began - shown_before if self._unshown else after_seconds
            await asyncio.sleep(max(pause, SHOW_SECONDS))

    def _show(self, flight: InFlight) -> None:
        if not flight.ended:
            flight.shown = True
            self._young -= 1
            self._unended -= 1
            self._put(flight.record(None, None))

    def _reserve(
        self,
        sensor: DueSensor,
        epoch: int,
        cause: TickCause,
        request_id: UUID | None,
        began: float,
        started_at: datetime,
    ) -> InFlight:
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

    def _send(self, location: str, flights: Sequence[InFlight]) -> None:
        sent = []
        for flight in flights:
            self._by_tick[flight.tick_id] = flight
            try:
                reached(Point.EVALUATION_BEGUN)
            except Exception as error:
                self._settle(flight.tick_id, _broken(flight, error))
            else:
                sent.append(flight)
        try:
            instructions = [flight.instruction(flight.sensor.state.cursor) for flight in sent]
            self._code.location(location).begin(instructions, self._settle, self._log)
        except Exception as error:
            for flight in sent:
                self._settle(flight.tick_id, _broken(flight, error))

    def _log(self, tick_id: UUID, line: LogRecord) -> None:
        if (flight := self._by_tick.get(tick_id)) is not None:
            flight.log(line)

    def _settle(self, tick_id: UUID, answer: Evaluation | VedetteError) -> None:
        flight = self._by_tick.pop(tick_id, None)
        if flight is None:
            return
        if isinstance(answer, VedetteError):
            logger.info("%s was not evaluated: %s", flight.sensor.spec.name, answer)
            if not flight.shown:
                self._drop(flight)
                return
            answer = Evaluation(skip_reason=GIVEN_UP)
        try:
            evaluation = storable(answer)
            reached(Point.EVALUATION_RETURNED)
        except Exception as error:
            evaluation = storable(_broken(flight, error))
        self._end(flight)
        finished_at = max(self._clock.at(time.monotonic()), flight.started_at)
        self._put(flight.record(finished_at, evaluation))

    def _end(self, flight: InFlight) -> None:
        flight.ended = True
        if flight.task is None and not flight.shown:
            self._unended -= 1

    def _drop(self, flight: InFlight) -> None:
        if not flight.ended:
            self._end(flight)
            self._on_dropped(flight)

    def _give_up(self, flights: Iterable[InFlight]) -> None:
        for flight in flights:
            if flight.task is not None:
                flight.task.cancel()
            elif not flight.ended:
                del self._by_tick[flight.tick_id]
                self._code.location(flight.sensor.code_location).give_up([flight.tick_id])
                self._drop(flight)


def _broken(flight: InFlight, error: Exception) -> Evaluation:
    logger.error("The evaluation of %s failed outside user code.", flight.sensor.spec.name, exc_info=error)
    return Evaluation(error=ErrorInfo(type(error).__name__, str(error)))
