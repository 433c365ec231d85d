import sys
from pathlib import Path

import pytest

from vedette.cli.targets import find_targets
from vedette.errors import InvalidTarget


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox.py").write_text("")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "inbox.py").write_text("")
    (tmp_path / "shop" / "stock").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "shop" / "orders.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "shop" / "stock" / "levels.py").write_text("")
    (tmp_path / "notes.txt").write_text("")


def test_files_and_modules_name_their_code_locations() -> None:
    assert find_targets(["inbox.py"], ["shop.orders", "shop.stock.levels"]) == {
        "inbox": "inbox.py",
        "orders": "shop.orders",
        "levels": "shop.stock.levels",
    }


def test_looking_for_a_module_imports_nothing() -> None:
    find_targets([], ["shop.orders"])
    assert "shop" not in sys.modules


def test_one_target_twice_is_one() -> None:
    assert find_targets(["inbox.py", "inbox.py"], []) == {"inbox": "inbox.py"}


@pytest.mark.parametrize(
    ("files", "modules", "said"),
    [
        ([], [], "Name a project"),
        (["missing.py"], [], "There is no file missing.py"),
        (["other"], [], "other is a folder"),
        (["notes.txt"], [], "notes.txt is not a .py file"),
        ([], ["shop.missing"], "There is no module shop.missing"),
        ([], ["shop.orders.more"], "There is no module shop.orders.more"),
        ([], ["inbox.py"], "There is no module inbox.py"),
        ([], ["../shop"], "There is no module ../shop"),
        ([], [""], "There is no module"),
        (["inbox.py", "other/inbox.py"], [], "Both inbox.py and other/inbox.py would be the code location 'inbox'"),
    ],
)
def test_what_is_no_project_is_refused_with_the_remedy(files: list[str], modules: list[str], said: str) -> None:
    with pytest.raises(InvalidTarget) as caught:
        find_targets(files, modules)
    assert str(caught.value).startswith(said)
