"""What nobody comes to await: it is ended when its execution ends.

Where a field raises at once, where an error above makes a null of it, or where an execution is cancelled between two
turns of the loop, the coroutines of the fields beside it were made and have not begun. graphql-core begins some of them
in the background, where their errors are told of until the null is there; it lets them go on when the answer is on its
way or was given up, and leaves others to the garbage collector.
"""

from asyncio import Future, ensure_future, get_running_loop, isfuture
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeGuard


class Unawaited:
    """What one execution has made: the coroutines that `noting` was asked about, and tasks of the background."""

    def __init__(self) -> None:
        self._made: list[Coroutine[Any, Any, Any]] = []
        self._tasks: set[Future[Any]] = set()

    def noting(self, is_awaitable: Callable[[Any], Any]) -> Callable[[Any], TypeGuard[Any]]:
        """Return `is_awaitable` as an executor is to ask it: of each coroutine before it goes anywhere."""
        note = self._made.append

        def asked(value: Any) -> TypeGuard[Any]:
            if type(value) is CoroutineType:
                note(value)
                return True
            return bool(is_awaitable(value))

        return asked

    def begin(self, awaitables: Iterable[Awaitable[Any]]) -> list[Awaitable[Any]]:
        """Return them as futures; what is made a task here is cancelled at the end. Without a loop nothing begins."""
        try:
            get_running_loop()
        except RuntimeError:
            return list(awaitables)
        return [one if isfuture(one) else self._task(one) for one in awaitables]

    def _task(self, awaitable: Awaitable[Any]) -> Future[Any]:
        task = ensure_future(awaitable)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Cancel the tasks, and close the coroutines that have not begun; others are ended by whoever awaits them."""
        for task in self._tasks:
            task.cancel()
        for made in self._made:
            if getcoroutinestate(made) == CORO_CREATED:
                made.close()
        self._made.clear()
