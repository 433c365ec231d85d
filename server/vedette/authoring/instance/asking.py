"""How the instance is asked: by whoever has the database, in this process or in the one that started it."""

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from vedette.domain.questions import MOST_ROWS, Question
from vedette.errors import AnswerTooLarge, InvocationError

T = TypeVar("T")

# The loop that serves other evaluations besides the one of this context: it must not be kept waiting.
SHARED_LOOP: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("vedette_shared_loop", default=None)


class Ask(Protocol):
    """Asks, and waits for the answer."""

    def __call__(self, question: Question, answer_type: Any) -> Any:
        """Return the answer, a value of `answer_type`. Raises InstanceUnavailable, AnswerTooLarge."""


class Asking:
    """What the parts of an instance have in common."""

    def __init__(self, ask: Ask) -> None:
        """Ask by `ask`."""
        self._asks = ask

    def _ask(self, question: Question, answer_type: Any) -> Any:
        """Return the answer; raises InvocationError on a loop that others wait for, InstanceUnavailable."""
        if (shared := SHARED_LOOP.get()) is not None and shared is _running_loop():
            raise InvocationError(
                "The instance is asked in an async function, and other evaluations would wait for the answer: use"
                " `await asyncio.to_thread(context.instance.get_runs, ...)`, or make the function sync."
            )
        return self._asks(question, answer_type)

    def _pages(self, page: Callable[[int, T | None], list[Any]], limit: int | None) -> Iterator[Any]:
        """Yield the rows of page after page, `limit` at most; `page` is given a size and the row before it.

        A page that is too large for one answer is asked for in smaller ones.
        """
        size, last, left = MOST_ROWS, None, limit
        while left is None or left > 0:
            wanted = size if left is None else min(size, left)
            try:
                rows = page(wanted, last)
            except AnswerTooLarge:
                if wanted == 1:
                    raise
                size = wanted // 2
                continue
            yield from rows
            if len(rows) < wanted:
                return
            last = rows[-1]
            left = None if left is None else left - len(rows)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
