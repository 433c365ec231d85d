from typing import Any

import pytest

from vedette.authoring.text import as_json, cleaned, shown


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_json_values_are_copied_deeply_and_made_plain() -> None:
    inner = {"a": (1, 2.5, None, True), "é": "\\u0000 is only text", 3: [-(2**63), 2**64 - 1]}
    plain = as_json({"inner": inner})
    assert plain == {"inner": {"a": [1, 2.5, None, True], "é": "\\u0000 is only text", "3": [-(2**63), 2**64 - 1]}}
    inner["a"] = ()
    assert plain["inner"]["a"] == [1, 2.5, None, True]
    assert as_json(nested(100)) == nested(100)


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "is not JSON: Object of type object"),
        ({1, 2}, "is not JSON"),
        (float("inf"), "is not JSON"),
        ({(1, 2): 3}, "is not JSON"),
        (HOLDS_ITSELF, "is not JSON: Circular"),
        (nested(101), "more than 100 levels"),
        (nested(100_000), "more than 100 levels"),
        ({"a": [{"b\x00": 1}]}, "NUL"),
        (["\ud800"], "surrogate"),
        ([2**64], "64 bits"),
    ],
)
def test_what_cannot_be_kept_as_json_is_refused(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        as_json(value)


def test_text_is_cut_at_a_whole_character() -> None:
    assert cleaned("é" * 5, 10) == "é" * 5
    assert cleaned("é" * 6, 11) == "é" * 5 + " … (cut after 11 bytes)"


def test_anything_can_be_shown_shortly() -> None:
    assert len(shown("x" * 10_000)) < 100
    assert shown({"a": 1}) == "{'a': 1}"
