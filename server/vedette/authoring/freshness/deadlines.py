"""Deadlines by cron: the last that has passed, and the next."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vedette.domain.time_windows import ticks_after, ticks_before


def last_tick(cron: str, timezone: str, at: datetime) -> datetime:
    """Return the last tick of a schedule up to `at`, an aware time."""
    # A tick is a whole minute: one second later it lies before.
    return next(ticks_before(cron, at.astimezone(ZoneInfo(timezone)).replace(microsecond=0) + timedelta(seconds=1)))


def next_tick(cron: str, timezone: str, at: datetime) -> datetime:
    """Return the first tick of a schedule after `at`, an aware time."""
    return next(ticks_after(cron, at.astimezone(ZoneInfo(timezone))))
