"""docs/graphql-checks.md has each of the fifty checks once, in order, with a promise and tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| (\d+) \| (.*?) \|([^|]*)\|$", (ROOT / "docs" / "graphql-checks.md").read_text(encoding="utf-8"), re.MULTILINE
)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def test_each_check_is_there_once_and_in_order() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 51))


def test_each_check_says_what_is_promised() -> None:
    assert [number for number, promise, _ in ROWS if not promise.strip().endswith(".")] == []


def test_the_tests_that_show_a_check_exist() -> None:
    for number, _, cell in ROWS:
        # Nothing but tests, or a slip in one of their names would leave it out.
        assert TEST.sub("", cell).replace(",", "").strip() == "", f"{number}: {cell}"
        named = TEST.findall(cell)
        assert named, number
        for file, test in named:
            path = ROOT / "tests" / file
            assert path.exists(), f"{number}: {file}"
            pattern = rf"^(async )?def {test}\("
            assert re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE), f"{number}: {file}::{test}"
