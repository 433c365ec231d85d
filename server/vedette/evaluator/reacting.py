"""What an evaluation made of its events, as the ticks to record. Pure.

Each event stands for itself: those that went well in a row make one tick, one that failed makes a tick of its own.
Recorded one after another, each tick moves the cursor past its events; so a crash between two repeats nothing that is
recorded, and leaves nothing out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.positions import EventPosition, Hold
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.ticks import Evaluation
from vedette.evaluator.cleaning import storable
from vedette.evaluator.inboxes import Batch

# What doubles from attempt to attempt, in seconds.
RETRY_SECONDS = 1.0
NOTHING_NEW = "Nothing that concerns it has happened since."
# Positions that may lie between a quiet sensor's cursor and the end of the stream: less is not worth a write.
WORTH_MOVING = 1000


class Part(NamedTuple):
    """One tick to record; `fallback` is what it is, but for the error, if something that it asks for is refused."""

    evaluation: Evaluation
    fallback: Evaluation | None = None


def parts(
    batch: Batch, events: Sequence[SensorEvent], evaluation: Evaluation, now: datetime, policy: FailurePolicy
) -> list[Part]:
    """Return the ticks that the evaluation of `events`, those of `batch`, comes to: at least one."""
    if not events:
        return [Part(_quiet(batch, evaluation, now))]
    return _Split(batch, events, now, policy).of(evaluation)


def _quiet(batch: Batch, evaluation: Evaluation, now: datetime) -> Evaluation:
    position = batch.start.moved_to(batch.end)
    worth = evaluation.error is None and position.position - batch.start.position >= WORTH_MOVING
    return msgspec.structs.replace(
        evaluation,
        skip_reason=None if evaluation.error else evaluation.skip_reason or NOTHING_NEW,
        cursor_set=worth,
        cursor=position.text if worth else None,
        due_within_seconds=position.due_within(now),
    )


def as_one(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation of events, of which nothing is recorded, as one: it fails where one of its events does."""
    error = next((one.error for one in evaluation.reactions if one.error is not None), evaluation.error)
    if error is not None:
        return msgspec.structs.replace(evaluation, error=error, run_requests=())
    if evaluation.run_requests or evaluation.reaction_count:
        return evaluation
    reasons = dict.fromkeys(one.skip_reason for one in evaluation.reactions if one.skip_reason)
    return msgspec.structs.replace(evaluation, skip_reason="; ".join(reasons) or evaluation.skip_reason)


class _Split:
    """Cuts one evaluation into its ticks."""

    def __init__(self, batch: Batch, events: Sequence[SensorEvent], now: datetime, policy: FailurePolicy) -> None:
        self._batch = batch
        self._events = events
        self._now = now
        self._policy = policy
        self._position = batch.start
        self._last = {event.key: event.position for event in events}
        self._failed: set[str] = set()
        self._good: list[Evaluation] = []
        # What the first of these is, should it be refused.
        self._fallback: Evaluation | None = None
        self._parts: list[Part] = []

    def of(self, evaluation: Evaluation) -> list[Part]:
        singles = {one.reactions[0].position: storable(one) for one in _singles(evaluation, self._events)}
        for event in self._events:
            if event.key in self._failed:
                continue
            if (single := singles.get(event.position)) is None:
                break
            self._take(event, single)
        else:
            self._position = self._position.moved_to(self._batch.end)
        self._end_good()
        if self._parts:
            last = self._parts[-1]
            self._parts[-1] = last._replace(evaluation=self._at(last.evaluation, self._position))
        # Nothing was handled after all: all of it waits as before.
        reason = evaluation.skip_reason or NOTHING_NEW
        nothing = Evaluation(skip_reason=reason, logs=evaluation.logs, due_within_seconds=0.0)
        return self._parts or [Part(nothing)]

    def _take(self, event: SensorEvent, single: Evaluation) -> None:
        if single.error is not None:
            self._end_good()
            self._failed.add(event.key)
            part, self._position = self._failure(event, single)
            self._parts.append(Part(part))
            return
        if _may_be_refused(single):
            self._end_good()
        if not self._good:
            self._fallback = self._failure(event, Evaluation())[0]
        self._position = self._passed(event)
        self._good.append(msgspec.structs.replace(single, reactions=(_of(event, single),)))
        if _may_be_refused(single):
            self._end_good()

    def _failure(self, event: SensorEvent, single: Evaluation) -> tuple[Evaluation, EventPosition]:
        given_up = event.attempt >= self._batch.attempts or not self._position.can_hold(event.key)
        position = self._given_up(event) if given_up else self._held(event, single)
        outcome = ReactionOutcome.GIVEN_UP if given_up else ReactionOutcome.FAILED
        reaction = msgspec.structs.replace(_of(event, single), outcome=outcome, error=single.error)
        part = msgspec.structs.replace(
            single, reactions=(reaction,), run_requests=(), asset_events=(), partition_changes=()
        )
        return self._at(part, position), position

    def _passed(self, event: SensorEvent) -> EventPosition:
        position = self._position.passed(event.key, event.position)
        is_last = event.key in self._batch.drained and event.position == self._last[event.key]
        return position.without(event.key) if is_last else position

    def _given_up(self, event: SensorEvent) -> EventPosition:
        """Pass it; what comes after it in the batch was not handled, and waits behind."""
        if event.position != self._last[event.key]:
            return self._position.holding(event.key, Hold(event.position + 1)).moved_to(event.position)
        return self._passed(event)

    def _held(self, event: SensorEvent, single: Evaluation) -> EventPosition:
        seconds = single.retry_after_seconds
        if seconds is None:
            seconds = self._policy.delay_seconds(event.attempt, RETRY_SECONDS)
        return self._position.failed(event.key, event.position, event.attempt, self._now, seconds)

    def _end_good(self) -> None:
        if self._good:
            # Of several it could not be told which is to blame: they come again one by one.
            fallback = self._fallback if len(self._good) == 1 else None
            self._parts.append(Part(self._at(_merged(self._good), self._position), fallback))
            self._good = []

    def _at(self, part: Evaluation, position: EventPosition) -> Evaluation:
        due = position.due_within(self._now)
        return msgspec.structs.replace(
            part, cursor_set=True, cursor=position.text, due_within_seconds=due, retry_after_seconds=None
        )


