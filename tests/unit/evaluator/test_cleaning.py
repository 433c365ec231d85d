"""Cleaning: what user code can say, Postgres can store."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.logs import ErrorInfo, LogLevel, LogRecord
from vedette.domain.ticks import Evaluation, RequestedRun, TickStatus
from vedette.evaluator.cleaning import storable

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "evaluation",
    [
        Evaluation(skip_reason="Nothing new."),
        Evaluation((RequestedRun("load", "k", {"a": [1, {"b": "c"}]}, {"t": "v"}),), cursor_set=True, cursor=""),
    ],
)
def test_what_is_storable_stays_as_it_is(evaluation: Evaluation) -> None:
    assert storable(evaluation) == evaluation


def test_text_for_people_is_mended() -> None:
    inner = ErrorInfo("T", "in\0ner", ("frame\0",))
    log = LogRecord(AT, LogLevel.INFO, "l\0", "said\0", inner)
    cleaned = storable(Evaluation(error=ErrorInfo("E\0", "m\0", ("f\0",), inner), logs=(log,)))
    assert "\0" not in repr(cleaned)
    assert cleaned.error is not None
    assert cleaned.error.message == "m\ufffd"
    assert storable(Evaluation(skip_reason="a\0b")).skip_reason == "a\ufffdb"


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (RequestedRun("load", run_key="a\0"), "run key"),
        (RequestedRun("load", run_key="é" * 1001), "2000 bytes"),
        (RequestedRun("load", run_config={"a": [{"b": "\0"}]}), "run config"),
        (RequestedRun("load", run_config={"a\0": 1}), "run config"),
        (RequestedRun("load", tags={"a": "\0"}), "tags"),
        (RequestedRun("load", partition_key="\0"), "partition key"),
        (RequestedRun("load", asset_selection=(("a\0",),)), "asset selection"),
    ],
)
def test_what_means_something_fails_and_is_named(request_: RequestedRun, what: str) -> None:
    cleaned = storable(Evaluation((RequestedRun("load"), request_), cursor_set=True, cursor="x"))
    assert cleaned.status is TickStatus.FAILURE
    assert cleaned.error is not None
    assert what in cleaned.error.message
    assert "Run request 1" in cleaned.error.message
    assert not cleaned.run_requests
    assert not cleaned.cursor_set


def test_a_cursor_with_a_nul_fails() -> None:
    error = storable(Evaluation(cursor_set=True, cursor="a\0b")).error
    assert error is not None
    assert "cursor" in error.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON), st.text())
def test_no_nul_passes_in_any_config(config: dict[str, Any], reason: str) -> None:
    cleaned = storable(Evaluation((RequestedRun("load", run_config=config),), skip_reason=reason))
    if cleaned.error is None:
        assert r"\x00" not in repr(cleaned.run_requests).replace(r"\\", "")
    else:
        assert r"\x00" in repr(config)
