"""Threads that user code starts speak for the evaluation or step that started them.

A new thread begins without context variables, and one of a pool keeps those of nobody: so a thread is told the capture
that is current where it is started, and a pool's thread that of each call that it is given.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from vedette.execution.capture import CURRENT, Capture

_start = threading.Thread.start
_submit = ThreadPoolExecutor.submit


def carry_captures() -> None:
    """Have threads carry captures along from now on, in this process; cheap to repeat."""
    threading.Thread.start = _starting  # type: ignore[method-assign,assignment]  # the one place all threads pass through
    ThreadPoolExecutor.submit = _submitting  # type: ignore[method-assign,assignment]  # as above, for pools


def _starting(thread: threading.Thread) -> None:
    capture = CURRENT.get()
    if capture is not None and capture.is_open:
        thread.run = _speaking_for(capture, thread.run)  # type: ignore[method-assign]  # of this thread only
    _start(thread)


def _submitting(pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    capture = CURRENT.get()
    if capture is not None and capture.is_open:
        function = _speaking_for(capture, function)
    return _submit(pool, function, *args, **kwargs)


def _speaking_for(capture: Capture, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **kwargs: Any) -> Any:
        token = CURRENT.set(capture)
        try:
            return function(*args, **kwargs)
        finally:
            CURRENT.reset(token)

    return called
