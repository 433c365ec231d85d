"""Clocks that are wrong: shifts what a process takes for the time of day. Its monotonic clock goes on as it is."""

import datetime as dt
import sys
import time
from typing import Any

# Seconds by which the clock of a process is ahead, below zero: behind.
VARIABLE = "CHAOS_CLOCK_SHIFT"

_REAL = dt.datetime


class _Meta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)


class _Shifted(dt.datetime, metaclass=_Meta):
    """A datetime class whose now is wrong; what it makes are real datetimes."""

    shift = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        """Return what this process takes for the time of day."""
        return _REAL.now(tz) + cls.shift


def shift(seconds: float) -> None:
    """Shift `time.time` and every `datetime` that a module of Vedette has imported."""
    if not seconds:
        return
    real_time = time.time
    time.time = lambda: real_time() + seconds
    _Shifted.shift = dt.timedelta(seconds=seconds)
    for name, module in list(sys.modules.items()):
        if name.startswith("vedette") and getattr(module, "datetime", None) is _REAL:
            vars(module)["datetime"] = _Shifted
