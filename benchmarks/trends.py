"""Whether something grows: the slope of Theil and Sen, which a few outliers do not move, with its bounds.

The slope is the median of the slopes between every two samples; the bounds are those of Sen (1968), by the normal
approximation of Kendall's statistic. Samples close in time resemble each other, so the bounds are on the narrow side:
a verdict needs a tolerance too.
"""

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

Verdict = Literal["flat", "grows", "shrinks", "too short to tell"]
CONFIDENCE = 0.95


class Trend(NamedTuple):
    """Change per second: the estimate and the bounds that hold it with CONFIDENCE."""

    slope: float
    low: float
    high: float

    def verdict(self, tolerance: float) -> Verdict:
        """Tell what the bounds prove, a slope within `tolerance` per second being none."""
        if self.low > tolerance:
            return "grows"
        if self.high < -tolerance:
            return "shrinks"
        return "flat" if self.high <= tolerance else "too short to tell"


def trend(samples: Sequence[tuple[float, float]]) -> Trend:
    """Return the trend of (seconds, value) pairs with distinct seconds; raises ValueError for fewer than three."""
    if len(samples) < 3:
        raise ValueError(f"a trend needs three samples, not {len(samples)}")
    slopes = sorted((y - x) / (t - s) for (s, x), (t, y) in itertools.combinations(samples, 2))
    spread = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(_variance([y for _, y in samples]))
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Trend(statistics.median(slopes), slopes[low], slopes[high])


def _variance(values: Sequence[float]) -> float:
    """Return the variance of Kendall's statistic where there is no trend, corrected for values that are equal."""
    ties = sum(_term(count) for count in Counter(values).values())
    return (_term(len(values)) - ties) / 18


def _term(count: int) -> int:
    return count * (count - 1) * (2 * count + 5)
