"""Importing a project in a child process, and telling which of the project's own files were read for it."""

import hashlib
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import vedette
from vedette.authoring.definitions import Definitions
from vedette.execution.loading import load


def import_project(target: str, *, write_bytecode: bool) -> Definitions:
    """Import the project `target` as `python target` (a file) or `python -m target` (a module) would find it.

    Raises whatever the project's code raises.
    """
    # Compiled files are matched to the second and the size: two saves within a second would load the first one.
    sys.dont_write_bytecode = sys.dont_write_bytecode or not write_bytecode
    return load(target)


def project_files(target: str, error: BaseException | None = None) -> tuple[str, ...]:
    """Return the absolute paths of the .py files that were imported and are neither installed nor ours.

    With the `error` that ended an import, the files that it passed through are among them.
    """
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files |= _files_of(error)
    if target.endswith(".py"):
        files.add(str(Path(target).absolute()))
    return tuple(sorted({name for name in files if isinstance(name, str) and _is_projects(name)}))


def digest_of(files: Iterable[str]) -> str:
    """Return a digest of what the files say, the same wherever they lie; what cannot be read counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
        except OSError:
            digest.update(b"unreadable")
    return digest.hexdigest()[:12]


def _files_of(error: BaseException | None) -> set[str | None]:
    files: set[str | None] = set()
    while error is not None:
        if isinstance(error, SyntaxError):
            files.add(error.filename)
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            files.add(trace.tb_frame.f_code.co_filename)
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return files


def _is_projects(name: str) -> bool:
    return name.endswith(".py") and Path(name).is_absolute() and not name.startswith(_INSTALLED)


_INSTALLED = tuple(
    {
        *(sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        str(Path(vedette.__file__).parent),
    }
)
