"""A launcher's duties go on when the database does not answer for a while."""

import logging
from collections.abc import Awaitable, Callable

from vedette.launcher.recorder import UNREACHABLE

logger = logging.getLogger(__name__)


async def endure(duty: str, attempt: Callable[[], Awaitable[None]]) -> None:
    """Run `attempt`; what it fails with is told, and the caller's next round tries again."""
    try:
        await attempt()
    except UNREACHABLE as error:
        logger.warning("The launcher cannot %s: %s", duty, error)
    except Exception:  # one bad round must not end the launcher and with it every run
        logger.exception("The launcher could not %s; it will try again.", duty)
