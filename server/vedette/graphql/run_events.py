"""Following the events of one run until it has ended."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

from vedette.bus import topics
from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_POSITION, NOT_FOUND, RequestError
from vedette.graphql.following import PAGE_SIZE
from vedette.graphql.stretches import NOW
from vedette.storage import changes, run_events
from vedette.storage.changes import RunProgress
from vedette.storage.runs import PlacedEvent


async def follow_events(context: Context, run_id: UUID, after: int) -> AsyncGenerator[PlacedEvent, None]:
    """Yield the run's events after a position, until it has ended and all were yielded.

    The context's stretch goes before `after`, and may bound it.
    """
    stretch = context.stretch
    stretch.whole = True
    position = after if stretch.after is None else stretch.after
    with context.bus.listen(topics.run_events(run_id)) as listener:
        while not stretch.is_over():
            progress, page = await _read(context, run_id, position)
            if position == NOW:
                position, page = progress.position, []
            if not stretch.begun.is_set():
                stretch.begin(position)
            for left, placed in zip(reversed(range(len(page))), page, strict=True):
                context.renew()
                position = placed.position
                stretch.pass_by(position, is_open=left > 0)
                yield placed
            stretch.reached = position
            if progress.finished and position >= progress.position:
                return
            if len(page) < PAGE_SIZE and not stretch.is_over():
                await listener.wait(context.settings.poll_seconds)


async def _read(context: Context, run_id: UUID, position: int) -> tuple[RunProgress, Sequence[PlacedEvent]]:
    """Return how far the run's events go, and the next of them; they are none where `position` is NOW."""
    until = context.stretch.until
    limit = PAGE_SIZE if until is None else min(PAGE_SIZE, until - position)
    async with context.database.reading() as connection:
        # How far it goes is read first: what is added in between comes with a knock.
        progress = await changes.progress(connection, run_id)
        if progress is None:
            raise RequestError(NOT_FOUND, "There is no such run; `runs` lists them all.")
        if position > progress.position:
            raise RequestError(BAD_POSITION, f"The run has not reached position {position} yet.")
        if position == NOW:
            return progress, []
        page = await run_events.after(connection, run_id, position, limit)
    return progress, [PlacedEvent(at, event) for at, event in page]
