"""One execution of a subscription that many clients follow: what it tells is kept for those who are a little behind."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from graphql import GraphQLError

from vedette.graphql.errors import unexpected
from vedette.graphql.streams.items import Item
from vedette.graphql.streams.patience import Interrupted
from vedette.graphql.streams.stretches import Stretch

MOST_BYTES = 8 * 2**20


class Share:
    """The newest items, numbered in the order that they came: the oldest that is kept is number `first`.

    Every change after `floor` is an item here, or will be, unless the execution does not tell it at all. `is_over`
    tells that nothing will be added; `is_interrupted`, that this is because the database did not answer; `failure` is
    the error that ended it otherwise.
    """

    def __init__(self, stretch: Stretch, most_items: int) -> None:
        self.stretch = stretch
        self.followers = 0
        self.first = 0
        self.floor = 0
        self.is_over = False
        self.is_interrupted = False
        self.failure: GraphQLError | None = None
        self._most_items = most_items
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._news = asyncio.Event()

    @property
    def end(self) -> int:
        """Return the number that the next item will have."""
        return self.first + len(self._items)

    @property
    def head(self) -> int:
        """Return the position after which the next item will be."""
        last = self._items[-1].position if self._items else None
        return max(self.floor, last or 0)

    async def run(self, items: AsyncGenerator[Item, None], on_end: Callable[[], None]) -> None:
        """Execute until cancelled, or until there is no more."""
        try:
            async with aclosing(items):
                async for item in items:
                    self._add(item)
                    # What is at hand already comes with it, so that clients are woken once.
                    if not self.stretch.is_open:
                        self._tell()
        except Interrupted:
            self.is_interrupted = True
        except Exception as error:
            self.failure = unexpected(error)
        finally:
            self.is_over = True
            self.stretch.begun.set()
            self._tell()
            on_end()

    async def begun(self) -> None:
        """Wait until `floor` is known, or it is over before it has begun."""
        await self.stretch.begun.wait()
        self.floor = max(self.floor, self.stretch.begun_at or 0)

    async def next(self, number: int) -> list[Item]:
        """Return the items from `number` on, when there is one; none when it is over, or the first of them is gone."""
        while number >= self.end and not self.is_over:
            await self._news.wait()
        return [self._items[index] for index in range(number - self.end, 0)] if number >= self.first else []

    def _add(self, item: Item) -> None:
        self._items.append(item)
        self._bytes += len(item.payload)
        while len(self._items) > self._most_items or (self._bytes > MOST_BYTES and len(self._items) > 1):
            dropped = self._items.popleft()
            self._bytes -= len(dropped.payload)
            self.floor = max(self.floor, dropped.position or 0)
            self.first += 1

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
