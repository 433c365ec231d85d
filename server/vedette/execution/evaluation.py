"""One evaluation of a sensor."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import TypeVar

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.definitions import Definitions
from vedette.authoring.instance.asking import SHARED_LOOP
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.retry_after import retry_after_of
from vedette.authoring.sensors import SensorDefinition
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.execution.capture import CURRENT, Capture, LogLimit
from vedette.execution.collecting import TAKEN_AT_ONCE, Collected, Unfinished
from vedette.execution.errors import describe
from vedette.execution.outcomes import outcome_of
from vedette.execution.redirection import redirect
from vedette.execution.resolving import resolve
from vedette.execution.resource_drivers import CallAsync, Driver, LoopDriver, ThreadDriver, driven
from vedette.execution.resource_scopes import ResourceScope, SharedResources

# Of one evaluation: about what a page of the interface can show, and far below what a frame holds.
LOG_LIMIT = LogLimit(lines=1000, bytes=1024 * 1024)
# Checking more requests than this takes long enough to be felt on a loop that serves other evaluations.
_MANY = 100

Result = TypeVar("Result")


class Attempt:
    """One call of a sensor's function, from its beginning to an Evaluation."""

    def __init__(
        self,
        sensor: SensorDefinition,
        context: SensorEvaluationContext,
        definitions: Definitions | None,
        on_begin: Callable[[], None],
        scope: ResourceScope | None = None,
    ) -> None:
        """Prepare the call; user code begins with `begin`. Without a `scope` the context has its resources already."""
        self.sensor = sensor
        self.context = context
        self.definitions = definitions
        self.collected = Collected(sensor.name)
        self._scope = scope
        self._on_begin = on_begin
        if definitions is not None:
            context.belongs_to(definitions)
        self._began_at = 0.0

    def in_thread(self, driver: ThreadDriver) -> Evaluation | Unfinished:
        """Make the call in this thread; what it handed back where that needs a loop, and `in_loop` is to go on."""
        try:
            driven(self.prepare(driver))
            unfinished = self.begin()
            if unfinished is not None:
                return unfinished
            evaluation = self.end()
        except BaseException as exception:
            evaluation = failed(exception)
        return driven(self._conclude(evaluation, driver))

    async def in_loop(self, executor: Executor | None, unfinished: Unfinished | None = None) -> Evaluation:
        """Make the call in this task, or go on with what is unfinished, to the end.

        It is cancelled with the task: then, and only then, CancelledError is raised, after the resources are torn
        down. What may block is done in a thread of `executor`, which a cancellation leaves running.
        """
        driver = LoopDriver(executor)
        SHARED_LOOP.set(asyncio.get_running_loop())
        try:
            if unfinished is None:
                await self.prepare(driver)
                unfinished = self.begin()
            evaluation = await finish(self, unfinished, executor)
        except GeneratorExit:
            raise
        except Raised as raised:
            evaluation = failed(raised.exception)
        except BaseException as exception:
            evaluation = failed(exception)
            if is_cancelled(exception):
                await self._conclude(evaluation, driver)
                raise
        return await self._conclude(evaluation, driver)

    async def prepare(self, driver: Driver) -> None:
        """Build the resources; the evaluation begins with this."""
        self._began_at = time.perf_counter()
        self._on_begin()
        if self._scope is not None:
            self.context.provide(await self._scope.open(driver))

    def begin(self) -> Unfinished | None:
        """Call the function and take what it returns; return what needs a loop to be finished, if anything does."""
        return self.collected.take(self.sensor.call(self.context))

    def end(self) -> Evaluation:
        """Return what a call that ended came to; raises InvalidResult for contradictions and bad requests."""
        outcome = outcome_of(self.collected, self.context)
        requests = resolve(self.sensor, outcome.run_requests, self.definitions) if outcome.run_requests else ()
        return Evaluation(
            run_requests=requests,
            skip_reason=outcome.skip_reason,
            cursor_set=outcome.cursor_set,
            cursor=outcome.cursor,
            asset_events=outcome.asset_events,
            partition_changes=outcome.partition_changes,
        )

    async def _conclude(self, evaluation: Evaluation, driver: Driver) -> Evaluation:
        """Tear the resources down; where that fails, so does an evaluation that has not failed already."""
        if self._scope is None or (error := await self._scope.close(driver)) is None:
            return evaluation
        if evaluation.error is None:
            return failed(error)
        self.context.log.error("A resource could not be torn down.", exc_info=error)
        return evaluation

    @property
    def duration_seconds(self) -> float:
        """Return how long ago the function was called, 0.0 if it was not."""
        return time.perf_counter() - self._began_at if self._began_at else 0.0


