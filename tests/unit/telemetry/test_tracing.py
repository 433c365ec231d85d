"""Places in traces: what headers say, and that every process works out the same ids."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry import tracing
from vedette.telemetry.tracing import Trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TICK, RUN = UUID(int=7), UUID(int=9)


def test_a_traceparent_is_read_and_written_as_w3c_says() -> None:
    found = Trace.parse(PARENT)
    assert found == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    assert found is not None
    assert found.text == PARENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\nx",
    ],
)
def test_what_is_no_traceparent_begins_a_new_trace(text: str) -> None:
    assert Trace.parse(text) is None
    first, second = Trace.of_headers(text, None), Trace.of_headers(text, None)
    assert first.trace_id != second.trace_id


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    trace = Trace.of_headers(text, text)
    assert len(trace.trace_id) == 32
    assert Trace.parse(trace.child().text) is not None


@pytest.mark.parametrize("given", ["4bf92f3577b34da6a3ce929d0e0e4736", "4BF92F35-77B3-4DA6-A3CE-929D0E0E4736"])
def test_the_id_that_a_proxy_gave_a_request_is_that_of_its_trace(given: str) -> None:
    assert Trace.of_headers(None, given).trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert Trace.of_headers(PARENT, "f" * 32).trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_tick_that_nobody_asked_for_is_a_trace_with_its_own_id_and_its_runs_are_below_it() -> None:
    tick = tracing.of_tick(TICK, None)
    assert tick.trace_id == TICK.hex
    run = tracing.of_run(RUN, 1, TICK, None)
    assert (run.span.trace_id, run.parent_id) == (TICK.hex, tick.span_id)


def test_what_a_request_asked_for_is_in_its_trace() -> None:
    tick = tracing.of_tick(TICK, PARENT)
    run = tracing.of_run(RUN, 1, TICK, tick.text)
    assert {tick.trace_id, run.span.trace_id} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert run.parent_id == tick.span_id
    assert tracing.of_run(RUN, 1, None, PARENT).parent_id == "00f067aa0ba902b7"


def test_a_run_without_anything_before_it_is_a_trace_of_its_own_and_each_attempt_a_span() -> None:
    first, second = tracing.of_run(RUN, 1, None, None), tracing.of_run(RUN, 2, None, None)
    assert (first.span.trace_id, first.parent_id) == (RUN.hex, None)
    assert first.span.span_id != second.span.span_id


def test_nothing_is_exported_unless_it_is_configured() -> None:
    assert not tracing.wants("f" * 32)


async def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "EXPORTER", "vedette.not_there")
    with pytest.raises(Exception, match=r"install vedette\[otel\]"):
        async with tracing.exporting("http://127.0.0.1:1", 1.0, "serve", "1"):
            raise AssertionError("it is not entered")
