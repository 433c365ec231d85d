"""Processes of Vedette forked from one that has imported everything: a start costs a tenth of what it does by hand."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

ANSWER_SECONDS = 60.0


class Forked:
    """A process that the template forked; the part of `subprocess.Popen` that the fleet needs."""

    def __init__(self, pid: int, signalled: Callable[[int, int], None]) -> None:
        self.pid = pid
        self._signalled = signalled
        self._code: int | None = None
        self._ended = threading.Event()

    def ended(self, code: int) -> None:
        """Take in its exit code; that of a signal is negative."""
        self._code = code
        self._ended.set()

    def poll(self) -> int | None:
        """Return the exit code, None while it runs or is stopped."""
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        if not self._ended.wait(timeout) or self._code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self._code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._code is None:
            self._signalled(self.pid, number)

    def kill(self) -> None:
        """Have the kernel end it."""
        self.send_signal(signal.SIGKILL)


class Template:
    """Entered, it is a process that has imported Vedette and forks what it is asked for.

    `prefix` is put before its command: what encloses it encloses all that it forks.
    """

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self._prefix = prefix
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        command = [*self._prefix, sys.executable, "-m", "chaos.template_process"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._children: dict[int, Forked] = {}
        self._answers: list[Forked] = []
        self._answered = threading.Semaphore(0)
        self._reader = threading.Thread(target=self._read, name="template")
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(ANSWER_SECONDS)
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """Return the process that was started, `prefix` and all."""
        return self._process.pid

    def start(self, words: Sequence[str], log: Path, environ: Mapping[str, str]) -> Forked:
        """Fork a process that does what the command line `vedette <words>` does, with these variables besides."""
        self._order({"words": list(words), "log": str(log), "environ": dict(environ)})
        if not self._answered.acquire(timeout=ANSWER_SECONDS):
            raise TimeoutError("The template does not answer.")
        return self._answers.pop()

    def _signal(self, pid: int, number: int) -> None:
        """Have the template send it: it knows who lives, and pids may be of a namespace of its own."""
        self._order({"pid": pid, "signal": int(number)})

    def _order(self, order: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        with self._writing:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "code" in told:
                self._children[told["pid"]].ended(told["code"])
                continue
            child = self._children[told["pid"]] = Forked(told["pid"], self._signal)
            self._answers.append(child)
            self._answered.release()
