"""A `vedette dev` to measure: its own home and port, its processes' CPU time and memory."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

SENSOR = '{ sensor(by: {name: {codeLocation: "project", name: "%s"}}) { id } }'


class MeasuredServer:
    """One `vedette dev`; `folder` holds project.py and the home, which a second start finds warm."""

    def __init__(self, folder: Path, source: str) -> None:
        self.folder = folder
        (folder / "project.py").write_text(source)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        self._client = httpx.Client(timeout=60)

    @contextmanager
    def running(self, *options: str, **settings: object) -> Iterator[float]:
        """Run the server with `settings` (slots=1); yield the seconds from its start to its first answer."""
        command = [sys.executable, "-m", "vedette.cli", "dev", str(self.folder / "project.py"), "--no-watch"]
        command += ["--port", str(self.port), "--home", str(self.folder / "home"), *options]
        environment = {f"VEDETTE_{name.upper()}": str(value) for name, value in settings.items()}
        began = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment)
        try:
            self._wait_for_answer(process)
            yield time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(60)

    def _wait_for_answer(self, process: "subprocess.Popen[bytes]") -> None:
        while True:
            with suppress(httpx.TransportError):
                self.query("{ instance { version } }")
                return
            if process.poll() is not None:
                raise SystemExit((self.folder / "server.log").read_text())
            time.sleep(0.005)

    def query(self, document: str) -> Any:
        """Return the data of one operation."""
        answer = self._client.post(f"http://127.0.0.1:{self.port}/graphql", json={"query": document}).json()
        if "errors" in answer:
            raise SystemExit(str(answer["errors"]))
        return answer["data"]

    def sensor_id(self, name: str) -> str:
        """Return the id of the project's sensor `name`, once it is stored and an evaluator holds it."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            sensor = self.query(SENSOR % name)["sensor"]
            if sensor is not None:
                return str(sensor["id"])
            time.sleep(0.05)
        raise SystemExit(
            f"Error: the server does not know the sensor {name}.\n{(self.folder / 'server.log').read_text()}"
        )

    def processes(self) -> list[psutil.Process]:
        """Return every process of this server: those that name its folder, and their children."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.pid != os.getpid() and str(self.folder) in " ".join(process.cmdline()):
                    found |= {each.pid: each for each in [process, *process.children(recursive=True)]}
        return list(found.values())

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU time taken so far by kind of process, that of children that have ended included."""
        taken: dict[str, float] = {}
        for process in self.processes():
            with suppress(psutil.Error):
                kind = kind_of(process)
                times = process.cpu_times()
                both = times.user + times.system + times.children_user + times.children_system
                taken[kind] = taken.get(kind, 0.0) + both
        return taken

    def memory_mb(self) -> dict[str, float]:
        """Return the proportional set size in MB, by kind of process."""
        sizes: dict[str, float] = {}
        for process in self.processes():
            with suppress(psutil.Error):
                kind = kind_of(process)
                sizes[kind] = sizes.get(kind, 0.0) + process.memory_full_info().pss / 1e6
        return sizes


def kind_of(process: psutil.Process) -> str:
    if process.name() == "postgres":
        return "postgres"
    words = " ".join(process.cmdline())
    if "zygote" in words:
        return "user code"
    return "server" if "vedette.cli" in words else "guardian"


def increase(later: dict[str, float], earlier: dict[str, float]) -> dict[str, float]:
    """Return by how much each kind of process has grown."""
    return {kind: value - earlier.get(kind, 0.0) for kind, value in later.items()}


@contextmanager
def measured(source: str) -> Iterator[MeasuredServer]:
    """Yield a server in a folder of its own, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
        yield MeasuredServer(Path(folder), source)


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
