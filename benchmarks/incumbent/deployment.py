"""The incumbent at work on one project: a code server and the daemon, each a process, in a home of their own."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks import processes
from benchmarks.incumbent import storage
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until

START_SECONDS = 300.0
STOP_SECONDS = 20.0

# Runs stay in the queue: what it costs to ask for them is told apart from what it costs to launch them.
HELD_QUEUE = (
    "run_coordinator: {module: dagster.core.run_coordinator, class: QueuedRunCoordinator, "
    "config: {max_concurrent_runs: 0}}\n"
)


class Deployment:
    """A home with project.py and the records; programs run there, all in `measured`."""

    def __init__(self, incumbent: Incumbent, home: Path, records: storage.Storage) -> None:
        self.incumbent = incumbent
        self.home = home
        self.records = records
        self.notes = home / "notes"
        self._started: list[psutil.Process] = []

    def measured(self) -> list[psutil.Process]:
        """Return every process of it that lives, the database's included."""
        return processes.trees([*self._started, *self.records.processes()])

    @contextmanager
    def program(self, name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run one of its programs while the context is open."""
        environment = os.environ | {"DAGSTER_HOME": str(self.home), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment["PATH"] = f"{self.incumbent.folder / 'bin'}:{environment['PATH']}"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with (self.home / f"{name}.log").open("ab") as log:
            command = [self.incumbent.program(name), *arguments]
            process = subprocess.Popen(command, cwd=self.home, env=environment, stdout=log, stderr=log)
        known = psutil.Process(process.pid)
        self._started.append(known)
        try:
            yield process
        finally:
            below = processes.trees([known])
            self._started.remove(known)
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            for each in below:
                with suppress(psutil.Error):
                    each.kill()
            process.wait()

    @contextmanager
    def code_server(self) -> Iterator[None]:
        """Serve project.py to the others while the context is open."""
        port = free_port()
        where = f"{{host: 127.0.0.1, port: {port}, location_name: bench}}"
        (self.home / "workspace.yaml").write_text(f"load_from: [{{grpc_server: {where}}}]\n")
        address = ("-h", "127.0.0.1", "-p", str(port), "--location-name", "bench")
        with self.program("dagster", "api", "grpc", "-f", str(self.home / "project.py"), *address) as process:
            wait_until(lambda: listens(port) or process.poll() is not None, "the code server", START_SECONDS)
            if process.poll() is not None:
                raise RuntimeError(f"The incumbent's code server ended: {(self.home / 'dagster.log').read_text()}")
            yield

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Evaluate sensors and launch runs while the context is open."""
        with self.program("dagster-daemon", "run", "-w", str(self.home / "workspace.yaml")):
            yield


@contextmanager
def prepared(incumbent: Incumbent, kind: storage.Kind, source: str, settings: str = "") -> Iterator[Deployment]:
    """Yield a deployment of the project `source` of which nothing runs yet but its database."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="incumbent-bench-", ignore_cleanup_errors=True))
        home = Path(folder)
        home.chmod(0o755)
        records = stack.enter_context(storage.opened(kind, home))
        (home / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{records.settings}{settings}")
        (home / "project.py").write_text(source)
        yield Deployment(incumbent, home, records)


@contextmanager
def deployed(incumbent: Incumbent, kind: storage.Kind, source: str, settings: str = "") -> Iterator[Deployment]:
    """Yield a deployment whose code server and daemon run."""
    with prepared(incumbent, kind, source, settings) as deployment, deployment.code_server(), deployment.daemon():
        yield deployment


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def listens(port: int) -> bool:
    """Tell whether something answers on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
