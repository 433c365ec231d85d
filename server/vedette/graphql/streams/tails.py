"""Following what one thing says until it has ended: the events of a run, the log lines of a tick."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from vedette.bus import topics
from vedette.domain.events import RunEvent
from vedette.domain.logs import LogRecord
from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_POSITION, NOT_FOUND, RequestError
from vedette.graphql.streams.following import page_size
from vedette.graphql.streams.patience import patiently
from vedette.graphql.streams.stretches import NOW
from vedette.storage import changes
from vedette.storage.changes import Progress
from vedette.storage.runs import run_events, runs
from vedette.storage.ticks import tick_logs, ticks

T = TypeVar("T")


@dataclass(frozen=True)
class Tail(Generic[T]):
    """What a kind of thing says: the topic that is knocked on, how far it goes, what follows a position, and
    those that there are for who asks.
    """

    name: str
    topic: Callable[[UUID], str]
    progress: Callable[[Any, UUID], Awaitable[Progress | None]]
    after: Callable[[Any, UUID, int, int], Awaitable[Sequence[tuple[int, T]]]]
    by_ids: Callable[[Any, Sequence[UUID]], Awaitable[Mapping[UUID, object]]]


RUN_EVENTS: Tail[RunEvent] = Tail("run", topics.run_events, changes.progress, run_events.after, runs.by_ids)
TICK_LOGS: Tail[LogRecord] = Tail("tick", topics.tick_logs, tick_logs.progress, tick_logs.after, ticks.by_ids)


async def follow_tail(context: Context, tail: Tail[T], key: UUID, after: int) -> AsyncGenerator[tuple[int, T], None]:
    """Yield what follows a position, each with its own, until the thing has ended and all was yielded.

    The context's stretch goes before `after`, and may bound it.
    """
    stretch = context.stretch
    stretch.whole = True
    position = after if stretch.after is None else stretch.after
    with context.bus.listen(tail.topic(key)) as listener:
        while not stretch.is_over():
            reading = partial(_read, context, tail, key, position)
            progress, page = await patiently(reading, context.settings.execution_seconds)
            if position == NOW:
                position = progress.position
            if not stretch.begun.is_set():
                stretch.begin(position)
            for left, (at, item) in zip(reversed(range(len(page))), page, strict=True):
                context.renew()
                position = at
                stretch.pass_by(position, is_open=left > 0)
                yield position, item
            stretch.reached = position
            if progress.finished and position >= progress.position:
                return
            if len(page) < page_size(context) and not stretch.is_over():
                await listener.wait(context.settings.poll_seconds)


async def _read(context: Context, tail: Tail[T], key: UUID, position: int) -> tuple[Progress, Sequence[tuple[int, T]]]:
    """Return how far the thing goes, and what it says next; that is nothing where `position` is NOW."""
    until = context.stretch.until
    size = page_size(context)
    limit = size if until is None else min(size, until - position)
    async with context.database.reading() as connection:
        # How far it goes is read first: what is added in between comes with a knock.
        progress = await tail.progress(connection, key)
        if progress is None or (context.is_confined and not await tail.by_ids(connection, [key])):
            raise RequestError(NOT_FOUND, f"There is no such {tail.name}; `{tail.name}s` lists them all.")
        if position > progress.position:
            raise RequestError(BAD_POSITION, f"The {tail.name} has not reached position {position} yet.")
        if position == NOW:
            return progress, []
        return progress, await tail.after(connection, key, position, limit)
