"""Log lines for machines."""

import json
import logging
from collections.abc import Iterator

import pytest

from vedette.telemetry import tracing
from vedette.telemetry.logs import set_up_logging
from vedette.telemetry.tracing import Trace


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, which is as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield root
    root.handlers[:], root.level = before


def test_a_line_of_json_has_its_words_its_ids_and_its_exception(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("info", "json")
    try:
        raise ValueError("it\nbroke")
    except ValueError:
        logging.getLogger("vedette.x").exception("Run %s of %s\nfailed.", 7, "a job", extra={"run_id": 7})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    found = json.loads(line)
    assert found["message"] == "Run 7 of a job\nfailed."
    assert (found["level"], found["logger"], found["run_id"]) == ("error", "vedette.x", 7)
    assert found["exception"].endswith("ValueError: it\nbroke")
    assert found["time"].endswith("+00:00")
    assert "trace_id" not in found


@pytest.mark.parametrize("form", ["human", "json"])
def test_what_is_logged_for_a_request_names_its_trace(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    set_up_logging("info", form)
    token = tracing.current.set(Trace("a" * 32, "b" * 16))
    try:
        logging.getLogger("vedette").info("Something.")
    finally:
        tracing.current.reset(token)
    logging.getLogger("vedette").info("Else.")
    first, second = capsys.readouterr().err.splitlines()
    assert "a" * 32 in first
    assert "a" * 32 not in second


def test_what_cannot_be_json_is_its_text(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("info", "json")
    logging.getLogger("vedette").info("x", extra={"thing": object})
    assert json.loads(capsys.readouterr().err)["thing"] == "<class 'object'>"
