"""The laws of partitions, over all times, settings and changes of settings."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.retention import DAY, SPANS, Kept, Range, expired, expiry, missing, span_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(20_000 * 86_400, 40_000 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
keeps = st.none() | st.floats(0.001, 1000).map(lambda days: timedelta(days=days))
steps = st.lists(st.tuples(st.floats(0, 400).map(lambda days: timedelta(days=days)), keeps), min_size=1, max_size=6)
strays = st.none() | st.floats(-2000, 2000).map(lambda days: timedelta(days=days))


@given(moments, steps, strays)
def test_now_and_what_comes_next_have_a_partition_and_none_overlap(
    now: datetime, steps: list[tuple[timedelta, timedelta | None]], stray: timedelta | None
) -> None:
    """Whatever the settings were when, however long nobody looked, and wherever rows strayed."""
    existing: list[Range] = []
    for pause, kept in steps:
        now += pause
        astray = None if stray is None else max(now + stray, EPOCH + DAY)
        existing += missing(now, kept, existing, astray)
        for at in (now, now + span_of(kept)):
            assert len([each for each in existing if each.start <= at < each.end]) == 1
        if astray is not None and astray < now:
            assert len([each for each in existing if each.start <= astray < each.end]) == 1
        ordered = sorted(existing)
        assert all(each.start < each.end for each in ordered)
        assert all(before.end <= after.start for before, after in pairwise(ordered))
        assert missing(now, kept, existing) == []


@given(moments, st.floats(0.1, 1000))
def test_what_is_dropped_has_had_its_time_and_what_stays_is_a_third_older_at_most(now: datetime, days: float) -> None:
    kept = timedelta(days=days)
    existing: list[Range] = []
    at = now - 3 * kept
    while at < now:
        existing += missing(at, kept, existing)
        at += span_of(kept)
    dropped = expired(now, kept, existing)
    assert all(each.end <= now - kept for each in dropped)
    oldest = min(each.start for each in existing if each not in dropped)
    assert now - oldest <= max(kept * 4 / 3, kept + SPANS[0]) + timedelta(microseconds=1)


def test_what_is_kept_for_ever_is_never_dropped() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert expired(now, None, [Range(EPOCH, EPOCH + DAY)]) == []
    assert expiry(now, None) == EPOCH


@given(keeps, keeps, keeps, keeps)
def test_a_change_is_gone_well_before_what_it_tells_of(
    skipped: timedelta | None, success: timedelta | None, runs: timedelta | None, changes: timedelta | None
) -> None:
    kept = Kept(skipped=skipped, success=success, failure=success, cursors=None, changes=changes, runs=runs)
    told = [each for each in (skipped, success, runs) if each is not None]
    of = kept.of("changes")
    assert (of is None) == (not told and changes is None)
    assert of is None or all(2 * of <= each for each in told)
