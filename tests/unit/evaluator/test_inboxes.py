"""The law of reactions: whatever fails, crashes or is cut off, each event is handled once, in the order of its key."""

import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import hypothesis.strategies as st
from hypothesis import given, settings

from vedette.domain.catalog import RunMonitor, SensorKind, SensorSpec, SensorStatus
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.positions import EventPosition, parsed_position
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.runs import Run, RunStatus
from vedette.domain.ticks import Evaluation
from vedette.evaluator import inboxes
from vedette.evaluator.inboxes import Batch, Inbox, Waiting
from vedette.evaluator.reacting import parts
from vedette.storage.runs.run_happenings import RunHappening
from vedette.storage.sensors.due import DueSensor
from vedette.storage.ticks.verdicts import SensorState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATE = SensorState(True, SensorStatus.RUNNING, None, None, None, 0, None, None, None)


def a_sensor(attempts: int) -> DueSensor:
    spec = SensorSpec("alarm", SensorKind.RUN_STATUS, monitors=RunMonitor(RunStatus.FAILURE, attempts=attempts))
    return DueSensor(new_id(), "here", 0, spec, STATE)


# A change: its job, and how often the sensor fails with it; None concerns another status.
Change = tuple[str, int] | None
CHANGES = st.lists(
    st.one_of(st.none(), st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0, 0, 1, 2, 5]))), max_size=40
)


def happenings(changes: list[Change]) -> list[RunHappening]:
    return [
        RunHappening(
            position, NOW, uuid.UUID(int=position), RunStatus.FAILURE if change else RunStatus.SUCCESS, "here",
            change[0] if change else "a",
        )
        for position, change in enumerate(changes, start=1)
    ]  # fmt: skip


def an_event(one: Waiting) -> SensorEvent:
    job = one.key.partition("/")[2]
    run = Run(uuid.UUID(int=one.change.position), "here", job, RunStatus.FAILURE, NOW)
    told = RunEvent(NOW, RunEventKind.RUN_FAILURE)
    return SensorEvent(one.change.position, one.key, one.attempt, NOW, run, RunStatus.FAILURE, told)


class World:
    """A sensor, its stream, and what is recorded of it."""

    def __init__(self, changes: list[Change], attempts: int) -> None:
        self.sensor = a_sensor(attempts)
        self.changes = changes
        self.stream = happenings(changes)
        self.cursor = EventPosition(0)
        self.recorded: list[Reaction] = []
        self.now = NOW
        self.inbox = self.opened(0)

    def opened(self, tail: int) -> Inbox:
        inbox = Inbox(self.cursor, self.sensor)
        inbox.take_in([one for one in self.stream if inbox.scanned < one.position <= tail], tail)
        return inbox

    def evaluate(self, batch: Batch, most: int) -> tuple[list[SensorEvent], Evaluation]:
        """Handle events as a host does: at most so many, and none of a key that has failed."""
        events = [an_event(one) for one in batch.waiting]
        failed: set[str] = set()
        reactions: list[Reaction] = []
        for event in events:
            if len(reactions) == most:
                break
            if event.key in failed:
                continue
            change = self.changes[event.position - 1]
            assert change is not None
            error = ErrorInfo("ValueError", "no") if event.attempt <= change[1] else None
            if error is not None:
                failed.add(event.key)
            outcome = ReactionOutcome.FAILED if error else ReactionOutcome.REACTED
            reactions.append(Reaction(event.position, outcome, event.attempt, error=error))
        return events, Evaluation(reactions=tuple(reactions))

    def step(self, tail: int, most: int, recorded: int, crash: bool, at_once: int) -> None:
        """Evaluate once; of the ticks that it makes only the first `recorded` are committed."""
        self.inbox.take_in([one for one in self.stream if self.inbox.scanned < one.position <= tail], tail)
        batch = self.inbox.batch(self.now, at_once)
        events, evaluation = self.evaluate(batch, most)
        for part, _ in parts(batch, events, evaluation, self.now, FailurePolicy())[:recorded]:
            self.recorded += part.reactions
            if part.cursor_set:
                position = parsed_position(part.cursor)
                assert position is not None
                self.cursor = position
        if crash or not self.inbox.move(self.cursor):
            self.inbox = self.opened(tail)

    def settled(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for one in self.recorded:
            if one.outcome is not ReactionOutcome.FAILED:
                change = self.changes[one.position - 1]
                assert change is not None
                found[change[0]].append(one.position)
        return found


STEPS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(0, 4), st.booleans(), st.integers(1, 8)), max_size=12
)


def _lived(changes: list[Change], steps: list[tuple[int, int, int, bool, int]], attempts: int) -> World:
    world = World(changes, attempts)
    tail = 0
    for more, most, recorded, crash, at_once in steps:
        tail = min(len(changes), tail + more)
        world.step(tail, most, recorded, crash, at_once)
        world.now += timedelta(seconds=1)
    # Now nothing disturbs it any more.
    for _ in range(400):
        if world.cursor.position >= tail == len(changes) and not world.inbox.has_work(world.now + timedelta(days=1)):
            break
        tail = len(changes)
        world.step(tail, 100, 100, False, 100)
        world.now += timedelta(seconds=3)
    return world


@settings(max_examples=400)
@given(CHANGES, STEPS, st.booleans(), st.sampled_from([1, 3]))
def test_each_event_is_handled_once_and_in_the_order_of_its_key(
    changes: list[Change], steps: list[tuple[int, int, int, bool, int]], cramped: bool, attempts: int
) -> None:
    most_waiting, most_behind = (4, 2) if cramped else (5000, 1000)
    with patch.multiple(inboxes, MOST_WAITING=most_waiting, MOST_BEHIND=most_behind):
        world = _lived(changes, steps, attempts)
    expected: dict[str, list[int]] = defaultdict(list)
    for position, change in enumerate(changes, start=1):
        if change is not None:
            expected[change[0]].append(position)
    assert world.settled() == expected
    for one in world.recorded:
        change = changes[one.position - 1]
        assert change is not None
        given_up = one.outcome is ReactionOutcome.GIVEN_UP
        assert given_up == (one.error is not None and one.attempt == attempts)
