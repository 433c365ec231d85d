"""The projects that a command is called with: files and modules, each a code location with a name."""

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from vedette.errors import InvalidTarget


def find_targets(files: Sequence[str], modules: Sequence[str]) -> dict[str, str]:
    """Return the targets by code location: a file's stem or a module's last part names its location.

    Raises InvalidTarget for what is no project, for two of one name, and for none at all.
    """
    targets: dict[str, str] = {}
    for name, target in _named(files, modules):
        if name in targets and targets[name] != target:
            raise InvalidTarget(f"Both {targets[name]} and {target} would be the code location {name!r}; rename one.")
        targets[name] = target
    if not targets:
        raise InvalidTarget("Name a project: path/to/project.py, or -m package.module.")
    return targets


def _named(files: Sequence[str], modules: Sequence[str]) -> Iterator[tuple[str, str]]:
    for file in files:
        yield Path(file).stem, _checked_file(file)
    for module in modules:
        yield module.rpartition(".")[2], _checked_module(module)


def _checked_file(file: str) -> str:
    path = Path(file)
    if path.is_dir():
        raise InvalidTarget(f"{file} is a folder; name a .py file in it, or a package with -m.")
    if not path.exists():
        raise InvalidTarget(f"There is no file {file}; name the .py file that defines your sensors.")
    if path.suffix != ".py":
        raise InvalidTarget(f"{file} is not a .py file; name the one that defines your sensors.")
    return file


def _checked_module(module: str) -> str:
    """Look for the module without importing anything: its parents are user code, which has no place in this process."""
    paths: Sequence[str] = [str(Path.cwd()), *sys.path]
    for part in module.split("."):
        # Each part is looked up as if it stood alone: for a dotted name the finder would want the parent imported.
        spec = PathFinder.find_spec(part, paths) if part.isidentifier() else None
        if spec is None:
            raise InvalidTarget(
                f"There is no module {module}; name one that `python -m` would find from here, or give a file."
            )
        paths = list(spec.submodule_search_locations or ())
    return module
