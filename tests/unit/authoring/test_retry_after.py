"""RetryAfter: a failure that says when it wants to be tried again."""

import copy
import pickle
from typing import Any

import pytest

from vedette import InvalidResult, RetryAfter, SensorDefinition, SensorEvaluationContext, sensor
from vedette.domain.ticks import TickStatus


def raising(seconds: Any, message: Any = None) -> SensorDefinition:
    @sensor
    def limited(context: SensorEvaluationContext) -> None:
        raise RetryAfter(seconds, message)

    return limited


def test_it_is_a_failure_that_says_so() -> None:
    evaluation = raising(30, "429 from the shop.").evaluate_tick()
    assert evaluation.status is TickStatus.FAILURE
    assert evaluation.retry_after_seconds == 30.0
    assert evaluation.error is not None
    assert evaluation.error.type == "RetryAfter"
    assert evaluation.error.message == "429 from the shop. (It asks to be tried again after 30 s.)"


@pytest.mark.parametrize("seconds", [100_000, 10**400, float("inf")])
def test_it_waits_a_day_at_most_and_says_so(seconds: float) -> None:
    error = RetryAfter(seconds)
    assert error.seconds == 86_400.0
    assert "after 24 h, the longest it may" in str(error)


@pytest.mark.parametrize("seconds", [-1, -0.001, float("nan"), "30", None, True])
def test_what_is_no_delay_is_refused_by_name(seconds: Any) -> None:
    with pytest.raises(InvalidResult, match="RetryAfter takes a number of seconds, 0 or more, not"):
        RetryAfter(seconds)
    evaluation = raising(seconds).evaluate_tick()
    assert evaluation.error is not None
    assert evaluation.error.type == "InvalidResult"
    assert evaluation.retry_after_seconds is None


def test_a_message_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidResult, match="message of RetryAfter is a str"):
        RetryAfter(1, 5)  # type: ignore[arg-type]  # what an author may do


def test_it_can_be_copied_and_pickled() -> None:
    error = RetryAfter(7, "Busy.")
    for other in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (other.seconds, str(other)) == (7.0, str(error))


def test_other_failures_ask_for_nothing() -> None:
    @sensor
    def broken(context: SensorEvaluationContext) -> None:
        raise ValueError("no")

    assert broken.evaluate_tick().retry_after_seconds is None
