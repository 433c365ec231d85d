"""The processes of Vedette, as an operator starts them: `serve`, `evaluate` and `launch`, each with a log."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import httpx

from chaos.template import Forked, Template
from vedette.faults import VARIABLE

PROJECT = Path(__file__).parent / "project.py"
# Short, so that a fault costs seconds; the ratios are those of the defaults.
SETTINGS = {
    "VEDETTE_LEASE_SECONDS": "2",
    "VEDETTE_POLL_SECONDS": "1",
    "VEDETTE_STARTED_AFTER_SECONDS": "0.1",
    "VEDETTE_SHUTDOWN_GRACE_SECONDS": "4",
    "VEDETTE_SLOTS": "4",
    "VEDETTE_EXECUTION_SECONDS": "6",
    "VEDETTE_READY_LAG_SECONDS": "1.5",
}
ANNOUNCED = {"serve": "GraphQL at", "evaluate": "Evaluating the sensors of", "launch": "Launching the runs of"}
ROLES = tuple(ANNOUNCED)


class Place(NamedTuple):
    """Where a process runs: forked from `template`, or by hand without one; a server listens on `ip`."""

    template: Template | None = None
    ip: str = "127.0.0.1"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Return once `condition` is true, asked every 20 ms; raises TimeoutError that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)


class Process:
    """One process of Vedette; `environ` are variables of its own."""

    def __init__(self, role: str, log: Path, port: int, environ: Mapping[str, str], place: Place) -> None:
        self.role = role
        self.port = port
        self.place = place
        self.address = f"{place.ip}:{port}"
        self.name = log.stem
        self.log = log
        listening = ["--host", place.ip, "--port", str(port)]
        words = [role, *listening] if role == "serve" else [role, str(PROJECT), "--home", str(log.parent)]
        self.process: subprocess.Popen[bytes] | Forked
        log.touch()
        if place.template is not None:
            self.process = place.template.start(words, log, environ)
            return
        command = [sys.executable, "-m", "vedette.cli", *words]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=os.environ | environ, start_new_session=True
            )

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs, or is stopped."""
        return self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Tell whether it has said that it works."""
        return self.said(ANNOUNCED[self.role])

    def said(self, text: str) -> bool:
        """Tell whether its log has `text`."""
        return text in self.log.read_text(errors="replace")

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Return when it works or has met its fault; raises TimeoutError, and RuntimeError if it ended by itself."""
        wait_until(lambda: self.is_ready or not self.is_alive, f"{self.name} to work", seconds)
        if not self.is_ready and not self.said("fault injected"):
            raise RuntimeError(f"{self.name} ended: {self.log.read_text()}")

    def kill(self) -> None:
        """Have the kernel end it: SIGKILL."""
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = 30.0) -> int:
        """Ask it to end; return its exit code. Raises subprocess.TimeoutExpired."""
        if self.is_alive:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def answers(self) -> bool:
        """Tell whether its API answers; `serve` only."""
        try:
            query = {"query": "{ instance { version } }"}
            return httpx.post(f"http://{self.address}/graphql", json=query, timeout=10).status_code == 200
        except httpx.TransportError:
            return False


HERE = Place()


class Fleet:
    """All processes over one database; leaving kills what is left of them.

    `place` is where they run by default, `settings` are variables that all of them get.
    """

    def __init__(
        self, folder: Path, url: str, place: Place = HERE, settings: Mapping[str, str] = MappingProxyType(SETTINGS)
    ) -> None:
        self.folder = folder
        self.url = url
        self._place = place
        self._settings = settings
        self.processes: list[Process] = []
        self._numbers = itertools.count(1)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.is_alive:
                process.kill()

    def start(
        self, role: str, faults: str = "", port: int | None = None, place: Place | None = None, **environ: str
    ) -> Process:
        """Start one more process, with `faults` as in `vedette.faults`; a `serve` takes a free port by itself."""
        port = port or (free_port() if role == "serve" else 0)
        given = {"VEDETTE_DATABASE_URL": self.url, "CHAOS_FOLDER": str(self.folder), VARIABLE: faults}
        log = self.folder / f"{role}-{next(self._numbers)}.log"
        process = Process(role, log, port, {**self._settings, **given, **environ}, place or self._place)
        self.processes.append(process)
        return process

    def replace(self, dead: Process) -> Process:
        """Start a process in the place of one that has ended."""
        self.processes.remove(dead)
        return self.start(dead.role, port=dead.port, place=dead.place)
