"""Following the events of one run until it has ended."""

from collections.abc import AsyncGenerator
from uuid import UUID

from vedette.bus import topics
from vedette.graphql.context import Context
from vedette.graphql.errors import BAD_POSITION, NOT_FOUND, RequestError
from vedette.graphql.following import PAGE_SIZE
from vedette.storage import changes, run_events
from vedette.storage.runs import PlacedEvent


async def follow_events(context: Context, run_id: UUID, after: int) -> AsyncGenerator[PlacedEvent, None]:
    """Yield the run's events after a position, until it has ended and all were yielded."""
    position = after
    with context.bus.listen(topics.run_events(run_id)) as listener:
        while True:
            async with context.database.reading() as connection:
                # How far it goes is read first: what is added in between comes with a knock.
                progress = await changes.progress(connection, run_id)
                if progress is None:
                    raise RequestError(NOT_FOUND, "There is no such run; `runs` lists them all.")
                if after > progress.position:
                    raise RequestError(BAD_POSITION, f"The run has not reached position {after} yet.")
                page = await run_events.after(connection, run_id, position, PAGE_SIZE)
            for at, event in page:
                context.renew()
                yield PlacedEvent(at, event)
                position = at
            if progress.finished and position >= progress.position:
                return
            if len(page) < PAGE_SIZE:
                await listener.wait(context.settings.poll_seconds)
