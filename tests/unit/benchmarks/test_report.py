"""The benchmarks' table says what was measured, and says where there is nothing to compare with."""

from pathlib import Path

import pytest
from benchmarks.comparison import Result, Row, compare
from benchmarks.effort import SHORT
from benchmarks.figures import Figure, digits, medians, times_better
from benchmarks.report import Run, load, now, publish, replace_between, save, table


def result(**changes: object) -> Result:
    ours = [Figure("ticks recorded", 990.0, "/s", more_is_better=True), Figure("lateness", 4.0, "ms")]
    theirs = [Figure("ticks recorded", 9.9, "/s", more_is_better=True), Figure("lateness", 8000.0, "ms")]
    found = Result("ticks", "100 sensors", ours, {"sqlite": theirs}, {"lateness": "under 50 ms"}, "none", [])
    for name, value in changes.items():
        setattr(found, name, value)
    return found


def test_each_figure_stands_beside_the_incumbents() -> None:
    lines = table([result()]).splitlines()
    assert lines[0] == "| what | Vedette | aim | Dagster on SQLite | times better |"
    assert lines[2] == "| 100 sensors: ticks recorded | 990 /s |  | 9.90 /s | 100 |"
    assert lines[3] == "| 100 sensors: lateness | 4.00 ms | under 50 ms | 8,000 ms | 2,000 |"


def test_a_figure_that_the_incumbent_lacks_says_so() -> None:
    other = result(theirs={}, none="has no such mutation")
    assert "| has no such mutation |" in table([result(), other]).splitlines()[4]


def test_a_measurement_that_failed_says_so_and_the_others_stand() -> None:
    def broken(*_: object) -> list[Figure]:
        raise TimeoutError("not within 5 s: a tick")

    ours = [Figure("ticks recorded", 990.0, "/s", more_is_better=True)]
    row = Row("ticks", lambda _: "100 sensors", lambda _: ours, broken)
    found = compare(row, SHORT, 1, object(), ["sqlite"], lambda _: None)  # type: ignore[arg-type] # never used

    assert found.problems == ["Dagster on SQLite could not be measured: TimeoutError: not within 5 s: a tick"]
    assert "| 100 sensors: ticks recorded | 990 /s |  | could not be measured |  |" in table([found])


def test_where_ours_failed_the_incumbents_figures_stand_all_the_same() -> None:
    assert table([result(ours=[])]).splitlines()[2] == (
        "| 100 sensors: ticks recorded | could not be measured |  | 9.90 /s |  |"
    )


def test_ratios_count_from_the_better_of_the_incumbents() -> None:
    slower = [Figure("ticks recorded", 3.3, "/s", more_is_better=True)]
    lines = table([result(theirs={"sqlite": result().theirs["sqlite"], "postgres": slower})]).splitlines()
    assert lines[2].endswith("| 9.90 /s | 3.30 /s | 100 |")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.04123, "0.0412"),
        (2.345, "2.35"),
        (76.4, "76.4"),
        (995.2, "995"),
        (10321.0, "10,300"),
        (-3.0, "-3.00"),
    ],
)
def test_three_digits_are_shown(value: float, shown: str) -> None:
    assert digits(value) == shown


def test_medians_pass_over_what_was_not_measured() -> None:
    def one(value: float | None) -> list[Figure]:
        return [Figure("lateness", value, "ms")]

    assert medians([one(1.0), one(None), one(5.0)])[0].value == 3.0
    assert times_better(one(None)[0], one(5.0)[0]) is None


def test_a_table_replaces_the_one_between_its_markers(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n")
    replace_between(document, "figures", "new \\1")
    assert document.read_text() == "before\n<!-- figures -->\nnew \\1\n<!-- /figures -->\nafter\n"
    with pytest.raises(ValueError, match="no part between"):
        replace_between(document, "growth", "new")


def test_the_documents_show_the_latest_figures_of_each_row(tmp_path: Path) -> None:
    performance, readme = tmp_path / "performance.md", tmp_path / "README.md"
    for document in (performance, readme):
        document.write_text("<!-- figures -->\nold\n<!-- /figures -->\n")
    older = Run(now(), "2 cores", "Vedette 1", "full form", [result(), result(word="start", work="one sensor")])
    newer = Run(now(), "4 cores", "Vedette 2", "full form", [result(work="500 sensors")])

    publish([load(save(run, tmp_path / str(number))) for number, run in enumerate((older, newer))], performance, readme)

    shown = performance.read_text()
    assert "| 500 sensors: ticks recorded |" in shown
    assert "| one sensor: ticks recorded |" in shown
    assert "| 100 sensors: ticks recorded |" not in shown
    assert "Vedette 1. Vedette 2. 2 cores; load at the begin: " in shown
    assert ". 4 cores; load at the begin: " in shown
    assert "| 500 sensors: lateness |" in readme.read_text()
    assert "| 500 sensors: ticks recorded |" not in readme.read_text()
