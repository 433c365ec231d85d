"""The work that is measured is the same for both libraries, and Vedette takes it."""

import runpy
from pathlib import Path

import pytest
from benchmarks import projects

from vedette import Definitions

NAMES = sorted(file.stem for file in projects.FOLDER.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_project_loads(name: str, tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(projects.source(name))
    assert isinstance(runpy.run_path(str(tmp_path / "project.py"))["defs"], Definitions)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_import_differs(name: str) -> None:
    ours, theirs = projects.source(name).splitlines(), projects.source(name, "dagster").splitlines()
    assert [line for line in ours if line not in theirs] == [line for line in ours if line.startswith("from vedette")]


def test_its_constants_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(projects.source("trivial", sensors=3))
    assert len(runpy.run_path(str(tmp_path / "project.py"))["defs"].sensors) == 3
    with pytest.raises(ValueError, match=r"has no constant SENSOR$"):
        projects.source("trivial", sensor=3)
