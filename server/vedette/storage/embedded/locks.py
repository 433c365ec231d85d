"""File locks that the kernel drops when their holder dies, however it dies."""

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

# Locks are polled, not waited for: a blocked flock(2) could not be cancelled.
POLL_SECONDS = 0.02


class FileLock:
    """A lock on a file, shared or exclusive, held by this object until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the lock and the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def release(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def try_share(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_exclude(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    async def share(self) -> None:
        """Wait until nobody holds it exclusively, and hold it with any number of others."""
        while not self.try_share():  # noqa: ASYNC110 - other processes set no Event
            await asyncio.sleep(POLL_SECONDS)

    async def exclude(self) -> None:
        """Wait until nobody holds it, and hold it alone."""
        while not self.try_exclude():  # noqa: ASYNC110 - other processes set no Event
            await asyncio.sleep(POLL_SECONDS)

    def _try(self, mode: int) -> bool:
        """Not atomic when another mode is held: that one is given up first, as flock(2) has it."""
        try:
            fcntl.flock(self._file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
