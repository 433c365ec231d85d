"""Reads of a subscription: they wait while the database does not answer, so that a short outage ends no stream."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vedette.errors import DatabaseError

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


class Interrupted(Exception):
    """An execution ended because the database did not answer; whoever follows it may go on where it was."""


async def patiently(read: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return what `read` returns, tried again for so many seconds; then raises the DatabaseError."""
    clock = asyncio.get_running_loop().time
    until, pause = clock() + seconds, FIRST_PAUSE_SECONDS
    while True:
        try:
            return await read()
        except DatabaseError as error:
            if clock() + pause > until:
                raise
            if pause == FIRST_PAUSE_SECONDS:
                logger.warning("Subscriptions wait for the database: %s", error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
