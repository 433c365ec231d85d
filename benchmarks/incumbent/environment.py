"""Where the incumbent is installed: the newest release whose packages fit together, beside our own environment."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import uv

FOLDER = Path(".benchmarks/incumbent")
PACKAGES = ("dagster", "dagster-webserver", "dagster-graphql", "dagster-postgres")
INSTALL_SECONDS = 600.0


class IncumbentMissing(Exception):
    """It is not installed and cannot be; one sentence says why."""


@dataclass(frozen=True)
class Incumbent:
    """An installed incumbent; `folder` is its virtual environment.

    `is_newest`: the package index was asked, and this is the newest release whose packages fit together.
    """

    folder: Path
    version: str
    is_newest: bool

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.folder / "bin" / name)


def installed(folder: Path = FOLDER) -> Incumbent:
    """Return the incumbent, installed or brought up to date first; without a package index, the one that is there.

    Raises IncumbentMissing where there is none.
    """
    folder = folder.absolute()
    problem = ""
    if not (folder / "bin" / "python").exists():
        problem = _uv("venv", "--quiet", "--python", sys.executable, str(folder))
    problem = problem or _uv(
        "pip", "install", "--quiet", "--upgrade", "--python", str(folder / "bin" / "python"), *PACKAGES
    )
    version = _version(folder)
    if version is None:
        raise IncumbentMissing(f"Dagster cannot be installed here ({problem}), so Vedette is measured alone.")
    return Incumbent(folder, version, is_newest=not problem)


def _uv(*arguments: str) -> str:
    """Run uv; return what went wrong in one line, empty where nothing did."""
    try:
        done = subprocess.run(
            [uv.find_uv_bin(), *arguments], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return " ".join(str(error).split())
    said = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
    return "" if done.returncode == 0 else said[:200]


def _version(folder: Path) -> str | None:
    code = "from importlib.metadata import version; print(version('dagster'))"
    try:
        done = subprocess.run([folder / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