class Call:
    """One evaluation as a host makes it, all that user code says meanwhile captured.

    `on_begin` is called right before user code begins and `on_log` with each record as it is logged, both in the
    thread that this happens in. There are at most 1000 records of 1 MiB in all, and two more that say what was
    dropped. Whatever the function does wrong is the Evaluation's error. Raises DefinitionError where there is no such
    sensor.
    """

    def __init__(
        self,
        definitions: Definitions,
        instruction: EvaluationInstruction,
        on_begin: Callable[[], None],
        on_log: Callable[[LogRecord], None],
        shared: SharedResources | None = None,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Prepare the call: `in_thread` for a sync function, `in_loop` for an async one.

        `shared` has the resources that live as long as this process; without it they end with the call.
        """
        sensor = definitions.get_sensor_def(instruction.sensor_name)
        self.is_async = sensor.is_async
        self.logs: list[LogRecord] = []
        self._on_log = on_log
        self._capture = Capture(self._deliver, LOG_LIMIT)
        context = sensor.new_context(instruction, self._capture.add_logged)
        context.use_instance(instance)
        scope = scope_of(sensor, definitions, self._capture, shared)
        self._attempt = Attempt(sensor, context, definitions, on_begin, scope)
        self._unfinished: Unfinished | None = None

    def in_thread(self, call_async: CallAsync) -> Evaluation | None:
        """Call a sync function to its end; None where it handed back what needs a loop, and `in_loop` is to go on.

        Both are to be called in one context (of contextvars) that is this evaluation's own. `call_async` has the loop
        await something, and blocks until that is done.
        """
        redirect()
        CURRENT.set(self._capture)
        answer = self._attempt.in_thread(ThreadDriver(call_async))
        if not isinstance(answer, Evaluation):
            self._unfinished = answer
            return None
        return self._finished(answer)

    async def in_loop(self, executor: Executor | None) -> Evaluation:
        """Call an async function in this task, or go on with what a sync one has handed back, to the end.

        It is cancelled with the task: then, and only then, CancelledError is raised, after the resources are torn down.
        """
        redirect()
        CURRENT.set(self._capture)
        try:
            evaluation = await self._attempt.in_loop(executor, self._unfinished)
        except BaseException:
            self._capture.close()
            raise
        return self._finished(evaluation)

    def stopped(self, error: ErrorInfo, duration_seconds: float) -> Evaluation:
        """Return what there is of an evaluation that does not come to its own end."""
        return Evaluation(error=error, logs=tuple(self.logs), duration_seconds=duration_seconds)

    def _deliver(self, record: LogRecord) -> None:
        self.logs.append(record)
        self._on_log(record)

    def _finished(self, evaluation: Evaluation) -> Evaluation:
        self._capture.close()
        return finished(evaluation, tuple(self.logs), self._attempt.duration_seconds)


def scope_of(
    sensor: SensorDefinition, definitions: Definitions, capture: Capture, shared: SharedResources | None
) -> ResourceScope | None:
    """Return the scope of the resources that `sensor` needs, None where it needs none."""
    if not sensor.required_resource_keys:
        return None
    keys, owner = sensor.required_resource_keys, f'Sensor "{sensor.name}"'
    return ResourceScope(definitions.resource_registry, keys, owner, capture.add_logged, shared=shared)


def failed(exception: BaseException) -> Evaluation:
    """Return what an evaluation came to that ended with `exception`."""
    return Evaluation(error=describe(exception), retry_after_seconds=retry_after_of(exception))


def finished(evaluation: Evaluation, logs: tuple[LogRecord, ...], duration_seconds: float) -> Evaluation:
    """Return `evaluation` with its logs and duration."""
    return Evaluation(
        run_requests=evaluation.run_requests,
        skip_reason=evaluation.skip_reason,
        error=evaluation.error,
        retry_after_seconds=evaluation.retry_after_seconds,
        cursor_set=evaluation.cursor_set,
        cursor=evaluation.cursor,
        logs=logs,
        duration_seconds=duration_seconds,
        asset_events=evaluation.asset_events,
        partition_changes=evaluation.partition_changes,
    )


async def finish(attempt: Attempt, unfinished: Unfinished | None, executor: Executor | None) -> Evaluation:
    """Bring a call that has begun to its end; raises what user code raises, or `Raised` with it."""
    while unfinished is not None:
        result = await attempt.collected.finish(unfinished)
        unfinished = await _taken(attempt, executor, result)
    if len(attempt.collected.items) > _MANY:
        return await _in_thread(executor, attempt.end)
    return attempt.end()


async def _taken(attempt: Attempt, executor: Executor | None, result: object) -> Unfinished | None:
    if result is None or isinstance(result, TAKEN_AT_ONCE):
        return attempt.collected.take(result)
    # Anything else may be an iterator that runs user code, which must not hold up the loop.
    return await _in_thread(executor, lambda: attempt.collected.take(result))


async def _in_thread(executor: Executor | None, call: Callable[[], Result]) -> Result:
    def called() -> tuple[Result | None, BaseException | None]:
        # A future cannot carry StopIteration, nor may a coroutine raise it: hand exceptions over as values.
        try:
            return call(), None
        except BaseException as exception:
            return None, exception

    loop = asyncio.get_running_loop()
    result, exception = await loop.run_in_executor(executor, copy_context().run, called)
    if exception is not None:
        raise Raised(exception)
    return result  # type: ignore[return-value]  # it is None only where an exception is there, or Result is None


class Raised(Exception):
    """What user code raised in a thread."""

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception


def is_cancelled(exception: BaseException) -> bool:
    """Tell whether the evaluation itself is cancelled, which user code that raises CancelledError does not do."""
    task = asyncio.current_task()
    return isinstance(exception, asyncio.CancelledError) and task is not None and task.cancelling() > 0
