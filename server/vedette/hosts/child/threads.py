"""Worker threads for the sync sensors of a host: daemons, so that one that hangs does not keep its process."""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from vedette.hosts.child.process import end_if_out_of_memory

P = ParamSpec("P")
T = TypeVar("T")

# How long work waits for a thread that is busy before another is woken. Most sensors take far less, and one thread
# that serves ten of them in a row costs a third of ten threads that pass the interpreter around.
PATIENCE_SECONDS = 0.002


class Workers(Executor):
    """At most `limit` threads. Work is submitted from the thread of `loop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self._loop = loop
        self._limit = limit
        self._lock = threading.Lock()
        self._work: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._busy = 0
        self._idle = 0
        self._look_planned = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a thread call `fn`; the result, or what it raised, is in the future."""
        future: Future[T] = Future()
        with self._lock:
            self._work.append((future, lambda: fn(*args, **kwargs)))
            if self._busy == 0:
                self._wake_one()
        self._plan_look()
        return future

    def _plan_look(self) -> None:
        if not self._look_planned and self._work:
            self._look_planned = True
            self._loop.call_later(PATIENCE_SECONDS, self._look)

    def _look(self) -> None:
        """Give each piece of work that still waits a thread of its own."""
        self._look_planned = False
        with self._lock:
            for _ in range(min(len(self._work), self._limit - self._busy)):
                self._wake_one()
        self._plan_look()

    def _wake_one(self) -> None:
        if self._idle:
            self._idle -= 1
            self._wake.put(None)
        else:
            try:
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
                work = self._work.popleft() if self._work else None
                if work is None:
                    self._busy -= 1
                    self._idle += 1
            if work is None:
                self._wake.get()
            else:
                _settle(*work)
            del work


def _settle(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
        end_if_out_of_memory()
    except BaseException as error:  # also what user code raises to end a process: it ends the evaluation only
        future.set_exception(error)
    else:
        future.set_result(result)
