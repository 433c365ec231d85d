"""Profiles of the hot paths with py-spy: one picture for each Python process, into `.benchmarks/profiles/`."""

import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil

from benchmarks import projects
from benchmarks.server import MeasuredServer, kind_of, measured

FOLDER = Path(".benchmarks/profiles")
WARM_SECONDS = 8.0
# py-spy counts samples, not seconds, and may be behind.
LATE_SECONDS = 5.0
SAMPLES_PER_SECOND = 200
PAGE = "{ sensors(first: 100) { edges { node { name status lastTick { status startedAt skipReason } } } } }"
SUFFIXES = {"flamegraph": "svg", "speedscope": "json", "raw": "txt"}


@dataclass(frozen=True)
class HotPath:
    """A project, and what keeps the path hot: called again and again, each call as short as it can be."""

    source: str
    act: Callable[[MeasuredServer], None]


def _wait(server: MeasuredServer) -> None:
    time.sleep(0.2)


def _ask(server: MeasuredServer) -> None:
    """Have one sensor ask for the runs of a batch that it has not asked for yet."""
    (server.folder / ".burst").write_text(f"{time.time_ns()} {time.time_ns()}")
    (server.folder / ".burst").rename(server.folder / "burst")
    time.sleep(1.0)


def _read(server: MeasuredServer) -> None:
    server.query(PAGE)


PATHS = {
    "ticks": HotPath(projects.source("trivial", sensors=1_000), _wait),
    "bursts": HotPath(projects.source("burst", count=1_000), _ask),
    "runs": HotPath(projects.source("burst", count=100), _ask),
    "pages": HotPath(projects.source("trivial", sensors=100), _read),
}


def profile(word: str, seconds: float, form: str) -> list[Path]:
    """Profile one hot path; return the files, one for each process that ran Python meanwhile.

    Raises click.ClickException where nothing could be recorded.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = PATHS[word]
    with measured(path.source) as server, server.running():
        deadline = time.monotonic() + WARM_SECONDS
        while time.monotonic() < deadline:
            path.act(server)
        spies = [_spy(word, kind, process, seconds, form) for kind, process in _pythons(server)]
        deadline = time.monotonic() + seconds + LATE_SECONDS
        while any(spy.poll() is None for _, spy in spies):
            path.act(server)
            if time.monotonic() > deadline:
                for _, spy in spies:
                    spy.send_signal(signal.SIGINT)  # it writes what it has
                deadline += LATE_SECONDS
    files = [file for file, _ in spies if file.exists() and not _is_empty(file)]
    if not files:
        said = " ".join(spies[0][0].with_suffix(".log").read_text(errors="replace").split())[:300]
        raise click.ClickException(f"py-spy could not record: {said} (it may need root).")
    return files


def _pythons(server: MeasuredServer) -> list[tuple[str, psutil.Process]]:
    """Return the processes that run Python, with their kind; runs that end meanwhile are left out."""
    found = []
    for process in server.processes():
        with suppress(psutil.NoSuchProcess):
            found.append((kind_of(process), process))
    return [(kind, process) for kind, process in found if kind in {"server", "user code"}]


def _is_empty(file: Path) -> bool:
    """Tell whether the process was idle, or ended before the first sample; such a file is removed."""
    empty = file.stat().st_size == 0 or "No valid input provided" in file.read_text(errors="replace")
    if empty:
        file.unlink()
    return empty


def _spy(
    word: str, kind: str, process: psutil.Process, seconds: float, form: str
) -> tuple[Path, "subprocess.Popen[bytes]"]:
    file = FOLDER / f"{word}-{kind.replace(' ', '-')}-{process.pid}.{SUFFIXES[form]}"
    py_spy = Path(sysconfig.get_path("scripts")) / "py-spy"
    command = [str(py_spy), "record", "--nonblocking", "--pid", str(process.pid), "--duration", f"{seconds:.0f}"]
    command += ["--format", form, "--rate", str(SAMPLES_PER_SECOND), "--output", str(file)]
    with file.with_suffix(".log").open("wb") as log:
        return file, subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)


@click.command("profile")
@click.argument("words", nargs=-1, type=click.Choice(list(PATHS)), metavar="[PATH]...")
@click.option("--seconds", type=click.FloatRange(min=1), default=15.0, show_default=True)
@click.option("--form", type=click.Choice(list(SUFFIXES)), default="flamegraph", show_default=True)
def command(words: tuple[str, ...], seconds: float, form: str) -> None:
    """Profile hot paths (ticks, bursts, runs, pages; all if none is named), one file a process."""
    for word in words or tuple(PATHS):
        click.echo(f"{word}: {seconds:g} s …", err=True)
        for file in profile(word, seconds, form):
            click.echo(str(file))
