"""Evaluations that somebody asks for: a test, of which nothing is kept, and a real tick now."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.bus import Listener, topics
from vedette.domain import ticks as domain
from vedette.domain.ticks import RunRequestOutcome
from vedette.graphql import ids
from vedette.graphql.catalog.partitions import PartitionChange, partition_change
from vedette.graphql.context import Context, Info
from vedette.graphql.fields import mutation
from vedette.graphql.logs import ErrorInfo, LogRecord, error_info, log_record
from vedette.graphql.mutations.attempts import telling
from vedette.graphql.mutations.idempotency import KeyedInput, give_back, once
from vedette.graphql.mutations.mutation_errors import EvaluatorUnavailable, MutationError, SensorBusy, WrongState
from vedette.graphql.sensors.sensor_mutations import no_sensor
from vedette.graphql.sensors.sensors import Sensor
from vedette.graphql.ticks.ticks import RunRequest, Tick, run_request
from vedette.storage.runs import run_keys
from vedette.storage.ticks import evaluation_requests, partition_verdicts
from vedette.storage.ticks.evaluation_requests import Answer, AskedEvaluation, RequestKind, RequestState
from vedette.telemetry.tracing import asked_by

# How often to look without a knock, in seconds; somebody waits for the answer.
LOOK_SECONDS = 0.5
# What an evaluation may take beyond the sensor's own timeout, in seconds: a turn in a host, a kill, the commit.
GRACE_SECONDS = 15.0


@strawberry.input(description="Which sensor to evaluate, from which cursor.")
class EvaluateSensorInput(KeyedInput):
    """Which sensor to evaluate, from which cursor."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")
    cursor: str | None = strawberry.field(default=None, description="Evaluate from this cursor.")
    use_current_cursor: bool | None = strawberry.field(
        default=True, description="Without `cursor`: from the sensor's cursor if true, from none if false."
    )
    last_tick_finished_at: datetime | None = strawberry.field(
        default=None, description="Evaluate as if the last tick had ended then; left out: as it did."
    )
    run_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="A run to try a sensor with that watches runs, as if it had just become what the sensor "
        "watches for; left out: what waits for it.",
    )


@strawberry.input(description="Which sensor to tick.")
class TickSensorInput(KeyedInput):
    """Which sensor to tick."""

    sensor_id: strawberry.ID = strawberry.field(description="The sensor.")


@strawberry.type(
    description="What one test evaluation produced. "
    "To keep its cursor, pass `cursorAfter` and `cursorVersion` to setSensorCursor."
)
class Evaluation:
    """What one test evaluation produced."""

    cursor_before: str | None = strawberry.field(description="The cursor it began with.")
    cursor_after: str | None = strawberry.field(description="The cursor that a real tick would have left.")
    cursor_version: int = strawberry.field(description="The version of the sensor's cursor at the time.")
    run_requests: list[RunRequest] = strawberry.field(
        description="The runs it asked for: PREVIEWED, or DUPLICATE where the key is spent."
    )
    skip_reason: str | None = strawberry.field(description="Why it asked for nothing, if it said so.")
    error: ErrorInfo | None = strawberry.field(description="Why it failed.")
    partition_changes: list[PartitionChange] = strawberry.field(
        default_factory=list, description="The partitions that a real tick would have added or deleted."
    )
    logs: list[LogRecord] = strawberry.field(description="What user code logged and printed.")
    duration_seconds: float = strawberry.field(description="How long it took.")


@strawberry.type(description="What became of a test evaluation.")
class EvaluateSensorPayload:
    """What became of a test evaluation."""

    evaluation: Evaluation | None = strawberry.field(default=None, description="What it produced.")
    errors: list[MutationError] = strawberry.field(description="Why there was none; empty if there was.")


@strawberry.type(description="What became of a tick that was asked for.")
class TickSensorPayload:
    """What became of a tick that was asked for."""

    tick: Tick | None = strawberry.field(default=None, description="The tick; STARTED if it has not ended at once.")
    errors: list[MutationError] = strawberry.field(description="Why there was none; empty if there was.")


