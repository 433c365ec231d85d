"""One evaluation of a sensor that reacts to events: its function is called for each, one after another.

Each event stands for itself: what the function does wrong with one is that one's error, and the next one's turn
comes all the same, unless it is of the same key: the order within a key is kept, so these wait.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from vedette.authoring.definitions import Definitions
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.reacting_sensors import KEPT_CURSOR, ReactingSensorDefinition
from vedette.domain.assets import AssetEvent
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.partitions import PartitionChange
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.errors import InvalidResult
from vedette.execution.capture import CURRENT, Capture
from vedette.execution.collecting import Unfinished
from vedette.execution.evaluation import LOG_LIMIT, Attempt, failed, scope_of
from vedette.execution.outcomes import EMPTY
from vedette.execution.redirection import redirect
from vedette.execution.resource_drivers import CallAsync, ThreadDriver
from vedette.execution.resource_scopes import SharedResources

# No event begins later than this after the first: what was made of those before is recorded, and the rest come again.
ENOUGH_SECONDS = 0.2

# Takes what became of an event, with all that it asks for.
OnReaction = Callable[[Reaction, Evaluation], None]


class ReactingCall:
    """The evaluation of events as a host makes it; see `Call`, which it stands in for.

    `on_begin` is called before each event, `on_reaction` after each but the last.
    """

    def __init__(
        self,
        definitions: Definitions,
        sensor: ReactingSensorDefinition,
        instruction: EvaluationInstruction,
        on_begin: Callable[[], None],
        on_log: Callable[[LogRecord], None],
        on_reaction: OnReaction,
        shared: SharedResources | None = None,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Prepare the calls: `in_thread` for a sync function, `in_loop` for an async one."""
        self.is_async = sensor.is_async
        self.logs: list[LogRecord] = []
        self._definitions = definitions
        self._sensor = sensor
        self._instruction = instruction
        self._on_begin = on_begin
        self._on_log = on_log
        self._on_reaction = on_reaction
        self._shared = shared
        self._instance = instance
        self._capture = Capture(self._deliver, LOG_LIMIT)
        self._reactions: list[Reaction] = []
        self._requests: list[RequestedRun] = []
        self._asset_events: list[AssetEvent] = []
        self._partition_changes: list[PartitionChange] = []
        self._lines = 0
        self._began_at = time.perf_counter()
        self._failed: set[str] = set()
        self._events = self._next_events()
        self._unfinished: tuple[SensorEvent, Attempt, Unfinished] | None = None

    def in_thread(self, call_async: CallAsync) -> Evaluation | None:
        """Call a sync function for each event; None where it handed back what needs a loop, and `in_loop` goes on."""
        redirect()
        CURRENT.set(self._capture)
        driver = ThreadDriver(call_async)
        for event in self._events:
            attempt = self._attempt(event)
            answer = attempt.in_thread(driver)
            if not isinstance(answer, Evaluation):
                self._unfinished = event, attempt, answer
                return None
            self._reacted(event, answer)
        return self._finished()

    async def in_loop(self, executor: Executor | None) -> Evaluation:
        """Call an async function for each event in this task, or go on with what a sync one has handed back."""
        redirect()
        CURRENT.set(self._capture)
        try:
            if self._unfinished is not None:
                event, attempt, unfinished = self._unfinished
                self._reacted(event, await _ended(attempt, unfinished, executor))
            for event in self._events:
                self._reacted(event, await _ended(self._attempt(event), None, executor))
        except (asyncio.CancelledError, GeneratorExit):
            self._capture.close()
            raise
        return self._finished()

    def stopped(self, error: ErrorInfo, duration_seconds: float) -> Evaluation:
        """Return what there is of an evaluation that does not come to its own end: the next event is the cause."""
        return Evaluation(
            error=error,
            logs=tuple(self.logs),
            duration_seconds=duration_seconds,
            reactions=tuple(self._reactions),
            run_requests=tuple(self._requests),
            asset_events=tuple(self._asset_events),
            partition_changes=tuple(self._partition_changes),
        )

    def _next_events(self) -> Iterator[SensorEvent]:
        for event in self._instruction.events or ():
            if self._reactions and time.perf_counter() - self._began_at > ENOUGH_SECONDS:
                return
            if event.key not in self._failed:
                yield event

    def _attempt(self, event: SensorEvent) -> Attempt:
        context = self._sensor.context_of(event, self._instruction, self._capture.add_logged)
        context.use_instance(self._instance)
        scope = scope_of(self._sensor, self._definitions, self._capture, self._shared)
        return Attempt(self._sensor, context, self._definitions, self._on_begin, scope)

    def _reacted(self, event: SensorEvent, answer: Evaluation) -> None:
        if answer.cursor_set:
            answer = failed(InvalidResult(KEPT_CURSOR))
        reaction = reaction_of(event, answer, len(self.logs) - self._lines)
        self._lines = len(self.logs)
        if reaction.has_failed:
            self._failed.add(event.key)
        self._reactions.append(reaction)
        self._requests.extend(answer.run_requests)
        self._asset_events.extend(answer.asset_events)
        self._partition_changes.extend(answer.partition_changes)
        if event is not (self._instruction.events or (event,))[-1]:
            self._on_reaction(reaction, answer)

    def _deliver(self, record: LogRecord) -> None:
        self.logs.append(record)
        self._on_log(record)

    def _finished(self) -> Evaluation:
        self._capture.close()
        return Evaluation(
            run_requests=tuple(self._requests),
            logs=tuple(self.logs),
            duration_seconds=time.perf_counter() - self._began_at,
            reactions=tuple(self._reactions),
            asset_events=tuple(self._asset_events),
            partition_changes=tuple(self._partition_changes),
        )


async def _ended(attempt: Attempt, unfinished: Unfinished | None, executor: Executor | None) -> Evaluation:
    """Return what the call for one event came to; raises CancelledError only where the evaluation is cancelled."""
    answer = await attempt.in_loop(executor, unfinished)
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        # User code has swallowed it: the event is not handled, and no other is to begin.
        raise asyncio.CancelledError
    return answer


def reaction_of(event: SensorEvent, answer: Evaluation, lines: int) -> Reaction:
    """Return what the evaluation of one event made of it."""
    return Reaction(
        position=event.position,
        outcome=_outcome(answer),
        attempt=event.attempt,
        requested=len(answer.run_requests),
        told=len(answer.asset_events),
        changed=len(answer.partition_changes),
        lines=lines,
        skip_reason=answer.skip_reason if _outcome(answer) is ReactionOutcome.SKIPPED else None,
        error=answer.error,
        retry_after_seconds=answer.retry_after_seconds,
    )


def _outcome(answer: Evaluation) -> ReactionOutcome:
    if answer.error is not None:
        return ReactionOutcome.FAILED
    if answer.run_requests:
        return ReactionOutcome.REQUESTED
    return ReactionOutcome.REACTED if answer.skip_reason in (None, EMPTY) else ReactionOutcome.SKIPPED
