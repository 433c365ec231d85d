"""Verdicts: what becomes of a tick, over all ways in which its sensor may have changed meanwhile."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.catalog import SensorStatus
from vedette.domain.ids import new_id
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause, TickStatus
from vedette.storage.ticks.verdicts import LockedSensor, SensorState, TickRecord, Verdict, Writing, decide

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BEFORE = SensorState(True, SensorStatus.RUNNING, NOON, NOON, "a", 4, NOON - 30 * SECOND, NOON - 29 * SECOND, NOON)
SENSOR = LockedSensor(new_id(), "inbox", "here", BEFORE, 6, new_id(), None, 2, False, None, NOON + 2 * SECOND)
ASKS = Evaluation((RequestedRun("load"),), cursor_set=True, cursor="b")
QUIET = Evaluation(skip_reason="Nothing new.")
FAILS = Evaluation(error=ErrorInfo("E", "m"))


def tick(
    evaluation: Evaluation | None, cause: TickCause = TickCause.INTERVAL, before: SensorState = BEFORE
) -> TickRecord:
    return TickRecord(new_id(), SENSOR.id, 0, 1, cause, NOON, before, 30.0, NOON, None, NOON + SECOND, evaluation)


def now(**changes: object) -> LockedSensor:
    return msgspec.structs.replace(SENSOR, state=msgspec.structs.replace(BEFORE, **changes))


def launches(verdict: Verdict) -> bool:
    return bool(verdict.requests) or verdict.cursor_changed


def test_an_undisturbed_tick_launches_and_is_due_start_to_start() -> None:
    verdict = decide(tick(ASKS), SENSOR)
    assert (verdict.status, verdict.writing, verdict.number) == (TickStatus.SUCCESS, Writing.INSERT, 7)
    assert launches(verdict)
    assert verdict.cursor_after == "b"
    assert verdict.next_tick_at == NOON + 30 * SECOND
    assert verdict.failures == 0


def test_a_late_tick_is_due_now_and_never_in_the_past() -> None:
    late = msgspec.structs.replace(SENSOR, now=NOON + 95 * SECOND)
    assert decide(tick(QUIET), late).next_tick_at == NOON + 95 * SECOND


@pytest.mark.parametrize(("late", "lost"), [(0.0, 0.0), (2.9, 0.0), (3.1, 3.1), (40.0, 40.0)])
def test_a_small_lateness_does_not_shift_the_beat_and_a_great_one_does(late: float, lost: float) -> None:
    started = msgspec.structs.replace(tick(QUIET), started_at=NOON + late * SECOND)
    sensor = msgspec.structs.replace(SENSOR, now=NOON + late * SECOND)
    assert decide(started, sensor).next_tick_at == NOON + (30 + lost) * SECOND


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"status": SensorStatus.STOPPED, "status_at": NOON + SECOND}, "stopped"),
        ({"started_at": NOON + SECOND, "status_at": NOON + SECOND}, "stopped"),
        ({"loaded": False}, "stopped defining"),
        ({"cursor": "edited", "cursor_version": 5}, "cursor was set"),
    ],
)
@pytest.mark.parametrize("cause", [TickCause.INTERVAL, TickCause.MANUAL])
def test_a_change_meanwhile_wins(changes: dict[str, object], says: str, cause: TickCause) -> None:
    sensor = now(**changes)
    verdict = decide(tick(ASKS, cause), sensor)
    assert (verdict.status, verdict.writing) == (TickStatus.SKIPPED, Writing.INSERT)
    assert says in (verdict.skip_reason or "")
    assert not launches(verdict)
    assert verdict.cursor_after == sensor.state.cursor
    assert verdict.failures == 2
    assert verdict.next_tick_at == (SENSOR.now if sensor.state.is_due_able else None)


def test_a_stopped_sensor_may_tick_by_hand_unless_it_is_stopped_again() -> None:
    stopped = msgspec.structs.replace(BEFORE, status=SensorStatus.STOPPED)
    by_hand = tick(ASKS, TickCause.MANUAL, stopped)
    assert launches(decide(by_hand, msgspec.structs.replace(SENSOR, state=stopped)))
    assert launches(decide(by_hand, now(status=SensorStatus.RUNNING, started_at=NOON + SECOND)))
    again = msgspec.structs.replace(stopped, status_at=NOON + SECOND)
    assert not launches(decide(by_hand, msgspec.structs.replace(SENSOR, state=again)))


def test_a_failure_launches_nothing_keeps_the_cursor_and_counts() -> None:
    verdict = decide(tick(msgspec.structs.replace(FAILS, cursor_set=True, cursor="b")), SENSOR)
    assert (verdict.status, verdict.cursor_after, verdict.failures) == (TickStatus.FAILURE, "a", 3)
    assert not launches(verdict)
    assert verdict.sensor_changed


def test_the_same_cursor_again_is_no_change_and_an_empty_one_is() -> None:
    assert not decide(tick(Evaluation(cursor_set=True, cursor="a")), SENSOR).cursor_changed
    assert decide(tick(Evaluation(cursor_set=True, cursor="")), SENSOR).cursor_after == ""
    assert decide(tick(Evaluation(cursor_set=True, cursor=None)), SENSOR).cursor_changed


def quietly(**changes: object) -> LockedSensor:
    settled = {"foldable": True, "quiet_reason": "Nothing new.", "consecutive_failures": 0}
    return msgspec.structs.replace(SENSOR, **(settled | changes))


def test_a_quiet_skip_is_folded_into_the_one_before() -> None:
    verdict = decide(tick(QUIET), quietly())
    assert (verdict.writing, verdict.number, verdict.sensor_changed) == (Writing.FOLD, 6, False)


@pytest.mark.parametrize(
    ("record", "sensor"),
    [
        (tick(QUIET), quietly(foldable=False)),
        (tick(QUIET), quietly(quiet_reason="Another.")),
        (tick(QUIET, TickCause.MANUAL), quietly()),
        (tick(FAILS), quietly()),
        (tick(msgspec.structs.replace(QUIET, cursor_set=True, cursor="b")), quietly()),
    ],
)
def test_what_is_not_quiet_has_a_row_of_its_own(record: TickRecord, sensor: LockedSensor) -> None:
    assert decide(record, sensor).writing is Writing.INSERT


def test_a_tick_shown_as_started_ends_in_its_row_even_if_quiet() -> None:
    record = tick(QUIET)
    verdict = decide(record, quietly(evaluating_tick_id=record.id))
    assert (verdict.writing, verdict.number, verdict.sensor_changed) == (Writing.END, 6, True)


def test_a_tick_committed_before_is_not_written_again() -> None:
    assert decide(tick(ASKS), now(last_tick_at=NOON)).writing is Writing.NOTHING
    shown = tick(None)
    assert decide(shown, msgspec.structs.replace(SENSOR, evaluating_tick_id=shown.id)).writing is Writing.NOTHING


def test_a_disturbed_tick_is_not_shown_as_started() -> None:
    assert decide(tick(None), SENSOR).writing is Writing.SHOW
    assert decide(tick(None), now(cursor_version=5)).writing is Writing.NOTHING


STATES = st.builds(
    SensorState,
    loaded=st.booleans(),
    status=st.sampled_from(SensorStatus),
    status_at=st.sampled_from([NOON, NOON + SECOND]),
    started_at=st.sampled_from([NOON, NOON + SECOND]),
    cursor=st.just("a"),
    cursor_version=st.sampled_from([4, 5]),
    last_tick_at=st.none(),
    last_finished_at=st.none(),
    next_tick_at=st.none(),
)


@given(STATES, st.sampled_from([ASKS, QUIET, FAILS]), st.sampled_from(TickCause))
def test_nothing_is_launched_for_a_sensor_that_is_stopped_unloaded_or_edited(
    state: SensorState, evaluation: Evaluation, cause: TickCause
) -> None:
    verdict = decide(tick(evaluation, cause), msgspec.structs.replace(SENSOR, state=state))
    if launches(verdict):
        assert state.is_due_able
        assert state.cursor_version == 4
    assert (verdict.next_tick_at is None) is not state.is_due_able
    assert verdict.next_tick_at is None or verdict.next_tick_at >= SENSOR.now
