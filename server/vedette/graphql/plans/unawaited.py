"""Coroutines that nobody comes to await: they are closed when their execution ends.

Where a field raises at once, where an error above makes a null of it, or where an execution is cancelled between two
turns of the loop, the coroutines of the fields beside it were made and have not begun. graphql-core begins some of them
in the background, when the answer is on its way or was given up, and leaves others to the garbage collector.
"""

from collections.abc import Callable, Coroutine
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType
from typing import Any, TypeGuard


class Unawaited:
    """The coroutines of one execution: all that `noting` was asked about."""

    def __init__(self) -> None:
        self._made: list[Coroutine[Any, Any, Any]] = []

    def noting(self, is_awaitable: Callable[[Any], Any]) -> Callable[[Any], TypeGuard[Any]]:
        """Return `is_awaitable` as an executor is to ask it: of each coroutine before it goes anywhere."""
        note = self._made.append

        def asked(value: Any) -> TypeGuard[Any]:
            if type(value) is CoroutineType:
                note(value)
                return True
            return bool(is_awaitable(value))

        return asked

    def close(self) -> None:
        """Close those that have not begun; what has begun is ended by whoever awaits it."""
        for made in self._made:
            if getcoroutinestate(made) == CORO_CREATED:
                made.close()
        self._made.clear()
