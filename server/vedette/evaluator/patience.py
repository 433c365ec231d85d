"""Patience with the database: what fails is tried again, later and later, and the rest of the evaluator goes on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from vedette.errors import DatabaseError

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


def next_pause(pause: float) -> float:
    """Return the pause that follows a pause of that many seconds."""
    return min(2 * pause, LONGEST_PAUSE_SECONDS)


def report(what: str, error: Exception) -> None:
    """Log a failed attempt: one line where the database is away, the whole stack where it is a fault of ours."""
    if isinstance(error, (DatabaseError, OSError, TimeoutError)):
        logger.warning("Could not %s (%s); trying again.", what, str(error) or type(error).__name__)
    else:
        logger.error("Could not %s; trying again.", what, exc_info=error)


async def keep_trying(what: str, step: Callable[[], Awaitable[None]]) -> None:
    """Do `step` until it succeeds, with growing pauses. `what` completes "could not …" in the log."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await step()
        except Exception as error:
            report(what, error)
        await asyncio.sleep(pause)
        pause = next_pause(pause)