class _Wait:
    """The wait for the answer to one request."""

    def __init__(self, context: Context, given: KeyedInput, sensor: Sensor, request_id: UUID) -> None:
        self._context = context
        self._given = given
        self._sensor = sensor
        self._request_id = request_id

    async def answer(self) -> AskedEvaluation | MutationError:
        """Return how the request stands once it is done, or as far as it came; else why it will not be."""
        patience = self._context.settings.evaluation_wait_seconds
        with self._context.bus.listen(topics.ANSWERS) as listener:
            self._context.bus.knock(topics.EVALUATIONS)
            # What was asked for just now cannot have been answered; what a twin asked for can.
            asked = None if self._given.idempotency_key is None else await self._read()
            # The evaluator says BUSY after the same time: what it has to say goes first.
            asked = await self._while(listener, asked, {None}, patience + 2 * LOOK_SECONDS)
            if (asked is None or asked.state is None) and await self._withdraw():
                return await self._not_taken()
            longest = patience + self._sensor.timeout_seconds + GRACE_SECONDS
            asked = await self._while(listener, asked, {None, RequestState.TAKEN}, longest)
        return await self._judged(asked)

    async def _while(
        self, listener: Listener, asked: AskedEvaluation | None, states: set[RequestState | None], seconds: float
    ) -> AskedEvaluation | None:
        """Wait while the request is in one of `states`, at most `seconds`; return how it stands then."""
        deadline = time.monotonic() + seconds
        while (asked is None or asked.state in states) and (left := deadline - time.monotonic()) > 0:
            await listener.wait(min(left, LOOK_SECONDS))
            asked = await self._read()
        return asked

    async def _read(self) -> AskedEvaluation | None:
        async with self._context.database.reading() as connection:
            return await evaluation_requests.read(connection, self._request_id)

    async def _withdraw(self) -> bool:
        async with self._context.database.writing() as connection:
            withdrawn = await evaluation_requests.withdraw(connection, self._request_id)
            if withdrawn:
                await self._came_to_nothing(connection)
        return withdrawn

    async def _came_to_nothing(self, connection: Any) -> None:
        """Let the same be asked for again with the same idempotency key."""
        await give_back(connection, self._context, self._given, self._request_id)

    async def _not_taken(self) -> MutationError:
        self._context.renew()
        sensor = await self._context.loaders.sensor.load(self._sensor.facts.id)
        if sensor is not None and sensor.facts.evaluating_tick_id is not None:
            return self._busy()
        seconds = self._context.settings.evaluation_wait_seconds
        return EvaluatorUnavailable(
            message=f"No evaluator took the sensor {self._sensor.name!r} up within {seconds:g} s; is one running?"
        )

    def _busy(self) -> MutationError:
        return SensorBusy(message=f"An evaluation of {self._sensor.name!r} goes on; try again when it has ended.")

    async def _judged(self, asked: AskedEvaluation | None) -> AskedEvaluation | MutationError:
        if asked is not None and (asked.state is RequestState.DONE or asked.tick_id is not None):
            return asked
        if asked is not None and asked.state in {RequestState.BUSY, RequestState.WITHDRAWN}:
            async with self._context.database.writing() as connection:
                await self._came_to_nothing(connection)
            return self._busy() if asked.state is RequestState.BUSY else await self._not_taken()
        return EvaluatorUnavailable(
            message=f"The evaluator that took {self._sensor.name!r} up did not answer; is it still running?"
        )


async def _ask(
    info: Info, mutation: str, given: EvaluateSensorInput | TickSensorInput, ask: Callable[[Any, UUID], Awaitable[UUID]]
) -> tuple[Sensor | None, AskedEvaluation | MutationError]:
    """Ask for an evaluation and wait for the answer, or for the answer to the twin that went before."""
    sensor = await info.context.loaders.sensor.load(ids.decode_uuid("Sensor", given.sensor_id))
    if sensor is None:
        return None, no_sensor(given.sensor_id)
    key = sensor.facts.id

    async def effect(connection: Any) -> UUID | MutationError:
        if sensor.facts.loaded:
            return await ask(connection, key)
        message = f"The code location of {sensor.name!r} does not define it any more; it cannot be evaluated."
        return WrongState(message=message, path=["sensorId"])

    request_id = await once(info.context, mutation, given, UUID, effect, alone=True)
    if isinstance(request_id, MutationError):
        return sensor, request_id
    return sensor, await _Wait(info.context, given, sensor, request_id).answer()


