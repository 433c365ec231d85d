"""Real clusters on 127.0.0.1: their schedulers and workers as processes of their own, which tests kill and restart."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_SECONDS = 90.0
# By Dask's and Ray's own names: one processor each of two workers, and one graphics processor in all.
CPUS = 2
GPUS = 1


class Cluster:
    """A cluster whose processes can be found, killed and started again."""

    name: str
    scheme = ""

    def __init__(self) -> None:
        self.port = free_port()
        self._processes: list[psutil.Popen] = []
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the cluster

    @property
    def address(self) -> str:
        """Return what engine_address says."""
        return f"{self.scheme}127.0.0.1:{self.port}"

    @abstractmethod
    def start(self) -> None:
        """Start everything that is not there, and wait until it is."""

    def stop_scheduler(self) -> None:
        """Kill what schedules."""
        self.stop()

    def stop(self) -> None:
        """Kill everything."""
        processes, self._processes = self._processes, []
        everything = [one for process in processes for one in (process, *descendants(process))]
        for process in everything:
            kill(process)
        psutil.wait_procs(everything, timeout=10)

    def close(self) -> None:
        """Kill everything, for good."""
        self.stop()
        self._log.close()

    def _spawn(self, *words: str) -> psutil.Popen:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("VEDETTE_")}
        environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1", "PYTHONWARNINGS": "ignore"}
        process = psutil.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, env=environ, start_new_session=True
        )
        self._processes.append(process)
        return process

    def _until_listening(self, process: psutil.Popen) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(self.port):
            assert process.poll() is None, self.told()
            assert time.monotonic() < deadline, self.told()
            time.sleep(0.05)

    def told(self) -> str:
        """Return the last of what its processes have written."""
        self._log.seek(0)
        return self._log.read()[-4000:].decode(errors="replace")


class NoCluster(Cluster):
    """Something that listens, for `here_driver`."""

    name = "here"

    def __init__(self) -> None:
        super().__init__()
        self._listening = socket.create_server(("127.0.0.1", self.port))

    def start(self) -> None:
        """It listens."""

    def close(self) -> None:
        super().close()
        self._listening.close()


class DaskCluster(Cluster):
    """A scheduler and two workers, without nannies: a worker that is killed is gone until `start`."""

    name = "dask"
    scheme = "tcp://"

    def __init__(self) -> None:
        super().__init__()
        self._scheduler: psutil.Popen | None = None
        self._workers: dict[str, psutil.Popen] = {}

    def start(self) -> None:
        if self._scheduler is None or self._scheduler.poll() is not None:
            self._scheduler = self._spawn(
                *_dask("scheduler"), "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
            )
            self._until_listening(self._scheduler)
        for name, resources in (("one", f"CPU={CPUS // 2} MEMORY=2e9 GPU={GPUS}"), ("two", f"CPU={CPUS // 2}")):
            if name not in self._workers or self._workers[name].poll() is not None:
                words = ["--host", "127.0.0.1", "--name", name, "--nthreads", "4", "--no-nanny", "--no-dashboard"]
                words += ["--resources", resources, "--local-directory", tempfile.gettempdir()]
                self._workers[name] = self._spawn(*_dask("worker"), self.address, *words)

    def stop_scheduler(self) -> None:
        """Kill the scheduler alone; its workers end by themselves when they notice."""
        assert self._scheduler is not None
        kill(self._scheduler)
        _, left = psutil.wait_procs([self._scheduler, *self._workers.values()], timeout=30)
        assert not left, self.told()


class RayCluster(Cluster):
    """A head with its workers; whatever of it is killed, a new one is started."""

    name = "ray"

    def __init__(self) -> None:
        super().__init__()
        # Sockets lie below it, and their paths may not be long.
        self._folder = Path(tempfile.mkdtemp(prefix="ray-"))

    def start(self) -> None:
        if self._processes and self._processes[0].poll() is None:
            return
        ray = str(Path(sys.executable).with_name("ray"))
        head = self._spawn(
            ray, "start", "--head", "--block", "--node-ip-address", "127.0.0.1", "--port", str(self.port),
            "--num-cpus", str(CPUS), "--num-gpus", str(GPUS), "--include-dashboard", "false",
            "--include-log-monitor", "false", "--object-store-memory", str(100 * 2**20),
            "--temp-dir", str(self._folder), "--disable-usage-stats",
        )  # fmt: skip
        self._until_listening(head)

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    """Run a cluster; show what it wrote if the block fails."""
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def worker_of(pid: int) -> psutil.Process:
    """Return the engine's worker above a run's process: the one that started the agent."""
    for process in psutil.Process(pid).parents():
        if any(word.endswith("remote.agent") for word in process.cmdline()):
            return process.parent() or process
    raise AssertionError(f"Process {pid} has no agent above it: {psutil.Process(pid).parents()}")


def agent_of(pid: int) -> psutil.Process:
    """Return the agent above a run's process."""
    return next(one for one in psutil.Process(pid).parents() if any("remote.agent" in word for word in one.cmdline()))


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return all that a process has started, as far as it is still its own."""
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(process: psutil.Process) -> None:
    """Kill it, if it is there."""
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Tell whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _dask(what: str) -> list[str]:
    return [sys.executable, "-m", f"distributed.cli.dask_{what}"]
