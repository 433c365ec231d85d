"""Processes that use an embedded Postgres, and what is left running of one."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from vedette.storage.connecting import connect
from vedette.storage.embedded import folders as embedded_folders

SECONDS = 30.0

PROGRAM = """
import asyncio, sys
from pathlib import Path
from vedette.errors import DatabaseUnreachable
from vedette.storage.embedded.postgres import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
        print(postgres.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

try:
    asyncio.run(main())
except DatabaseUnreachable as error:
    sys.exit(print(error) or 2)
"""


@dataclass
class User:
    """Another process inside its `async with EmbeddedPostgres(home)`."""

    process: asyncio.subprocess.Process
    url: str = ""

    async def entered(self) -> "User":
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        self.url = line.decode().strip()
        assert self.url, "it ended"
        return self

    async def refused(self) -> str:
        """What it said when it could not enter."""
        assert self.process.stdout is not None
        said = await asyncio.wait_for(self.process.stdout.read(), SECONDS)
        assert await self.process.wait() != 0
        return said.decode()

    async def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert await asyncio.wait_for(self.process.wait(), SECONDS) == 0

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def using(home: Path, *prefix: str) -> AsyncIterator[User]:
    """Start a user, at first not yet entered; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *prefix,
        sys.executable,
        "-c",
        PROGRAM,
        str(home),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    user = User(process)
    try:
        yield user
    finally:
        if process.returncode is None:
            await user.kill()


async def ask(url: str, statement: str) -> object:
    """Run one statement; the first value of its first row."""
    connection = await connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def postmaster_pid(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def running(home: Path) -> list[psutil.Process]:
    """Every process of the server: its postmaster, its children, its guard, and what the guard waits with."""
    folders = embedded_folders.Folders(home.resolve() / "postgres")
    return [process for process in psutil.process_iter() if _belongs(process, folders)]


def _belongs(process: psutil.Process, folders: embedded_folders.Folders) -> bool:
    try:
        words = " ".join(process.cmdline())
        if words.startswith(sys.executable) or process.status() == psutil.STATUS_ZOMBIE:
            return False
        waits = words.startswith("flock") and any(file.path == str(folders.users_lock) for file in process.open_files())
        return waits or folders.name in words
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - processes set no Event
            await asyncio.sleep(0.02)
