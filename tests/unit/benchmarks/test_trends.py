"""The soak's verdict: laws of its slope, and what it says of series whose truth is known."""

import random

import pytest
from benchmarks.trends import trend
from hypothesis import assume, given
from hypothesis import strategies as st

values = st.lists(st.integers(-1000, 1000).map(float), min_size=3, max_size=30)


@given(values, st.integers(-50, 50))
def test_a_slope_that_is_added_is_found(levels: list[float], added: int) -> None:
    before = trend(list(enumerate(levels)))
    after = trend([(at, level + added * at) for at, level in enumerate(levels)])
    assert after.slope == pytest.approx(before.slope + added)


@given(values)
def test_the_slope_lies_within_its_bounds(levels: list[float]) -> None:
    found = trend(list(enumerate(levels)))
    assert found.low <= found.slope <= found.high


@given(values)
def test_time_that_runs_backwards_turns_the_slope(levels: list[float]) -> None:
    assume(len(set(levels)) > 1)
    assert trend(list(enumerate(reversed(levels)))).slope == pytest.approx(-trend(list(enumerate(levels))).slope)


def test_noise_around_a_level_is_flat_and_a_leak_in_it_is_not() -> None:
    dice = random.Random(1)
    noise = [100 + dice.gauss(0, 3) for _ in range(180)]
    assert trend(list(enumerate(noise))).verdict(0.02) == "flat"
    leaking = [level + 0.1 * at for at, level in enumerate(noise)]
    assert trend(list(enumerate(leaking))).verdict(0.02) == "grows"


def test_outliers_do_not_make_a_leak() -> None:
    levels = [100.0 if at % 9 else 500.0 for at in range(180)]
    assert trend(list(enumerate(levels))).verdict(0.001) == "flat"


def test_few_noisy_samples_prove_nothing() -> None:
    levels = [100.0, 130.0, 90.0, 125.0]
    assert trend(list(enumerate(levels))).verdict(0.1) == "too short to tell"


def test_two_samples_are_no_trend() -> None:
    with pytest.raises(ValueError, match="three samples"):
        trend([(0.0, 1.0), (1.0, 2.0)])
