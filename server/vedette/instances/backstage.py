"""A loop in a thread of its own, for as long as this process lives: what an instance needs besides its callers."""

import asyncio
import atexit
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeVar

from vedette.errors import InstanceUnavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEAVE_SECONDS = 10.0


class Backstage:
    """Runs coroutines for threads that wait. What is entered here is left when the process ends, the last first."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._left = AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._loop.run_forever, name="vedette instance", daemon=True)
        self._thread.start()
        atexit.register(self._leave)

    def run(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Return what `work` comes to. Raises what it raises, InstanceUnavailable after so many seconds."""
        if os.getpid() != self._pid:
            work.close()
            raise InstanceUnavailable("A process that was forked cannot use the instance of the one it came from.")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise InstanceUnavailable(f"The database did not answer within {seconds:.0f} s.") from None
        except BaseException:
            future.cancel()
            raise

    async def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        """Enter `context` for as long as the process lives."""
        return await self._left.enter_async_context(context)

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Have `work` done meanwhile, for nobody who waits; given up when the process ends."""
        task = self._loop.create_task(self._tried(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tried(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            logger.debug("What was done ahead came to nothing: %s", error)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._left.aclose()

    def at_end(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Call something when the process ends, before what was entered earlier is left."""
        self._left.push_async_callback(call)

    def _leave(self) -> None:
        if os.getpid() != self._pid:
            return
        with contextlib.suppress(Exception):
            self.run(self._end(), LEAVE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LEAVE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()
