"""One evaluation of a sensor."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import TypeVar

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.definitions import Definitions
from vedette.authoring.retry_after import retry_after_of
from vedette.authoring.sensors import SensorDefinition
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.execution.capture import CURRENT, Capture
from vedette.execution.collecting import TAKEN_AT_ONCE, Collected, Unfinished
from vedette.execution.errors import describe
from vedette.execution.outcomes import outcome_of
from vedette.execution.redirection import redirect
from vedette.execution.resolving import resolve

MAX_LOG_RECORDS = 1000
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
    ) -> None:
        """Prepare the call; user code begins with `begin`."""
        self.sensor = sensor
        self.context = context
        self.definitions = definitions
        self.collected = Collected(sensor.name)
        self._on_begin = on_begin
        self._began_at = 0.0

    def begin(self) -> Unfinished | None:
        """Call the function and take what it returns; return what needs a loop to be finished, if anything does."""
        self._began_at = time.perf_counter()
        self._on_begin()
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

    def begin_and_end(self) -> Evaluation | Unfinished:
        """Do both where no loop is needed."""
        unfinished = self.begin()
        return self.end() if unfinished is None else unfinished

    @property
    def duration_seconds(self) -> float:
        """Return how long ago the function was called, 0.0 if it was not."""
        return time.perf_counter() - self._began_at if self._began_at else 0.0


class Call:
    """One evaluation as a host makes it, all that user code says meanwhile captured.

    `on_begin` is called right before user code begins and `on_log` with each record as it is logged, both in the
    thread that this happens in. There are at most 1000 records and a last one that says so. Whatever the function does
    wrong is the Evaluation's error. Raises DefinitionError where there is no such sensor.
    """

    def __init__(
        self,
        definitions: Definitions,
        instruction: EvaluationInstruction,
        on_begin: Callable[[], None],
        on_log: Callable[[LogRecord], None],
    ) -> None:
        """Prepare the call: `in_thread` for a sync function, `in_loop` for an async one."""
        sensor = definitions.get_sensor_def(instruction.sensor_name)
        self.is_async = sensor.is_async
        self.logs: list[LogRecord] = []
        self._on_log = on_log
        self._capture = Capture(self._deliver, MAX_LOG_RECORDS)
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        context = SensorEvaluationContext(
            sensor.name,
            instruction.cursor,
            last.timestamp() if last else None,
            started.timestamp() if started else None,
            self._capture.add_logged,
        )
        self._attempt = Attempt(sensor, context, definitions, on_begin)
        self._unfinished: Unfinished | None = None

    def in_thread(self) -> Evaluation | None:
        """Call a sync function to its end; None where it handed back what needs a loop, and `in_loop` is to go on.

        Both are to be called in one context (of contextvars) that is this evaluation's own.
        """
        redirect()
        CURRENT.set(self._capture)
        try:
            answer = self._attempt.begin_and_end()
        except BaseException as exception:
            answer = failed(exception)
        if not isinstance(answer, Evaluation):
            self._unfinished = answer
            return None
        return self._finished(answer)

    async def in_loop(self, executor: Executor | None) -> Evaluation:
        """Call an async function in this task, or go on with what a sync one has handed back, to the end.

        It is cancelled with the task: then, and only then, CancelledError is raised. What may block is done in a
        thread of `executor`, which a cancellation leaves running.
        """
        redirect()
        CURRENT.set(self._capture)
        try:
            unfinished = self._unfinished or self._attempt.begin()
            evaluation = await finish(self._attempt, unfinished, executor)
        except GeneratorExit:
            self._capture.close()
            raise
        except Raised as raised:
            evaluation = failed(raised.exception)
        except BaseException as exception:
            if is_cancelled(exception):
                self._capture.close()
                raise
            evaluation = failed(exception)
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
