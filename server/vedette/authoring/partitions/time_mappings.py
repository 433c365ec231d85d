"""Which windows of time depend on which: those that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vedette.authoring.partitions.definition import PartitionsDefinition, moment
from vedette.authoring.partitions.mappings import Between, PartitionMapping
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.authoring.text import shown
from vedette.domain.time_windows import TimeWindow, TimeWindowPartitions, overlapping, shifted
from vedette.errors import DefinitionError, UnknownPartition


@dataclass(frozen=True)
class TimeWindowPartitionMapping(PartitionMapping):
    """Each window is made from those that overlap it, its start and end moved by so many windows first.

    `TimeWindowPartitionMapping(start_offset=-1)`: from the window before too. A window that is made from one that there
    is not is an error, unless `allow_nonexistent_upstream_partitions`.
    """

    start_offset: int = 0
    end_offset: int = 0
    allow_nonexistent_upstream_partitions: bool = False

    def check(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> None:
        """Raise DefinitionError where either side is not divided by time."""
        for side, partitions in (("upstream", upstream), ("downstream", downstream)):
            if not isinstance(partitions, TimeWindowPartitionsDefinition):
                raise DefinitionError(
                    f"TimeWindowPartitionMapping is for partitions by time, but {side} has {partitions}."
                )

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the keys of the windows that overlap that of `key`, moved.

        Raises UnknownPartition for a `key` that is none, and where part of the time has no partition upstream.
        """
        upstream, downstream = _sides(between)
        if key is None:
            return between.upstream_keys()
        window = downstream.window(key)
        if window is None:
            raise UnknownPartition(f"There is no partition {shown(key)} of {between.downstream}.")
        wanted = self._moved(window, downstream)
        if wanted.start >= wanted.end:
            return []
        keys = overlapping(upstream, wanted, moment(between.at))
        if not self.allow_nonexistent_upstream_partitions:
            _check_covered(key, wanted, keys, upstream, between)
        return keys

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return the keys of the windows that, moved, overlap that of `key`."""
        upstream, downstream = _sides(between)
        window = upstream.window(key)
        if window is None or not between.has_upstream(key):
            return []
        reach = max(abs(self.start_offset), abs(self.end_offset)) + 1
        start = shifted(downstream.cron, window.start.astimezone(downstream.zone), -reach)
        end = shifted(downstream.cron, window.end.astimezone(downstream.zone), reach)
        near = overlapping(downstream, TimeWindow(start, end), moment(between.at))
        return [one for one in near if self._overlaps(one, window, downstream)]

    def _overlaps(self, key: str, window: TimeWindow, downstream: TimeWindowPartitions) -> bool:
        own = downstream.window(key)
        assert own is not None
        moved = self._moved(own, downstream)
        return moved.start < moved.end and moved.start < window.end and moved.end > window.start

    def _moved(self, window: TimeWindow, downstream: TimeWindowPartitions) -> TimeWindow:
        return TimeWindow(
            shifted(downstream.cron, window.start, self.start_offset),
            shifted(downstream.cron, window.end, self.end_offset),
        )


def _sides(between: Between) -> tuple[TimeWindowPartitions, TimeWindowPartitions]:
    upstream = between.upstream.spec
    # Without partitions downstream, there are no windows that could be asked for.
    downstream = upstream if between.downstream is None else between.downstream.spec
    assert isinstance(upstream, TimeWindowPartitions)
    assert isinstance(downstream, TimeWindowPartitions)
    return upstream, downstream


def _check_covered(
    key: str, wanted: TimeWindow, keys: Sequence[str], upstream: TimeWindowPartitions, between: Between
) -> None:
    if keys:
        first, last = upstream.window(keys[0]), upstream.window(keys[-1])
        assert first is not None
        assert last is not None
        if first.start <= wanted.start and last.end >= wanted.end:
            return
    raise UnknownPartition(
        f"The partition {shown(key)} is made from the time {_told(wanted.start)} to {_told(wanted.end)}, for part of"
        f" which there is no partition of {between.upstream}; give"
        " TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True) to make it from what there is."
    )


def _told(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes")
