"""How the steps of building resources are done: in this thread, or on a loop that must not be held up."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
CallAsync = Callable[[Awaitable[Any]], Any]


class Driver(Protocol):
    """Does what blocks and what is to be awaited."""

    async def call(self, function: Callable[[], T]) -> T:
        """Return what `function` returns, which may block."""

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Return what `awaitable` comes to."""


class ThreadDriver:
    """Calls in the thread that it is used in; `call_async` awaits on some loop and returns."""

    def __init__(self, call_async: CallAsync) -> None:
        """Use with `driven`."""
        self._call_async = call_async

    async def call(self, function: Callable[[], T]) -> T:
        """Call it here."""
        return function()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Block until it is done."""
        result: T = self._call_async(awaitable)
        return result


class LoopDriver:
    """Calls in threads of `executor`, and awaits on the running loop."""

    def __init__(self, executor: Executor | None) -> None:
        """Use on the loop."""
        self._executor = executor

    async def call(self, function: Callable[[], T]) -> T:
        """Call it in a thread, in a copy of this context."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, copy_context().run, function)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await it."""
        return await awaitable


def driven(steps: Coroutine[Any, Any, T]) -> T:
    """Return what `steps` return, which use a ThreadDriver and so never wait for a loop."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError("steps of a thread waited for a loop")
