"""A figure: one number of a benchmark with its unit, and how people read it."""

import math
import statistics

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One number. `value` is in `unit`; None where there is nothing to measure, and then `note` says why."""

    name: str
    value: float | None
    unit: str
    more_is_better: bool = False
    note: str = ""

    def __str__(self) -> str:
        """Return the number in three digits and its unit, or the note where there is no number."""
        if self.value is None:
            return self.note or "none"
        return f"{digits(self.value)} {self.unit}".rstrip()


def digits(value: float) -> str:
    """Return `value` in three significant digits, thousands apart, as in 10,300 and 0.0412."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{max(0, places)}f}"


def medians(repeats: list[list[Figure]]) -> list[Figure]:
    """Return each figure of the first repeat with the median of its values over all of them."""
    result = []
    for first in repeats[0]:
        values = [each.value for repeat in repeats for each in repeat if each.name == first.name]
        known = [value for value in values if value is not None]
        result.append(msgspec.structs.replace(first, value=statistics.median(known)) if known else first)
    return result


def times_better(ours: Figure, theirs: Figure) -> float | None:
    """Return how many times better ours is, below 1 where it is worse; None where there is nothing to compare."""
    if not ours.value or not theirs.value:
        return None
    return ours.value / theirs.value if ours.more_is_better else theirs.value / ours.value
