"""A histogram for what happens ten thousand times a second: it is told of a whole batch at once, and takes no lock."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Distribution(Collector):
    """Values counted in buckets; `bounds` are their upper bounds, ascending, without infinity.

    One thread adds; any may collect, and then sees each value or does not see it yet. prometheus_client's own histogram
    takes 1.5 µs a value, which is a hundredth of a tick; this takes a tenth of that.
    """

    def __init__(self, registry: CollectorRegistry, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = tuple(bounds)
        self._labels = [*map(floatToGoString, bounds), "+Inf"]
        self._counts = [0] * len(self._labels)
        self._sum = 0.0
        registry.register(self)

    def add(self, values: Iterable[float]) -> None:
        """Count values."""
        bounds, counts, total = self._bounds, self._counts, 0.0
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        self._sum += total

    def note(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return what Prometheus is told."""
        buckets = list(zip(self._labels, map(float, accumulate(self._counts)), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum)

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Return the name, for the registry to know."""
        yield HistogramMetricFamily(self._name, self._documentation)
