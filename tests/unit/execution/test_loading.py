import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vedette import DefinitionError
from vedette.errors import InvalidTarget
from vedette.execution.errors import describe
from vedette.execution.loading import load

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Return a function that writes a project's file; what was imported is forgotten afterwards."""
    modules = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)

    def written(name: str, source: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
        return str(path)

    yield written
    for name in set(sys.modules) - modules:
        del sys.modules[name]


PROJECT = """
    from __future__ import annotations
    from vedette import Config, Definitions, OpExecutionContext, job, op, sensor

    class Where(Config):
        path: str

    @op
    def read(context: OpExecutionContext, config: Where): ...

    @job
    def reading():
        read()

    @sensor(job=reading)
    def watch(context): ...
"""


def test_a_file_without_definitions_offers_its_sensors_and_jobs(write: Write) -> None:
    definitions = load(write("project_a.py", PROJECT))
    assert [sensor.name for sensor in definitions.sensors] == ["watch"]
    assert [job.name for job in definitions.jobs] == ["reading"]
    (spec,) = definitions.catalog().jobs
    assert spec.config_schema is not None
    assert "path" in str(spec.config_schema)


def test_definitions_called_defs_win_else_the_only_one_is_taken(write: Write) -> None:
    only = write("project_b.py", PROJECT + "    anything = Definitions(jobs=[reading])\n")
    assert load(only).sensors == ()
    preferred = PROJECT + "    other = Definitions()\n    defs = Definitions(jobs=[reading])\n"
    assert len(load(write("project_c.py", preferred)).jobs) == 1
    with pytest.raises(DefinitionError, match=r"several Definitions \(one, two\).*call it defs"):
        load(write("project_d.py", PROJECT + "    one = Definitions()\n    two = Definitions()\n"))
    with pytest.raises(DefinitionError, match="defines no sensor, no job and no asset"):
        load(write("project_e.py", "x = 1"))


def test_a_file_imports_its_neighbours_and_itself(write: Write) -> None:
    write("neighbour.py", PROJECT)
    target = write(
        "project_f.py", "import sys\nimport neighbour\nfrom neighbour import watch\nassert 'project_f' in sys.modules"
    )
    assert [sensor.name for sensor in load(target).sensors] == ["watch"]
    assert [sensor.name for sensor in load("project_f.py").sensors] == ["watch"]


def test_a_file_of_a_package_may_import_relatively(write: Write) -> None:
    write("pack/__init__.py", "")
    write("pack/parts.py", PROJECT)
    assert len(load(write("pack/project.py", "from .parts import watch")).sensors) == 1


def test_a_module_is_found_in_the_working_directory(write: Write) -> None:
    write("pack_b/__init__.py", "")
    write("pack_b/project.py", PROJECT)
    assert len(load("pack_b.project").sensors) == 1


def test_a_file_named_like_an_installed_module_does_not_replace_it(write: Write) -> None:
    for name in ("json", "pytest", "msgspec"):
        before = sys.modules[name]
        assert len(load(write(f"{name}.py", PROJECT)).sensors) == 1
        assert sys.modules[name] is before
    assert len(load(write("my-project.py", PROJECT)).sensors) == 1


def test_targets_that_are_not_there_are_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    write("pack_c/__init__.py", "")
    for target, words in [
        ("missing.py", "missing.py does not exist"),
        ("folder.py", "is a folder"),
        ("no_such_module", "no module no_such_module"),
        ("pack_c.nothing", r"no module pack_c\.nothing"),
        ("not/a/module", "names no project"),
        ("", "names no project"),
    ]:
        with pytest.raises(InvalidTarget, match=words):
            load(target)


def test_errors_of_the_project_are_raised_and_its_module_is_forgotten(write: Write) -> None:
    for source, kind in [
        ("def f(:\n", SyntaxError),
        ("import no_such_thing\n", ModuleNotFoundError),
        ("1 / 0\n", ZeroDivisionError),
        ("raise SystemExit(3)\n", SystemExit),
    ]:
        target = write("project_g.py", source)
        with pytest.raises(kind) as caught:
            load(target)
        error = describe(caught.value)
        assert all("project_g.py" in frame or "test_loading" in frame for frame in error.stack)
        assert any("project_g.py" in frame for frame in error.stack)
    write("project_g.py", PROJECT)
    assert len(load(target).sensors) == 1


def test_a_broken_import_within_a_module_is_not_taken_for_a_missing_target(write: Write) -> None:
    write("pack_d.py", "import missing_dependency\n")
    with pytest.raises(ModuleNotFoundError, match="missing_dependency"):
        load("pack_d")
