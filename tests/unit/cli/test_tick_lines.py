from typing import Any

import pytest

from vedette.cli.ticks.tick_lines import outcome_of

TICK = {"error": None, "skipReason": None, "launchedCount": 0}


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, ""),
        ({"skipReason": "no new files"}, "no new files"),
        ({"launchedCount": 1}, "1 run"),
        ({"launchedCount": 12}, "12 runs"),
        ({"error": {"type": "ValueError", "message": "bad\nworse"}}, "ValueError: bad"),
        ({"error": {"type": "ValueError", "message": ""}}, "ValueError: "),
    ],
)
def test_an_outcome_is_one_line(facts: dict[str, Any], outcome: str) -> None:
    assert outcome_of(TICK | facts) == outcome
