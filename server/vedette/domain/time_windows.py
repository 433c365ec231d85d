"""Time windows: partitions that a cron schedule cuts time into, on the calendar and the clock of a time zone."""

import functools
import itertools
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim

SECOND = timedelta(seconds=1)
OFFSET = "%z"
# Nobody asks for what was before.
EARLIEST_YEAR = 1900


class TimeWindow(NamedTuple):
    """From `start`, and before `end`; aware times."""

    start: datetime
    end: datetime


def ticks_after(cron: str, after: datetime) -> Iterator[datetime]:
    """Yield the ticks of a schedule later than `after`, an aware time, in its time zone.

    A tick at a time that the clock leaves out comes right after the gap; where the clock repeats an hour, a tick at a
    set hour comes at the first of the two.
    """
    for tick in CronSim(cron, after):
        # The iterator thinks in wall clock time: within the repeated hour it may begin in the first.
        if tick.timestamp() > after.timestamp():
            yield tick


def ticks_before(cron: str, before: datetime) -> Iterator[datetime]:
    """Yield the ticks of a schedule earlier than `before`, the latest first."""
    # Going back, the iterator loses ticks around a change of the clock; going forth it does not.
    step = timedelta(days=2)
    while before.year > EARLIEST_YEAR:
        earlier = _in_zone(before, -step)
        found = list(_between(cron, earlier, before))
        yield from reversed(found)
        before = _in_zone(earlier, SECOND)
        step = step if found else step * 4


def _between(cron: str, after: datetime, before: datetime) -> Iterator[datetime]:
    return itertools.takewhile(lambda tick: tick.timestamp() < before.timestamp(), ticks_after(cron, after))


def _in_zone(at: datetime, by: timedelta) -> datetime:
    return (at.astimezone(UTC) + by).astimezone(at.tzinfo)


