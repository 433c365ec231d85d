"""The law of the back-off, over all failures, intervals, ceilings and draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.failure_policy import LEAST_BASE_SECONDS, FailurePolicy, shown_seconds

failures = st.integers(1, 10**9)
intervals = st.floats(0, 100_000, allow_nan=False)
ceilings = st.floats(0.001, 86_400, allow_nan=False)
draws = st.floats(0, 1)


@given(failures, intervals, ceilings, draws)
def test_a_delay_is_never_below_the_interval_nor_above_the_ceiling(
    count: int, interval: float, ceiling: float, draw: float
) -> None:
    policy = FailurePolicy(ceiling)
    longest = max(interval, ceiling)
    for seconds in (policy.delay_seconds(count, interval, draw), policy.probe_seconds(interval, draw)):
        assert interval <= seconds <= longest or seconds == pytest.approx(longest)


@given(failures, intervals, ceilings, draws)
def test_one_more_failure_never_waits_less(count: int, interval: float, ceiling: float, draw: float) -> None:
    policy = FailurePolicy(ceiling)
    assert policy.delay_seconds(count + 1, interval, draw) >= policy.delay_seconds(count, interval, draw) - 1e-9


@given(st.integers(2, 8), st.floats(LEAST_BASE_SECONDS, 2), draws)
def test_the_delay_doubles_and_strays_by_a_fifth_at_most(count: int, interval: float, draw: float) -> None:
    exact = interval * 2 ** (count - 1)
    seconds = FailurePolicy(600.0).delay_seconds(count, interval, draw)
    assert max(interval, 0.8 * exact) - 1e-9 <= seconds <= min(600.0, 1.2 * exact) + 1e-9


@given(st.integers(1, 70), intervals)
def test_sensors_that_fail_together_are_spread(count: int, interval: float) -> None:
    policy = FailurePolicy(200_000.0)
    low, high = policy.delay_seconds(count, interval, 0.0), policy.delay_seconds(count, interval, 1.0)
    assert low < high
    assert low <= policy.delay_seconds(count, interval) <= high


def test_a_sensor_at_zero_seconds_backs_off_too() -> None:
    policy = FailurePolicy(600.0)
    assert policy.delay_seconds(1, 0.0, 0.5) == pytest.approx(LEAST_BASE_SECONDS)
    assert policy.delay_seconds(5, 0.0, 0.5) == pytest.approx(16 * LEAST_BASE_SECONDS)
    assert policy.delay_seconds(40, 0.0, 1.0) == 600.0


def test_zero_never_pauses() -> None:
    assert not FailurePolicy(600.0, 0).pauses_after(10**9)
    assert not FailurePolicy(600.0, 3).pauses_after(2)
    assert FailurePolicy(600.0, 3).pauses_after(3)
    assert FailurePolicy(600.0, 3).pauses_after(4)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (0.25, "0.25 s"), (45, "45 s"), (600, "10 min"), (86_400, "24 h")]
)
def test_durations_read_well(seconds: float, shown: str) -> None:
    assert shown_seconds(seconds) == shown
