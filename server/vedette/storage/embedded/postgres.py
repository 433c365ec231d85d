"""The embedded Postgres: as many processes as like share one server per home, the last one to leave stops it.

Two file locks, which the kernel drops with their holder, do all the counting. `users.lock` is held shared by every
user. `turn.lock` is held alone by whoever starts or stops, so that starts and stops come one after the other. The
server's parent, a guard, waits for `users.lock` alone: when every user is gone, killed or not, it stops the server.
Whether the server runs is asked of its socket; a pid file proves nothing.
"""

import asyncio
import contextlib
import logging
import subprocess
import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from vedette.errors import DatabaseUnreachable, unreachable
from vedette.settings import redacted
from vedette.storage.embedded import account as embedded_account
from vedette.storage.embedded import binaries as embedded_binaries
from vedette.storage.embedded import folders as embedded_folders
from vedette.storage.embedded import processes as embedded_processes
from vedette.storage.embedded.folders import ROLE
from vedette.storage.embedded.locks import FileLock

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.02
PROBE_SECONDS = 5.0
# Recovery after a crash replays what was written since the last checkpoint, at most a few hundred MB here.
START_SECONDS = 600.0
NOTICE_SECONDS = 5.0
GUARD_SECONDS = 5.0


class Answer(Enum):
    """What the socket says."""

    READY = "ready"
    BUSY = "starting up, recovering or shutting down"
    NOBODY = "nobody listens"


class EmbeddedPostgres:
    """A running Postgres with its data under `home`, for as long as the `async with` block lasts.

    `options` are settings of the server (name to value) for the case that this process is the one to start it.
    Raises DatabaseUnreachable, one sentence with what the server said, when it cannot be had.
    """

    def __init__(self, home: Path, options: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._options = dict(options or {})
        self._guard: int | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether there is no database yet: entering makes one, which takes most of a second."""
        return not (self._home / "postgres" / "data").exists()

    async def __aenter__(self) -> Self:
        self._folders = await asyncio.to_thread(embedded_folders.create, self._home)
        self.url = f"postgresql://{ROLE}@/postgres?host={quote(str(self._folders.socket))}&port=5432&sslmode=disable"
        self._users = FileLock(self._folders.users_lock)
        try:
            with FileLock(self._folders.turn_lock) as turn:
                await turn.exclude()
                await self._share()
                await self._ensure_running()
        except BaseException as error:
            # Without this user, the guard stops what was started.
            self._users.close()
            if isinstance(error, OSError | subprocess.SubprocessError):
                raise DatabaseUnreachable(
                    f"The embedded Postgres in {self._folders.root} cannot be started: {error}."
                ) from error
            raise
        self._watching = asyncio.create_task(self._watch(), name="embedded postgres")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.shield(leaving)
        except asyncio.CancelledError:
            await leaving
            raise

    async def _leave(self) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])
        with self._users as users, FileLock(self._folders.turn_lock) as turn:
            await turn.exclude()
            if users.try_exclude():
                await embedded_processes.stop(self._folders)
                embedded_folders.remove_socket_folder(self._folders)
            else:
                await self._share()
                if await probe(self.url) is not Answer.NOBODY:
                    return
        if self._guard is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(embedded_processes.reap(self._guard), GUARD_SECONDS)

    async def _share(self) -> None:
        """Become one of the users; a guard that stops the server just now comes first, and is helped if it hangs."""
        try:
            async with asyncio.timeout(embedded_processes.FAST_SECONDS):
                await self._users.share()
        except TimeoutError:
            await embedded_processes.stop(self._folders)
            await self._users.share()

    async def _watch(self) -> None:
        """Start the server again when it died under its users: one of them does, the others find it running."""
        while True:
            await embedded_processes.death(self._folders)
            logger.warning("The embedded Postgres in %s died; it is started again.", self._folders.root)
            try:
                with FileLock(self._folders.turn_lock) as turn:
                    await turn.exclude()
                    await self._ensure_running()
            except (DatabaseUnreachable, OSError, subprocess.SubprocessError) as error:
                logger.error("%s", error)
                await asyncio.sleep(NOTICE_SECONDS)

    async def _ensure_running(self) -> None:
        """Under both locks: nobody else starts or stops it meanwhile."""
        folders = self._folders
        if await self._settle(None, 0):
            return
        found = await asyncio.to_thread(embedded_binaries.find, embedded_folders.data_major(folders))
        account = embedded_account.account(folders.data)
        account = await asyncio.to_thread(embedded_account.with_access, account, found.postgres, folders.root)
        embedded_folders.remove_unfinished(folders)
        if not folders.data.exists():
            await asyncio.to_thread(embedded_folders.create_data, folders, found, account)
        embedded_folders.create_socket_folder(folders, account)
        await embedded_processes.clear_leftovers(folders)
        if self._guard is not None:
            embedded_processes.ended(self._guard)
        said = embedded_folders.rotate_log(folders)
        self._guard = embedded_processes.start(folders, found, account, self._options)
        if not await self._settle(self._guard, said):
            raise DatabaseUnreachable(
                f"The embedded Postgres in {folders.root} did not start: "
                f"{embedded_processes.log_tail(folders.log, said) or 'it said nothing'} (its log is {folders.log})."
            )

    async def _settle(self, guard: int | None, said: int) -> bool:
        """Wait while the server is on its way up or down; True when it is up, False when there is none."""
        began = time.monotonic()
        noticed = began
        while (answer := await probe(self.url)) is not Answer.READY:
            if not await self._alive(guard, answer):
                return False
            now = time.monotonic()
            if now - began > START_SECONDS:
                raise DatabaseUnreachable(
                    f"The embedded Postgres in {self._folders.root} is not ready after {START_SECONDS:.0f} s "
                    f"({answer.value}): its log is {self._folders.log}."
                )
            if now - noticed > NOTICE_SECONDS:
                noticed = now
                logger.info("Waiting for the embedded Postgres, %.0f s so far: %s.", now - began, answer.value)
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def _alive(self, guard: int | None, answer: Answer) -> bool:
        if guard is not None:
            return not embedded_processes.ended(guard)
        if answer is Answer.BUSY:
            return True
        return await asyncio.to_thread(embedded_processes.postmaster, self._folders) is not None


async def probe(url: str) -> Answer:
    """Ask the server itself, by connecting to it."""
    try:
        connection = await asyncpg.connect(url, timeout=PROBE_SECONDS)
    except (FileNotFoundError, ConnectionRefusedError):
        return Answer.NOBODY
    except asyncpg.TooManyConnectionsError:
        return Answer.READY
    except (ConnectionError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
        return Answer.BUSY
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise unreachable(redacted(url), error) from None
    await connection.close(timeout=PROBE_SECONDS)
    return Answer.READY
