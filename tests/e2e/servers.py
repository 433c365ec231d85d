"""A `vedette dev` of one's own: started as a user would, asked over GraphQL, killed as the kernel would."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

Json = Any

# Asked until it is answered.
READY = "{ instance { version } }"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], Any], what: str, timeout: float = 30.0) -> Any:
    """Return the first true answer of `condition`, asked every 50 ms; fail with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}")


class DevServer:
    """`vedette dev project.py` on a port and a home of its own. `project` holds project.py."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.home = project.parent / "home"
        self.port = free_port()
        self.log = project.parent / "server.log"
        # What the API is asked with, where it asks who one is.
        self.token: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return the address of the interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Return the address of the API."""
        return f"{self.address}/graphql"

    def write(self, source: str) -> None:
        """Make `source` the project."""
        (self.project / "project.py").write_text(source)

    def make_token(self, name: str, role: str, *options: str) -> str:
        """Return a new token, made as an operator makes one, whether the server runs or not."""
        command = [sys.executable, "-m", "vedette.cli", "token", "create", "--name", name, "--role", role, *options]
        made = subprocess.run([*command, "--home", str(self.home)], check=True, capture_output=True, text=True)
        return made.stdout.strip()

    def start(self, *options: str, **environ: str) -> None:
        """Start the server and return when the API answers."""
        self.launch(*options, **environ)
        self.wait_ready()

    def launch(self, *options: str, **environ: str) -> None:
        """Start the server's process."""
        command = [sys.executable, "-m", "vedette.cli", "dev", str(self.project / "project.py")]
        command += ["--port", str(self.port), "--home", str(self.home), *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **environ}, start_new_session=True
            )

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return when the API answers."""

        def answers() -> bool:
            assert self.process.poll() is None, f"the server ended:\n{self.log.read_text()}"
            try:
                return bool(self.query(READY))
            except httpx.TransportError:
                return False

        wait_until(answers, f"an answer of the API; its log:\n{self.log.read_text()}", timeout)

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """Return the server's process."""
        assert self._process is not None
        return self._process

    def query(self, document: str, **variables: Json) -> Json:
        """Return the data of one operation; errors fail the test."""
        headers = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        body = {"query": document, "variables": variables}
        answer = httpx.post(self.url, json=body, headers=headers, timeout=60).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def pages(self, document: str, field: str, **variables: Json) -> Iterator[Json]:
        """Yield every node of the connection `field`, page by page; `document` takes `$after`."""
        after: str | None = None
        while True:
            connection = self.query(document, after=after, **variables)[field]
            yield from (edge["node"] for edge in connection["edges"])
            if not connection["pageInfo"]["hasNextPage"]:
                return
            after = connection["pageInfo"]["endCursor"]

    def tree(self) -> list[psutil.Process]:
        """Return every living process that belongs to this server: its children, and all that name its home."""
        found: dict[int, psutil.Process] = {}
        if self._process is not None and psutil.pid_exists(self._process.pid):
            root = psutil.Process(self._process.pid)
            found = {process.pid: process for process in [root, *root.children(recursive=True)]}
        for process in psutil.process_iter():
            with _vanishing():
                if process.pid != os.getpid() and str(self.home) in " ".join([*process.cmdline(), process.cwd()]):
                    found[process.pid] = process
        return [process for process in found.values() if _is_alive(process)]

    def kill_tree(self) -> None:
        """SIGKILL every process of the server at once."""
        for process in self.tree():
            with _vanishing():
                process.kill()
        if self._process is not None:
            self._process.wait(30)
        wait_until(lambda: not self.tree(), "the end of every process")

    def interrupt(self, timeout: float = 30.0) -> int:
        """Send SIGINT, as Ctrl-C does, and return the exit code."""
        self.process.send_signal(2)
        return self.process.wait(timeout)


@contextmanager
def _vanishing() -> Iterator[None]:
    """Ignore that a process ended while it was looked at."""
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        yield


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def dump(value: Json) -> str:
    """Return `value` as text for a failure message."""
    return json.dumps(value, indent=2)
