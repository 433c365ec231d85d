"""Duties: what a part does in the background for as long as it lives. No fault of ours ends one without a word."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

# Long enough that a fault that does not go away fills no log and no core, short enough that few notice one that does.
PAUSE_SECONDS = 1.0


async def endure(duty: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` until it returns. What it fails with is told with its stack, and after a pause it is begun again.

    `work` itself deals with what may go wrong outside (a database that is away); what comes out of it is a fault.
    """
    while True:
        try:
            return await work()
        except Exception as error:  # whatever it is, the process must not go on without the duty
            _tell(duty, error)
        await asyncio.sleep(PAUSE_SECONDS)


def begin(work: Coroutine[Any, Any, None], name: str, tasks: set[asyncio.Task[None]]) -> asyncio.Task[None]:
    """Begin a task that ends by itself; it is one of `tasks` meanwhile, and what it fails with is told."""
    task = asyncio.create_task(work, name=name)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    task.add_done_callback(_tell_failure)
    return task


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _tell(task.get_name(), error)


def _tell(duty: str, error: BaseException) -> None:
    metrics.FAULTS.inc()
    logger.error("%s failed, which is a fault of Vedette: please report it.", duty, exc_info=error)
