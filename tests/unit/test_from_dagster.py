"""docs/from-dagster.md names tests that exist, and says how it is here wherever it names one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([AE][0-9.]+) \| (.*?) \|(.*)\|([^|]*)\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "from-dagster.md").read_text(encoding="utf-8"))


def test_each_row_is_there_once() -> None:
    names = [name for name, *_ in ROWS]
    assert len(names) > 200
    assert len(set(names)) == len(names)


def test_each_row_says_how_it_is_here() -> None:
    assert [name for name, _, here, _ in ROWS if not here.strip()] == []


def test_the_tests_that_show_a_row_exist() -> None:
    for name, _, here, tests in ROWS:
        for file, test in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", tests):
            path = ROOT / "tests" / file
            assert path.exists(), f"{name}: {file}"
            assert f"def {test}" in path.read_text(encoding="utf-8"), f"{name}: {file}::{test}"
        if tests.strip():
            assert here.strip(), f"{name} has a test and does not say how it is here"
            assert re.search(r"`[\w/]+\.py(::\w+)?`", tests), f"{name}: {tests}"
