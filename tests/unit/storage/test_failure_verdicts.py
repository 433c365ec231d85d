"""Verdicts on failures: back-off, pause, probe, recovery; and what a person decided stays."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.catalog import SensorStatus
from vedette.domain.failure_policy import FailurePolicy
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause
from vedette.storage.ticks.verdicts import LockedSensor, SensorState, TickRecord, Verdict, decide

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = NOON + timedelta(seconds=2)
RUNNING, STOPPED = SensorStatus.RUNNING, SensorStatus.STOPPED
STATE = SensorState(True, RUNNING, NOON, NOON, "a", 4, None, None, NOON)
PAUSED = msgspec.structs.replace(STATE, status=STOPPED, decided_by_policy=True)
BY_HAND = msgspec.structs.replace(STATE, status=STOPPED)
FAILS = Evaluation(error=ErrorInfo("ValueError", "no such folder\nlook closer"))
SKIPS = Evaluation(skip_reason="Nothing new.")
ASKS = Evaluation((RequestedRun("load"),))
POLICY = FailurePolicy(600.0, 5)


def verdict(
    evaluation: Evaluation,
    failures: int,
    state: SensorState = STATE,
    cause: TickCause = TickCause.INTERVAL,
    before: SensorState | None = None,
) -> Verdict:
    sensor = LockedSensor(new_id(), "inbox", "here", state, 6, None, None, failures, False, None, NOW)
    tick = TickRecord(
        new_id(), sensor.id, 0, 1, cause, NOON, before or state, 30.0, NOON, None, NOW, evaluation, POLICY
    )
    return decide(tick, sensor)


def delay(decided: Verdict) -> float:
    assert decided.next_tick_at is not None
    return (decided.next_tick_at - NOW).total_seconds()


def test_each_failure_doubles_the_delay() -> None:
    assert [0.8 * exact <= delay(verdict(FAILS, n)) <= 1.2 * exact for n, exact in enumerate((30, 60, 120, 240))] == [
        True
    ] * 4


@given(st.floats(0, 86_400), st.integers(0, 3))
def test_a_delay_that_is_asked_for_is_kept_exactly(seconds: float, failures: int) -> None:
    decided = verdict(msgspec.structs.replace(FAILS, retry_after_seconds=seconds), failures)
    assert decided.next_tick_at == NOW + timedelta(seconds=seconds)
    assert decided.failures == failures + 1


def test_what_does_not_fail_ends_the_back_off() -> None:
    for evaluation in (SKIPS, ASKS):
        for cause in (TickCause.INTERVAL, TickCause.MANUAL):
            decided = verdict(evaluation, 4, cause=cause)
            assert (decided.failures, decided.status_change) == (0, None)
            assert delay(decided) <= 30.0


def test_the_last_failure_allowed_pauses_and_says_why() -> None:
    assert verdict(FAILS, 3).status_change is None
    decided = verdict(FAILS, 4)
    assert decided.status_change is not None
    assert decided.status_change.status is STOPPED
    assert decided.status_change.note == (
        "Paused after 5 failures in a row, the last: ValueError: no such folder. It is tried again about every 10 min "
        "and starts again by itself once it does not fail."
    )
    assert 480.0 <= delay(decided) <= 600.0
    assert decided.sensor_changed


def test_a_probe_that_fails_changes_nothing_and_one_that_does_not_starts_it_again() -> None:
    failed = verdict(FAILS, 9, PAUSED)
    assert (failed.status_change, failed.failures) == (None, 10)
    assert 480.0 <= delay(failed) <= 600.0
    for evaluation in (SKIPS, ASKS):
        decided = verdict(evaluation, 9, PAUSED)
        assert decided.status_change is not None
        assert decided.status_change.status is RUNNING
        assert "by itself" in decided.status_change.note
        assert decided.failures == 0
        assert delay(decided) <= 30.0
        assert decided.requests == evaluation.run_requests


def test_a_tick_by_hand_of_what_a_person_stopped_starts_nothing_and_pauses_nothing() -> None:
    for evaluation in (SKIPS, FAILS):
        decided = verdict(evaluation, 9, BY_HAND, TickCause.MANUAL)
        assert (decided.status_change, decided.next_tick_at) == (None, None)


def test_a_persons_stop_while_it_is_probed_wins() -> None:
    stopped = msgspec.structs.replace(BY_HAND, status_at=NOON + timedelta(seconds=1))
    decided = verdict(ASKS, 9, stopped, before=PAUSED)
    assert (decided.status_change, decided.next_tick_at, decided.requests) == (None, None, ())


def test_a_persons_start_while_it_is_probed_is_not_overruled_by_its_success() -> None:
    started = msgspec.structs.replace(STATE, status_at=NOON + timedelta(seconds=1))
    assert verdict(SKIPS, 0, started, before=PAUSED).status_change is None
    # A failure counts from the start on.
    assert verdict(FAILS, 0, started, before=PAUSED).status_change is None
