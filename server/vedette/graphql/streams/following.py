"""Following a stream: what came after a position page by page, then whatever comes, until the client goes.

A page is the bound on what one client can make the server hold: the next is read when the last item was sent. Nothing
is lost on a slow client, as the rows wait in the database.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from vedette import faults
from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_POSITION, RequestError
from vedette.graphql.streams.patience import patiently
from vedette.graphql.streams.stretches import NOW
from vedette.storage import changes

PAGE_SIZE = 100


class Change(Protocol):
    """A row of a stream."""

    @property
    def position(self) -> int:
        """Return its place."""


C = TypeVar("C", bound=Change)
T = TypeVar("T", bound=Change)


@dataclass(frozen=True)
class Stream(Generic[C]):
    """A stream: its name, the topic that is knocked on when it grows, and how its rows are read.

    `age` is how many seconds a row had been there when it was read, by the database's clock, where that tells.
    """

    name: str
    topic: str
    after: Callable[[Any, int, int], Awaitable[Sequence[C]]]
    age: Callable[[C], float] | None = None


@dataclass(frozen=True)
class Gap:
    """History up to `position` is gone."""

    position: int


async def follow(
    context: Context, stream: Stream[C], after: int | None, show: Callable[[Any, Sequence[C]], Awaitable[Sequence[T]]]
) -> AsyncGenerator[T | Gap, None]:
    """Yield what `show` makes of the changes after `after` (None: from now on), each with empty loaders.

    The context's stretch goes before `after`, and may bound it.
    """
    stretch = context.stretch
    # Listening comes first: what is knocked while rows are read is not missed.
    with context.bus.listen(stream.topic) as listener:
        wanted = after if stretch.after is None else stretch.after
        seconds = context.settings.execution_seconds
        position = await patiently(lambda: _start(context, stream, wanted), seconds)
        stretch.begin(position)
        while not stretch.is_over():
            items, reached, times = await patiently(partial(_read, context, stream, position, show), seconds)
            for left, item in zip(reversed(range(len(items))), items, strict=True):
                context.renew()
                stretch.pass_by(item.position, is_open=left > 0, committed_at=times.get(item.position))
                faults.reached(faults.Point.SUBSCRIPTION_EMIT)
                yield item
            stretch.reached = reached
            if reached == position:
                await listener.wait(context.settings.poll_seconds)
            position = reached


def page_size(context: Context) -> int:
    """Return how many items are read at a time: no more than are remembered for those who wait for them."""
    return min(PAGE_SIZE, context.settings.max_buffered_items)


async def _read(
    context: Context, stream: Stream[C], position: int, show: Callable[[Any, Sequence[C]], Awaitable[Sequence[T]]]
) -> tuple[Sequence[T | Gap], int, Mapping[int, float]]:
    """Return what to send next, the position that is reached with it, and when each was committed, if that is news."""
    until = context.stretch.until
    size = page_size(context)
    limit = size if until is None else min(size, until - position)
    async with context.database.reading() as connection:
        # Ages are of a little later: so what is worked out from both is a little too early, never too late.
        asked_at = time.monotonic()
        page = await stream.after(connection, position, limit)
        # Positions have no gaps, so a gap is what was purged; any other is told as well, never passed over.
        if not page or page[0].position > position + 1:
            purged = (await changes.ends(connection, stream.name)).purged
            gone = max(purged, page[0].position - 1 if page else 0)
            return ([Gap(gone)], gone, {}) if gone > position else ([], position, {})
        unbroken = [change for place, change in enumerate(page, position + 1) if change.position == place]
        # Who catches up on what is past is not waited for.
        age = stream.age if until is None else None
        times = {} if age is None else {change.position: asked_at - age(change) for change in unbroken}
        return await show(connection, unbroken), unbroken[-1].position, times


async def _start(context: Context, stream: Stream[C], after: int | None) -> int:
    async with context.database.reading() as connection:
        ends = await changes.ends(connection, stream.name)
    if after is None or after == NOW:
        return ends.position
    if after > ends.position:
        raise RequestError(
            BAD_POSITION, f"The stream {stream.name!r} has not reached {after} yet; is it from another database?"
        )
    return after
