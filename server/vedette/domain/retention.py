"""How long history is kept, and the partitions that it takes: which are missing, which have had their time. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# What a partition may span. Every list looks into each partition, so a few of them are to cover what is kept.
SPANS = (
    *(MINUTE, 5 * MINUTE, 20 * MINUTE),
    *(HOUR, 3 * HOUR, 8 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)
# A partition is dropped as a whole, when the last of it has had its time: the first of it stays a third longer at most.
SHARE = 3


class Kept(msgspec.Struct, frozen=True):
    """For how long each kind of history is kept; None is for ever."""

    skipped: timedelta | None
    success: timedelta | None
    failure: timedelta | None
    cursors: timedelta | None
    changes: timedelta | None
    runs: timedelta | None
    assets: timedelta | None = None

    def of(self, kind: str) -> timedelta | None:
        """Return how long the kind, the name of a field, is kept.

        A skip takes repeats for a day. A change is dropped well before what it tells of: who resumes a stream is told
        of a gap, or of everything.
        """
        kept: timedelta | None = getattr(self, kind)
        if kind == "skipped" and kept is not None:
            return kept + DAY
        if kind != "changes":
            return kept
        told = [each // 2 for each in (self.skipped, self.success, self.failure, self.runs) if each is not None]
        return min([*told, *([] if kept is None else [kept])], default=None)


class Range(msgspec.Struct, frozen=True, order=True):
    """The time that a partition covers: from `start`, and before `end`."""

    start: datetime
    end: datetime


def span_of(kept: timedelta | None) -> timedelta:
    """Return how much time one partition covers."""
    if kept is None:
        return SPANS[-1]
    return max((span for span in SPANS if span * SHARE <= kept), default=SPANS[0])


def floor(at: datetime, span: timedelta) -> datetime:
    """Return the last moment not after `at` at which a partition of `span` may begin."""
    return at - (at - _EPOCH) % span


def missing(
    now: datetime, kept: timedelta | None, existing: Sequence[Range], astray: datetime | None = None
) -> list[Range]:
    """Return the partitions to make: for now, for the time after, and for the oldest row that has none (`astray`).

    None of them overlaps an existing one, whatever spans these have.
    """
    span = span_of(kept)
    here = floor(now, span)
    made: list[Range] = []
    if astray is not None and astray < here:
        # What has had its time goes into one partition, to be dropped at once.
        end = max(floor(expiry(now, kept), span), floor(astray, span) + span)
        made += _around(astray, floor(astray, span), end, existing)
    at = now
    while at < here + 2 * span:
        made += _around(at, floor(at, span), floor(at, span) + span, [*existing, *made])
        at = next(each.end for each in [*existing, *made] if each.start <= at < each.end)
    return made


def _around(at: datetime, start: datetime, end: datetime, existing: Sequence[Range]) -> list[Range]:
    """Return what of `start` to `end` is free around `at`; nothing where `at` is not."""
    if any(each.start <= at < each.end for each in existing):
        return []
    before = max((each.end for each in existing if each.end <= at), default=start)
    after = min((each.start for each in existing if each.start > at), default=end)
    return [Range(max(before, start), min(after, end))]


def expiry(now: datetime, kept: timedelta | None) -> datetime:
    """Return the moment before which everything has had its time."""
    return _EPOCH if kept is None else now - kept


def expired(now: datetime, kept: timedelta | None, existing: Sequence[Range]) -> list[Range]:
    """Return the partitions of which everything has had its time, the oldest first."""
    return sorted(each for each in existing if each.end <= expiry(now, kept))
