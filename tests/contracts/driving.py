"""A client in a process of its own that prints a JSON line for each thing that it receives."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

SECONDS = 60.0


class Driven:
    """The process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def heard(self) -> Any:
        """Return what it received next."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        async with asyncio.timeout(SECONDS):
            line = await self._process.stdout.readline()
            assert line, (await self._process.stderr.read()).decode()
        return json.loads(line)

    async def tell(self, line: str) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def driven(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Driven]:
    """Run a client until the end."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
    )
    try:
        yield Driven(process)
    finally:
        # A runner's own child too, which would hold the pipes open.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