class TimeWindowPartitions(msgspec.Struct, frozen=True, tag="time_window"):
    """A key for each window between two ticks of `cron`: its start, as `fmt` writes it.

    `start` and `end` are seconds since the epoch: no window begins before, or ends after. There are the windows
    that are over, and `end_offset` more (or fewer, where it is negative).
    """

    cron: str
    fmt: str
    start: float
    timezone: str = "UTC"
    end: float | None = None
    end_offset: int = 0

    def keys(self, at: datetime, _dynamic: object) -> Sequence[str]:
        """Return the keys of the windows that there are at a moment, the earliest first."""
        return calendar_of(self).keys(at)

    def has(self, key: str, at: datetime, _dynamic: object) -> bool:
        """Tell whether there is a key at a moment."""
        window = self.window(key)
        return window is not None and window.start.timestamp() >= self.start and window.end <= self.horizon(at)

    def horizon(self, at: datetime) -> datetime:
        """Return the time by which a window has to be over for there to be its key at a moment."""
        now = at.astimezone(self.zone).replace(microsecond=0)
        # Before there is any window, the first that are to come count from the first.
        now = max(now, datetime.fromtimestamp(self.start, self.zone) - SECOND, key=datetime.timestamp)
        if self.end_offset > 0:
            now = self._ahead(now)
        elif self.end_offset < 0:
            earlier = itertools.islice(ticks_before(self.cron, _in_zone(now, SECOND)), -self.end_offset, None)
            now = next(earlier, self.first)
        if self.end is not None and self.end < now.timestamp():
            return datetime.fromtimestamp(self.end, self.zone)
        return now

    def _ahead(self, now: datetime) -> datetime:
        first = ticks_after(self.cron, now)
        started = now.timestamp() >= self.first.timestamp()
        # Before the first tick no window has begun: that tick ends none.
        return next(itertools.islice(first, self.end_offset - started, None))

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone."""
        return ZoneInfo(self.timezone)

    @property
    def first(self) -> datetime:
        """Return when the first window begins."""
        return next(ticks_after(self.cron, _before(datetime.fromtimestamp(self.start, self.zone))))

    def window(self, key: str) -> TimeWindow | None:
        """Return the window of a key, whether there is one yet or not; None for what is no key."""
        at = self.parse(key)
        if at is None:
            return None
        try:
            start, end = itertools.islice(ticks_after(self.cron, _before(at)), 2)
        except (ValueError, OverflowError):
            return None
        return TimeWindow(start, end) if self.key(start) == key else None

    def key(self, start: datetime) -> str:
        """Return the key of the window that begins at `start`.

        The second of two windows that the clock calls the same has its offset from UTC appended.
        """
        start = start.astimezone(self.zone)
        if start.fold and OFFSET not in self.fmt and start.utcoffset() != start.replace(fold=0).utcoffset():
            return start.strftime(self.fmt + OFFSET)
        return start.strftime(self.fmt)

    def parse(self, key: str) -> datetime | None:
        """Return the time that a key says; None for what says none."""
        for fmt in (self.fmt, self.fmt + OFFSET):
            try:
                read = datetime.strptime(key, fmt)  # noqa: DTZ007  # a naive time is one on the clock of the zone
                return read.replace(tzinfo=self.zone) if read.tzinfo is None else read.astimezone(self.zone)
            except (ValueError, OverflowError):
                continue
        return None

    def key_at(self, at: datetime) -> str:
        """Return the key of the window that a moment lies in."""
        return self.key(
            next(ticks_before(self.cron, _in_zone(at.astimezone(self.zone).replace(microsecond=0), SECOND)))
        )


def _before(at: datetime) -> datetime:
    return _in_zone(at, -SECOND)


class Calendar:
    """The windows of a description as far as they were ever asked for: they are worked out once."""

    def __init__(self, partitions: TimeWindowPartitions) -> None:
        """Begin with none."""
        self._partitions = partitions
        self._ticks: Iterator[Any] = ticks_after(
            partitions.cron, _before(datetime.fromtimestamp(partitions.start, partitions.zone))
        )
        # When each window begins, and the one before it ends; each but the last has a key.
        self._starts: list[float] = []
        self._keys: list[str] = []
        self._lock = threading.Lock()

    def keys(self, at: datetime) -> Sequence[str]:
        """Return the keys that there are at a moment."""
        horizon = self._partitions.horizon(at).timestamp()
        with self._lock:
            while not self._starts or self._starts[-1] <= horizon:
                start = next(self._ticks)
                self._starts.append(start.timestamp())
                self._keys.append(self._partitions.key(start))
            return self._keys[: max(0, bisect_right(self._starts, horizon) - 1)]

    def between(self, start: datetime, end: datetime, at: datetime) -> Sequence[str]:
        """Return those keys that there are at a moment whose windows begin from `start` on and before `end`."""
        keys = self.keys(at)
        first, last = (bisect_left(self._starts, one.timestamp()) for one in (start, end))
        return keys[first:last]

    def index(self, key: str, at: datetime) -> int | None:
        """Return the place of a key among those that there are at a moment; None where it is not."""
        window = self._partitions.window(key)
        keys = self.keys(at)
        if window is None:
            return None
        place = bisect_left(self._starts, window.start.timestamp())
        return place if place < len(keys) and keys[place] == key else None


@functools.lru_cache(maxsize=256)
def calendar_of(partitions: TimeWindowPartitions) -> Calendar:
    """Return the calendar of a description, the same one for equal descriptions."""
    return Calendar(partitions)


def shifted(cron: str, tick: datetime, steps: int) -> datetime:
    """Return the tick of a schedule so many `steps` after a moment, or before it where they are negative."""
    if steps == 0:
        return tick
    ticks = ticks_after(cron, tick) if steps > 0 else ticks_before(cron, tick)
    return next(itertools.islice(ticks, abs(steps) - 1, None))


def overlapping(partitions: TimeWindowPartitions, window: TimeWindow, at: datetime) -> Sequence[str]:
    """Return the keys, of those there are at a moment, whose windows overlap another window."""
    first = partitions.window(partitions.key_at(window.start))
    start = window.start if first is None else first.start
    return calendar_of(partitions).between(start, window.end, at)
