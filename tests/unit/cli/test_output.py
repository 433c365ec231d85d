from datetime import UTC, datetime, timedelta

import pytest

from vedette.cli.output import (
    between,
    cut,
    duration,
    error_text,
    local_time,
    plain,
    print_facts,
    print_line,
    print_table,
    shortened,
)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.0042, "4 ms"),
        (1.5, "1.5 s"),
        (125, "2 m 05 s"),
        (3 * 3600 + 120, "3 h 02 m"),
        (5 * 86400 + 3600, "5 d 01 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_times_of_today_are_without_their_date() -> None:
    now = datetime.now().astimezone().replace(hour=12)
    assert local_time(now.isoformat(), now) == f"{now:%H:%M:%S}"
    assert local_time((now - timedelta(days=3)).isoformat(), now) == f"{now - timedelta(days=3):%Y-%m-%d %H:%M:%S}"
    assert local_time(None) == "-"


def test_times_of_the_server_are_shown_in_the_local_zone() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert local_time("2026-03-04T05:06:07Z") == f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def test_a_duration_needs_both_its_ends() -> None:
    assert between("2026-03-04T05:06:07Z", "2026-03-04T05:06:09.5+00:00") == 2.5
    assert between("2026-03-04T05:06:07Z", None) is None


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [(None, 5, "-"), ("short", 5, "short"), ("longer", 5, "long…"), ("a\nb", 9, "a…"), ("", 5, "")],
)
def test_long_text_is_cut_to_one_line(text: str | None, width: int, shown: str) -> None:
    assert cut(text, width) == shown


def test_user_text_cannot_move_the_cursor_or_be_markup(capsys: pytest.CaptureFixture[str]) -> None:
    assert plain("red\x1b[31m").plain == "red\N{REPLACEMENT CHARACTER}[31m"
    print_line("[bold]as it is[/bold]", ":smile:")
    assert capsys.readouterr().out == "[bold]as it is[/bold] :smile:\n"


def test_a_line_is_never_folded(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("x" * 500)
    assert capsys.readouterr().out == "x" * 500 + "\n"


def test_a_table_fits_the_terminal_and_keeps_its_first_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(("Sensor", "Status", "Why"), [("inbox", "SKIPPED", "nothing new " * 20), ("outbox", "SUCCESS", "")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["Sensor", "Status", "Why"]
    assert lines[1].startswith("inbox   SKIPPED  nothing new")
    assert lines[1].rstrip().endswith("…")


def test_a_table_without_rows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Sensor",), [], none="No sensors.")
    assert capsys.readouterr().out == "No sensors.\n"


def test_a_terminal_too_narrow_loses_no_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    print_table(("Run", "Job"), [("x" * 36, "process"), ("x" * 36, "a_very_long_name_of_a_job")])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["Run", "Job"],
        ["x" * 36, "process"],
        ["x" * 36, "a_very_lo…"],
    ]


def test_a_pipe_gets_tables_and_facts_whole_and_without_filling(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    why = "nothing new " * 40 + "."
    print_table(("Sensor", "Why"), [("inbox", why), ("outbox", "")])
    print_facts([("Why", why), ("Next", "-"), ("Unsaid", None)])
    assert capsys.readouterr().out.splitlines() == [
        "Sensor  Why",
        f"inbox   {why}",
        "outbox",
        f"Why   {why}",
        "Next  -",
    ]


def test_a_long_text_is_shortened_and_its_length_told() -> None:
    assert shortened(None) is None
    assert shortened("x" * 400) == "x" * 400
    assert shortened("x" * 1000, 3) == "xxx… (1000 characters; --json prints them all)"


def test_an_error_is_told_with_what_it_came_from() -> None:
    cause = {"type": "KeyError", "message": "'k'", "cause": None}
    assert error_text({"type": "RuntimeError", "message": "no", "cause": cause}) == (
        "RuntimeError: no\ncaused by KeyError: 'k'"
    )
    assert error_text(None) is None