def _may_be_refused(single: Evaluation) -> bool:
    return bool(single.partition_changes) or any(request.needed_keys for request in single.run_requests)


def _singles(evaluation: Evaluation, events: Sequence[SensorEvent]) -> Iterator[Evaluation]:
    """Take the evaluation apart by event; an error of all of it is that of the first event without a reaction."""
    request, line, told, changed = 0, 0, 0, 0
    reactions = evaluation.reactions
    for number, reaction in enumerate(reactions):
        lines = None if number == len(reactions) - 1 and evaluation.error is None else line + reaction.lines
        yield Evaluation(
            run_requests=evaluation.run_requests[request : request + reaction.requested],
            skip_reason=reaction.skip_reason,
            error=reaction.error,
            retry_after_seconds=reaction.retry_after_seconds,
            logs=evaluation.logs[line:lines],
            asset_events=evaluation.asset_events[told : told + reaction.told],
            partition_changes=evaluation.partition_changes[changed : changed + reaction.changed],
            reactions=(reaction,),
        )
        request += reaction.requested
        line += reaction.lines
        told += reaction.told
        changed += reaction.changed
    if evaluation.error is not None:
        handled = {reaction.position for reaction in reactions}
        culprit = next((event for event in events if event.position not in handled), events[-1])
        yield Evaluation(
            error=evaluation.error,
            retry_after_seconds=evaluation.retry_after_seconds,
            logs=evaluation.logs[line:],
            reactions=(Reaction(culprit.position, ReactionOutcome.FAILED),),
        )


def _of(event: SensorEvent, single: Evaluation) -> Reaction:
    """Return the reaction to `event` as it is to be recorded."""
    reaction = single.reactions[0] if single.reactions else Reaction(event.position, ReactionOutcome.FAILED)
    return Reaction(
        reaction.position,
        reaction.outcome,
        event.attempt,
        event.run.id if event.run else None,
        event.status,
        event.asset.event.key if event.asset else None,
        skip_reason=reaction.skip_reason,
        error=reaction.error,
    )


def _merged(singles: Sequence[Evaluation]) -> Evaluation:
    requests = tuple(request for one in singles for request in one.run_requests)
    reactions = tuple(reaction for one in singles for reaction in one.reactions)
    merged = Evaluation(
        run_requests=requests,
        logs=tuple(line for one in singles for line in one.logs),
        reactions=reactions,
        asset_events=tuple(told for one in singles for told in one.asset_events),
        partition_changes=tuple(change for one in singles for change in one.partition_changes),
    )
    if requests or merged.reaction_count:
        return merged
    reasons = list(dict.fromkeys(one.skip_reason for one in reactions if one.skip_reason))
    return msgspec.structs.replace(merged, skip_reason="; ".join(reasons) or None)