async def _previewed(info: Info, sensor_id: UUID, evaluation: domain.Evaluation) -> list[RunRequest]:
    """Return the run requests of a test, told apart by whether a run has their key already, here or before."""
    keys = [request.run_key for request in evaluation.run_requests if request.run_key is not None]
    async with info.context.database.reading() as connection:
        spent: dict[str, UUID | None] = {**await run_keys.holders(connection, sensor_id, keys)}
    previewed = []
    for request in evaluation.run_requests:
        repeats = request.run_key is not None and request.run_key in spent
        outcome = RunRequestOutcome.DUPLICATE if repeats else RunRequestOutcome.PREVIEWED
        run_id = spent[request.run_key] if repeats and request.run_key is not None else None
        previewed.append(run_request(request, sensor_id, outcome, run_id))
        if request.run_key is not None:
            spent.setdefault(request.run_key, None)
    return previewed


async def _evaluation(info: Info, sensor: Sensor, answer: Answer) -> Evaluation:
    async with info.context.database.reading() as connection:
        done, changes = await partition_verdicts.preview(connection, answer.evaluation)
    moves = done.cursor_set and done.error is None
    return Evaluation(
        cursor_before=answer.cursor_before,
        cursor_after=done.cursor if moves else answer.cursor_before,
        cursor_version=answer.cursor_version,
        run_requests=await _previewed(info, sensor.facts.id, done),
        skip_reason=done.skip_reason,
        error=error_info(done.error),
        partition_changes=[partition_change(change) for change in changes],
        logs=[log_record(line) for line in done.logs],
        duration_seconds=done.duration_seconds,
    )


@strawberry.type
class EvaluationMutations:
    """Fields of Mutation."""

    @mutation("Test a sensor: user code runs, nothing is recorded or launched.")
    async def evaluate_sensor(
        self,
        info: Info,
        input: Annotated[EvaluateSensorInput, strawberry.argument(description="Which sensor, from where.")],  # noqa: A002
    ) -> EvaluateSensorPayload:
        """Ask an evaluator and show what it answers."""
        use_current = input.use_current_cursor is not False and input.cursor is None
        run_id = None if input.run_id is None else ids.decode_uuid("Run", input.run_id)

        async def ask(connection: Any, key: UUID) -> UUID:
            since = input.last_tick_finished_at
            kind = RequestKind.PREVIEW
            told = telling(info.context)
            return await evaluation_requests.ask(
                connection, key, kind, input.cursor, use_current, since, run_id, attempt=told, trace=asked_by()
            )

        sensor, asked = await _ask(info, "evaluateSensor", input, ask)
        if sensor is None or isinstance(asked, MutationError):
            return EvaluateSensorPayload(errors=[asked] if isinstance(asked, MutationError) else [])
        assert asked.answer is not None
        return EvaluateSensorPayload(evaluation=await _evaluation(info, sensor, asked.answer), errors=[])

    @mutation("Tick a sensor now, also a stopped one: recorded and launched like any tick.")
    async def tick_sensor(
        self,
        info: Info,
        input: Annotated[TickSensorInput, strawberry.argument(description="Which sensor.")],  # noqa: A002
    ) -> TickSensorPayload:
        """Ask an evaluator and show the tick."""

        async def ask(connection: Any, key: UUID) -> UUID:
            kind, told = RequestKind.TICK, telling(info.context)
            return await evaluation_requests.ask(connection, key, kind, None, True, attempt=told, trace=asked_by())

        _, asked = await _ask(info, "tickSensor", input, ask)
        if isinstance(asked, MutationError):
            return TickSensorPayload(errors=[asked])
        assert asked.tick_id is not None
        info.context.renew()
        return TickSensorPayload(tick=await info.context.loaders.tick.load(asked.tick_id), errors=[])
