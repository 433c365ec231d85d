"""The failure policy: how long a failing sensor waits, and after how many failures it is paused. Pure but for chance.

The law: after the n-th failure in a row it waits base * 2^(n - 1), spread by 20 % either way, where the base is its
interval; never less than the interval, never more than the ceiling (or the interval, where that is longer).
"""

import random

import msgspec

SPREAD = 0.2
# What doubles where the interval is shorter: a sensor at 0 s would otherwise fail as fast as the machine can.
LEAST_BASE_SECONDS = 0.1
# The longest delay that a sensor may ask for with RetryAfter.
LONGEST_RETRY_AFTER_SECONDS = 24 * 3600.0
# Far beyond any ceiling; 2.0 to a greater power would overflow.
_MOST_DOUBLINGS = 64


class FailurePolicy(msgspec.Struct, frozen=True):
    """Seconds that a failing sensor waits at most, and how many failures in a row pause it (0: none ever does)."""

    ceiling_seconds: float = 600.0
    failures_before_pause: int = 50

    def pauses_after(self, failures: int) -> bool:
        """Tell whether a sensor that has failed `failures` times in a row is paused."""
        return 0 < self.failures_before_pause <= failures

    def delay_seconds(self, failures: int, interval_seconds: float, draw: float | None = None) -> float:
        """Return how long a sensor waits after its failure number `failures` (1, 2, 3 …) in a row.

        `draw` is where in the spread, 0.0 to 1.0; by chance unless given.
        """
        longest = max(self.ceiling_seconds, interval_seconds)
        doublings = min(failures - 1, _MOST_DOUBLINGS)
        middle = min(longest, max(interval_seconds, LEAST_BASE_SECONDS) * 2.0**doublings)
        return _between(middle, interval_seconds, longest, draw)

    def probe_seconds(self, interval_seconds: float, draw: float | None = None) -> float:
        """Return how long a paused sensor waits until it is tried again: the ceiling, or up to 20 % less."""
        longest = max(self.ceiling_seconds, interval_seconds)
        return _between(longest, interval_seconds, longest, draw)


def _between(middle: float, shortest: float, longest: float, draw: float | None) -> float:
    low = max(shortest, middle * (1 - SPREAD))
    high = min(longest, middle * (1 + SPREAD))
    return low + (high - low) * (random.random() if draw is None else draw)


def shown_seconds(seconds: float) -> str:
    """Return a duration for people: "0.3 s", "45 s", "10 min", "24 h"."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
