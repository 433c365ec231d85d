"""Queries that are alike and come at the same time are executed once: who comes while one goes on waits for the next.

An execution answers those alone who asked before it began: each reads all that was committed before it asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Round(Generic[T]):
    """One execution, from when the first asks for it; `answer` stays None if that one went away or failed."""

    def __init__(self) -> None:
        self.answer: T | None = None
        self.ended = asyncio.Event()


class Together(Generic[T]):
    """Rounds of executions by key: at most one goes on, and one gathers those who came since it began.

    The first of a round executes it, in its own task. Where that one is cancelled, or fails, the others begin anew.
    """

    def __init__(self) -> None:
        self._gathering: dict[Hashable, _Round[T]] = {}
        self._executing: dict[Hashable, _Round[T]] = {}

    async def answer(self, key: Hashable, execute: Callable[[], Awaitable[T]]) -> T:
        """Return what an execution answers that began after this was called; raises what `execute` raises."""
        while (joined := self._gathering.get(key)) is not None:
            await joined.ended.wait()
            if joined.answer is not None:
                return joined.answer
        return await self._lead(key, execute)

    async def _lead(self, key: Hashable, execute: Callable[[], Awaitable[T]]) -> T:
        mine = self._gathering[key] = _Round()
        try:
            while (before := self._executing.get(key)) is not None:
                await before.ended.wait()
            del self._gathering[key]
            self._executing[key] = mine
            mine.answer = answer = await execute()
        finally:
            for rounds in (self._gathering, self._executing):
                if rounds.get(key) is mine:
                    del rounds[key]
            mine.ended.set()
        return answer
