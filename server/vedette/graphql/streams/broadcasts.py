"""Broadcasts: each subscription is executed once for all clients that ask for the same, wherever each of them begins.

A client that resumes first catches up by an execution of its own, as far as the shared one still remembers, and then
joins that one; positions tell where, so that it misses nothing and gets nothing twice. One that falls further behind
than the shared execution remembers is told so, with the position to resume at; and so is each of them where an
execution ends because the database did not answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Sequence
from contextlib import aclosing, asynccontextmanager

from vedette.access.authority import Authority
from vedette.graphql.documents.requests import Operation
from vedette.graphql.errors import FELL_BEHIND, UNAVAILABLE, RequestError
from vedette.graphql.streams.items import Item, refusal
from vedette.graphql.streams.patience import Interrupted
from vedette.graphql.streams.shares import Share
from vedette.graphql.streams.stretches import NOW, Stretch
from vedette.telemetry import metrics

Execute = Callable[[Authority, Operation, Stretch], AsyncGenerator[Item, None]]


class Broadcasts:
    """The shared executions of one server. Each lives as long as somebody follows it."""

    def __init__(self, execute: Execute, most_items: int) -> None:
        self._execute = execute
        self._most_items = most_items
        self._shares: dict[Hashable, tuple[Share, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        """Return how many executions are shared now."""
        return len(self._shares)

    async def follow(
        self, authority: Authority, operation: Operation, after: int | None
    ) -> AsyncGenerator[Sequence[Item], None]:
        """Yield what an operation tells `authority` after a position (None: from now on, or from where it begins)."""
        async with self._joined(authority, operation) as share:
            is_first = not share.stretch.begun.is_set()
            await share.begun()
            position = 0 if after is None and share.stretch.whole else after
            if share.is_interrupted and share.stretch.begun_at is None:
                batches = _once(_unavailable(position))
            elif share.stretch.standing:
                batches = _live(share, 0, 0) if is_first else self._standing(share, authority, operation)
            elif position is None:
                batches = _live(share, 0, share.floor) if is_first else _live(share, share.end, share.head)
            else:
                batches = self._resumed(share, authority, operation, position)
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    async def _resumed(
        self, share: Share, authority: Authority, operation: Operation, position: int
    ) -> AsyncGenerator[Sequence[Item], None]:
        """Yield what comes after a position: by executions of its own up to what the share has, then what that has."""
        is_checked = False
        # As long as it catches up, the shared execution goes on and forgets.
        while position < share.floor or (position > share.head and not is_checked):
            stretch = Stretch(after=position, until=max(position, share.floor))
            try:
                async with aclosing(self._execute(authority, operation, stretch)) as items:
                    async for item in items:
                        position = item.position or position
                        yield [item]
            except Interrupted:
                yield [_unavailable(position)]
                return
            if not stretch.is_over():
                return
            position = max(position, stretch.reached or 0)
            is_checked = True
        async with aclosing(_live(share, share.first, position)) as batches:
            async for batch in batches:
                yield batch

    async def _standing(
        self, share: Share, authority: Authority, operation: Operation
    ) -> AsyncGenerator[Sequence[Item], None]:
        """Yield how things stand, by an execution of its own, then what the share tells from before that on."""
        number = share.end
        try:
            async with aclosing(self._execute(authority, operation, Stretch(once=True))) as items:
                async for item in items:
                    yield [item]
        except Interrupted:
            yield [_unavailable(None)]
            return
        async with aclosing(_live(share, number, 0)) as batches:
            async for batch in batches:
                yield batch

    @asynccontextmanager
    async def _joined(self, authority: Authority, operation: Operation) -> AsyncIterator[Share]:
        """Join the execution of an operation for all who may see the same, or begin it; the last to leave ends it."""
        key = (authority.powers, operation.sharing_key())
        if key not in self._shares:
            share = Share(Stretch(after=NOW), self._most_items)
            items = self._execute(authority, operation, share.stretch)
            task = asyncio.create_task(share.run(items, lambda: self._forget(key, share)), name="subscription")
            self._shares[key] = share, task
        share, task = self._shares[key]
        share.followers += 1
        try:
            yield share
        finally:
            share.followers -= 1
            if share.followers == 0:
                self._forget(key, share)
                task.cancel()
                await asyncio.wait([task])

    def _forget(self, key: Hashable, share: Share) -> None:
        if key in self._shares and self._shares[key][0] is share:
            del self._shares[key]


async def _live(share: Share, number: int, position: int) -> AsyncGenerator[Sequence[Item], None]:
    """Yield the items of a share from `number` on that come after a position."""
    while True:
        items = await share.next(number)
        if not items:
            place = None if share.stretch.standing else position
            if number < share.first:
                yield [_fell_behind(place)]
            elif share.is_interrupted:
                yield [_unavailable(place)]
            elif share.failure is not None:
                yield [refusal(share.failure)]
            return
        number += len(items)
        fresh = [item for item in items if item.position is None or item.position > position]
        if fresh:
            position = fresh[-1].position or position
            yield fresh


async def _once(item: Item) -> AsyncGenerator[Sequence[Item], None]:
    yield [item]


def _fell_behind(position: int | None) -> Item:
    metrics.API_DROPPED.labels("fell_behind").inc()
    return _resumable(FELL_BEHIND, "This client reads more slowly than there is news; resume", position)


def _unavailable(position: int | None) -> Item:
    metrics.API_DROPPED.labels("database").inc()
    return _resumable(UNAVAILABLE, "The database does not answer at the moment; resume soon", position)


def _resumable(code: str, said: str, position: int | None) -> Item:
    if position is None:
        return refusal(RequestError(code, f"{said}."))
    return refusal(RequestError(code, f"{said} after position {position}.", position=str(position)))
