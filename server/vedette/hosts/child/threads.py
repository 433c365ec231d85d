"""Worker threads for the sync sensors of a host: daemons, so that one that hangs does not keep its process."""

import asyncio
import os
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from vedette.hosts.child.process import OUT_OF_MEMORY, MemoryWatch, allow_thread

P = ParamSpec("P")
T = TypeVar("T")

# How often to look whether what waits for a thread moves on. Most sensors take far less than this, and one thread that
# serves a hundred of them in a row costs a third of ten threads that pass the interpreter around.
LOOK_SECONDS = 0.002
# What waits is to be begun within this many looks, at the pace of the last one; else more threads are woken.
LOOKS_AHEAD = 5
FAILED = 70


class Workers(Executor):
    """At most `limit` threads. Work is given from the thread of `loop`.

    `on_pause` is called, from any thread, when a thread has nothing more to do, and every 2 ms while work waits.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int, on_pause: Callable[[], None]) -> None:
        self._loop = loop
        self._limit = limit
        self._on_pause = on_pause
        self._lock = threading.Lock()
        self._work: deque[Callable[[], None]] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._busy = 0
        self._idle = 0
        self._done = 0
        self._done_at_look = 0
        self._more = 1
        self._look_planned = False
        self.memory = MemoryWatch()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread call `fn`; the result, or what it raised, is in the future."""
        future: Future[T] = Future()
        self.post([lambda: self._settle(future, lambda: fn(*args, **kwargs))])
        return future

    def post(self, calls: Iterable[Callable[[], None]]) -> None:
        """Have threads make the calls, which raise nothing, in this order."""
        with self._lock:
            self._work.extend(calls)
            if self._busy == 0 and self._work:
                self._wake_one()
        self._plan_look()

    def _plan_look(self) -> None:
        if not self._look_planned and self._work:
            self._look_planned = True
            self._loop.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Wake more threads, each time twice as many, while the work that waits moves on too slowly."""
        self._look_planned = False
        self._on_pause()
        with self._lock:
            done, self._done_at_look = self._done - self._done_at_look, self._done
            if len(self._work) > LOOKS_AHEAD * done:
                for _ in range(min(self._more, len(self._work), self._limit - self._busy)):
                    self._wake_one()
                self._more = min(2 * self._more, self._limit)
            else:
                self._more = 1
        self._plan_look()

    def _wake_one(self) -> None:
        if self._idle:
            self._idle -= 1
            self._wake.put(None)
        else:
            try:
                allow_thread()
                threading.Thread(target=self._serve, name="sensor", daemon=True).start()
            except RuntimeError:
                # Out of memory or of threads: the work waits for a thread that there is.
                if self._busy == 0:
                    raise
                return
        self._busy += 1

    def _serve(self) -> None:
        while True:
            with self._lock:
                call = self._work.popleft() if self._work else None
            if call is None:
                self._on_pause()
                self._rest()
                continue
            try:
                call()
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            except BaseException:
                traceback.print_exc()
                os._exit(FAILED)
            del call
            self._done += 1

    def _rest(self) -> None:
        with self._lock:
            if self._work:
                return
            self._busy -= 1
            self._idle += 1
        self._wake.get()

    def _settle(self, future: "Future[T]", call: Callable[[], T]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = call()
            self.memory.look()
        except BaseException as error:  # also what user code raises to end a process: it ends the evaluation only
            future.set_exception(error)
        else:
            future.set_result(result)
