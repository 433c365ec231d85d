"""What trials hold against what happened."""

from datetime import UTC, datetime, timedelta

from chaos.invariants import undisturbed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_span_is_as_long_as_what_lies_between_losses_in_it() -> None:
    at = [NOON + timedelta(seconds=seconds) for seconds in range(11)]
    assert undisturbed(at[0], at[10], []) == 10.0
    assert undisturbed(at[0], at[10], [at[9], at[3]]) == 6.0
    assert undisturbed(at[3], at[5], [at[1], at[3], at[5], at[7]]) == 2.0
