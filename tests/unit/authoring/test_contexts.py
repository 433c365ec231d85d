import json
import logging
from typing import Any

import pytest

from vedette import InvalidResult, InvocationError, build_op_context, build_sensor_context


def test_update_cursor_is_seen_at_once_and_told_apart_from_none() -> None:
    context = build_sensor_context(cursor="a")
    assert (context.cursor, context.cursor_updated) == ("a", False)
    context.update_cursor("")
    assert (context.cursor, context.cursor_updated) == ("", True)
    context.update_cursor(None)
    assert (context.cursor, context.cursor_updated) == (None, True)


@pytest.mark.parametrize(
    ("cursor", "word"),
    [(5, "json.dumps"), (b"x", "bytes"), ({"a": 1}, "dict"), ("\x00", "NUL"), ("\udc80", "surrogate")],
)
def test_a_cursor_that_cannot_be_stored_is_refused_and_the_old_one_stays(cursor: Any, word: str) -> None:
    context = build_sensor_context(cursor="a")
    with pytest.raises(InvalidResult, match=word):
        context.update_cursor(cursor)
    assert (context.cursor, context.cursor_updated) == ("a", False)


def test_a_cursor_may_be_a_mebibyte_long_and_no_longer() -> None:
    context = build_sensor_context()
    context.update_cursor("x" * 1024 * 1024)
    with pytest.raises(InvalidResult, match="1048576 bytes"):
        context.update_cursor("é" * (512 * 1024 + 1))


def test_first_tick_since_start() -> None:
    assert build_sensor_context().is_first_tick_since_sensor_start
    assert build_sensor_context(
        last_sensor_start_time=2.0, last_tick_completion_time=1.0
    ).is_first_tick_since_sensor_start
    assert not build_sensor_context(
        last_sensor_start_time=1.0, last_tick_completion_time=2.0
    ).is_first_tick_since_sensor_start
    assert not build_sensor_context(last_tick_completion_time=2.0).is_first_tick_since_sensor_start


def test_the_context_manages_itself_and_knows_its_sensor() -> None:
    with build_sensor_context(sensor_name="s") as context:
        assert context.sensor_name == "s"
    with pytest.raises(InvocationError, match="sensor_name="):
        _ = build_sensor_context().sensor_name


def test_lines_of_a_context_that_a_test_built_reach_standard_logging(caplog: pytest.LogCaptureFixture) -> None:
    build_sensor_context().log.debug("from %s", "sensor")
    build_op_context().log.warning("from op", extra={"more": 1})
    assert [(record.getMessage(), record.levelno) for record in caplog.records] == [
        ("from sensor", logging.DEBUG),
        ("from op", logging.WARNING),
    ]
    assert caplog.records[1].__dict__["more"] == 1


def test_an_op_context_tells_of_its_run() -> None:
    context = build_op_context(
        {"a": 1}, job_name="j", tags={"n": 1}, partition_key="2026", run_config={"ops": {}}, attempt=2
    )
    assert context.op_config == {"a": 1}
    assert (context.job_name, context.partition_key, context.attempt) == ("j", "2026", 2)
    assert json.dumps(context.tags) == '{"n": "1"}'
    assert not build_op_context().has_partition_key
    with pytest.raises(InvocationError, match="no partition_key"):
        _ = build_op_context().partition_key
