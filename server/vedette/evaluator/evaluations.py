"""Evaluations in flight: one at a time per sensor, from its begin until what it produced is recorded."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.positions import EventPosition
from vedette.domain.reactions import SensorEvent
from vedette.domain.ticks import Evaluation, EvaluationInstruction, TickCause
from vedette.errors import VedetteError
from vedette.evaluator.cleaning import clean_log, sealed, storable
from vedette.evaluator.clock import DatabaseClock
from vedette.evaluator.code import LoadedCode
from vedette.evaluator.feeder import Fed
from vedette.evaluator.holdings import Holdings
from vedette.evaluator.inboxes import Batch
from vedette.evaluator.reacting import Part, parts
from vedette.evaluator.telling import NOTHING, Told
from vedette.faults import Point, reached
from vedette.storage.sensors.due import DueSensor
from vedette.storage.ticks.recording import RecordedTick
from vedette.storage.ticks.verdicts import TickRecord

logger = logging.getLogger(__name__)

# As many as an evaluation may say.
MOST_LIVE_LINES = 1001

# How many may be in flight before they show as STARTED. Beyond what hosts and commits do at once, evaluations would
# only wait, their start recorded too early, and all that were late together would stay together for ever.
MOST_YOUNG = 1000
# Those that last are looked for this often at most.
SHOW_SECONDS = 0.02
BEGINS_NOW = "It reacts to what happens from now on."
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
    trace: str | None = None
    ended: bool = False
    shown: bool = False
    # What it has said so far, again from the start if it was evaluated again; see live_logs.
    lines: list[LogRecord] = field(default_factory=list)
    lines_tried: int = 0
    lines_stored: int = 0
    task: asyncio.Task[None] | None = None
    # Of a sensor that reacts to events: those that it handles, and what is still to be recorded of them, in order,
    # each as a tick of its own.
    batch: Batch | None = None
    events: tuple[SensorEvent, ...] | None = None
    # Of a sensor that watches assets or sensors: how these stand.
    told: Told = NOTHING
    parts: deque[Part] = field(default_factory=deque)
    part: Part | None = None
    finished_at: datetime | None = None
    continued: bool = False

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
            events=self.events,
            watched=self.told.watched,
            troubles=self.told.troubles,
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
            due_at=None if self.continued else self.due_at,
            before=self.sensor.state,
            interval_seconds=self.sensor.spec.minimum_interval_seconds,
            request_id=None if self.continued else self.request_id,
            finished_at=finished_at,
            evaluation=evaluation,
            fallback=None if self.part is None else self.part.fallback,
            policy=self.policy,
            shown=self.shown and not self.continued,
            lines_stored=0 if self.continued else self._lines_kept(evaluation),
            trace=self.trace,
            sensor_name=self.sensor.spec.name,
        )

    def keep_lines(self) -> None:
        """Leave all lines to the first of its ticks: they are on their way there already."""
        lines = tuple(line for part in self.parts for line in part.evaluation.logs)
        for place, part in enumerate(self.parts):
            logs = lines if place == 0 else ()
            self.parts[place] = part._replace(evaluation=msgspec.structs.replace(part.evaluation, logs=logs))

    def continue_from(self, sensor: DueSensor) -> None:
        """Be the next tick of `sensor`, which the one before has left so."""
        self.sensor = sensor
        self.continued = True
        self.started_at = max(self.started_at, sensor.state.last_tick_at or self.started_at) + timedelta(microseconds=1)
        self.tick_id = new_id(self.started_at)

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
        feed: Callable[[Sequence[InFlight]], None],
        seal: Callable[[Any], str],
    ) -> None:
        """`feed` reads what sensors are told, and hands it to `send_fed` or `send_told`; `seal` hides secrets."""
        self._feed = feed
        self._seal = seal
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

    def begin_asked(self, sensor: DueSensor, epoch: int, request_id: UUID, trace: str | None) -> None:
        """Begin a tick that somebody asked for, in their `trace`, of a sensor that has none in flight."""
        self.begin_all([(sensor, epoch)], TickCause.MANUAL, request_id, trace)

    def begin_all(
        self,
        sensors: Sequence[tuple[DueSensor, int]],
        cause: TickCause,
        request_id: UUID | None = None,
        trace: str | None = None,
    ) -> None:
        """Begin a tick of each (sensor, epoch); none of them has one in flight."""
        began = time.monotonic()
        started_at = self._clock.at(began)
        flights: dict[str, list[InFlight]] = {}
        for sensor, epoch in sensors:
            flight = self._reserve(sensor, epoch, cause, request_id, began, started_at)
            flight.trace = trace
            flights.setdefault(sensor.code_location, []).append(flight)
        for location, together in flights.items():
            self._unshown.extend(together)
            self._young += len(together)
            self._unended += len(together)
            self._send(location, [flight for flight in together if not flight.sensor.spec.is_fed])
            if fed := [flight for flight in together if flight.sensor.spec.is_fed]:
                self._feed(fed)

    def send_fed(self, flights: Sequence[InFlight], fed: Mapping[UUID, Fed | EventPosition]) -> None:
        """Evaluate with the events of each sensor; one without any has ended."""
        for flight in flights:
            if flight.ended:
                continue
            given = fed[flight.sensor.id]
            if isinstance(given, EventPosition):
                self._end_with(flight, Evaluation(skip_reason=BEGINS_NOW, cursor_set=True, cursor=given.text))
                continue
            flight.batch, flight.events = given
            if flight.events:
                self._send(flight.sensor.code_location, [flight])
            else:
                self._end_with(flight, Evaluation())

    def send_told(self, flights: Sequence[InFlight], told: Sequence[Told]) -> None:
        """Evaluate with how that stands which each sensor watches."""
        for flight, its in zip(flights, told, strict=True):
            if not flight.ended:
                flight.told = its
                self._send(flight.sensor.code_location, [flight])

    def give_back(self, flights: Sequence[InFlight]) -> None:
        """Let go of evaluations for which what they are told could not be read."""
        for flight in flights:
            self._drop(flight)

    def continues(self, recorded: RecordedTick) -> bool:
        """Have the next tick recorded of an evaluation that makes several; False where it makes no more.

        Where the tick before did not become what it was to be (the sensor was stopped, its cursor set), the rest of
        the events waits.
        """
        flight = self.by_sensor.get(recorded.tick.sensor_id)
        state = recorded.sensor
        if flight is None or flight.part is None or not flight.parts or state is None:
            return False
        if state.cursor != flight.part.evaluation.cursor:
            return False
        flight.continue_from(msgspec.structs.replace(flight.sensor, state=state))
        finished_at = max(flight.finished_at or flight.started_at, flight.started_at)
        flight.part = flight.parts.popleft()
        self._put(flight.record(finished_at, flight.part.evaluation))
        return True

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
        if flight.events == ():
            return Evaluation(skip_reason="There is no event to try it with.")
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
        return storable(sealed(answer, self._seal))

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
            answer = sealed(answer, self._seal)
            evaluation = answer if flight.batch is not None else storable(answer)
            reached(Point.EVALUATION_RETURNED)
        except Exception as error:
            evaluation = storable(_broken(flight, error))
        self._end_with(flight, evaluation)

    def _end_with(self, flight: InFlight, evaluation: Evaluation) -> None:
        self._end(flight)
        flight.finished_at = finished_at = max(self._clock.now(), flight.started_at)
        if flight.batch is not None:
            flight.parts.extend(parts(flight.batch, flight.events or (), evaluation, finished_at, flight.policy))
            if flight.shown:
                flight.keep_lines()
            flight.part = flight.parts.popleft()
            evaluation = flight.part.evaluation
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
                self._by_tick.pop(flight.tick_id, None)
                self._code.location(flight.sensor.code_location).give_up([flight.tick_id])
                self._drop(flight)


def _broken(flight: InFlight, error: Exception) -> Evaluation:
    logger.error("The evaluation of %s failed outside user code.", flight.sensor.spec.name, exc_info=error)
    return Evaluation(error=ErrorInfo(type(error).__name__, str(error)))
