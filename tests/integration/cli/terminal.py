"""The command line as a process of its own, while the test goes on serving it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

SECONDS = 30.0


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what it printed, as JSON."""
        return json.loads(self.out)

    def fails(self, code: int, *words: str) -> None:
        """Check for the exit code and one line on standard error that has `words`."""
        assert self.code == code, self
        assert self.err.startswith("Error: "), self
        assert self.err.count("\n") == 1, self
        for word in words:
            assert word in self.err


class Following:
    """A command that prints until it is stopped."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """Return the next line of standard output."""
        assert self._process.stdout is not None
        return await self._read(self._process.stdout)

    async def error_line(self) -> str:
        """Return the next line of standard error."""
        assert self._process.stderr is not None
        return await self._read(self._process.stderr)

    async def _read(self, stream: asyncio.StreamReader) -> str:
        async with asyncio.timeout(SECONDS):
            return (await stream.readline()).decode().rstrip("\n")

    async def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Return the exit code when it has ended."""
        async with asyncio.timeout(SECONDS):
            return await self._process.wait()


class Terminal:
    """Calls `vedette` for one server."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    async def call(self, *words: str) -> Done:
        """Run a command to its end."""
        process = await self._start(*words)
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def ok(self, *words: str) -> Done:
        """Run a command that has to work."""
        done = await self.call(*words)
        assert done.code == 0, done
        assert done.err == ""
        return done

    @asynccontextmanager
    async def follow(self, *words: str) -> AsyncIterator[Following]:
        """Start a command that goes on; leaving kills it."""
        process = await self._start(*words)
        try:
            yield Following(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def _start(self, *words: str) -> asyncio.subprocess.Process:
        command = [sys.executable, "-m", "vedette.cli", *words, *([] if self._url is None else ["--url", self._url])]
        return await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
