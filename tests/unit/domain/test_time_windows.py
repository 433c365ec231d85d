"""Windows of time against a plain calendar, over changes of the clock."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.domain.partitions import NoDynamicKeys
from vedette.domain.time_windows import TimeWindowPartitions, calendar_of, ticks_after, ticks_before

NONE = NoDynamicKeys()
# Clocks that change at 2:00, at midnight, by half an hour, and never.
ZONES = ["America/New_York", "America/Sao_Paulo", "Africa/Cairo", "Australia/Lord_Howe", "Europe/Berlin", "UTC"]
zones = st.sampled_from(ZONES)
dates = st.dates(date(2015, 1, 1), date(2026, 12, 31))
moments = st.integers(
    int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 12, 31, tzinfo=UTC).timestamp())
).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
crons = st.sampled_from(
    ["0 * * * *", "30 * * * *", "0 0 * * *", "30 2 * * *", "15 9 * * 1", "0 0 1 * *", "*/20 * * * *"]
)


def starting(at: datetime, cron: str, zone: str, **more: object) -> TimeWindowPartitions:
    fmt = "%Y-%m-%d-%H:%M" if cron.split()[1] == "*" else "%Y-%m-%d"
    return TimeWindowPartitions(cron, fmt, at.timestamp(), zone, **more)  # type: ignore[arg-type]  # what is given


def midnight(day: date, zone: str) -> datetime:
    """Return when a day begins: right after the gap, where the clock leaves midnight out."""
    at = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += timedelta(minutes=30)
    return at


@given(dates, st.integers(0, 400), zones, st.integers(0, 86399))
def test_a_day_has_a_key_once_it_is_over(first: date, days: int, zone: str, seconds: int) -> None:
    now = midnight(first + timedelta(days), zone) + timedelta(seconds=seconds)
    partitions = starting(midnight(first, zone), "0 0 * * *", zone)
    all_days = (first + timedelta(one) for one in range(days + 2))
    over = [one.isoformat() for one in all_days if midnight(one + timedelta(1), zone) <= now]
    assert list(partitions.keys(now, NONE)) == over


@given(moments, st.integers(1, 60), zones)
def test_hours_are_an_hour_long_and_each_has_a_key_of_its_own(start: datetime, hours: int, zone: str) -> None:
    partitions = starting(start, "0 * * * *", zone)
    keys = partitions.keys(start + timedelta(hours=hours), NONE)
    windows = [partitions.window(key) for key in keys]
    assert len(set(keys)) == len(keys)
    for window, key in zip(windows, keys, strict=True):
        assert window is not None
        assert window.start.strftime("%H:%M") in key
        if zone != "Australia/Lord_Howe":
            assert window.end.timestamp() - window.start.timestamp() == 3600
    for before, after in itertools.pairwise(windows):
        assert before is not None
        assert after is not None
        assert before.end == after.start


@given(moments, st.integers(0, 4), zones, crons, st.integers(-2, 3))
def test_a_key_is_there_if_it_is_listed(start: datetime, days: int, zone: str, cron: str, end_offset: int) -> None:
    now = start + timedelta(days=days, seconds=7.5)
    partitions = starting(start, cron, zone, end_offset=end_offset)
    keys = partitions.keys(now, NONE)
    later = starting(start, cron, zone, end_offset=end_offset + 3).keys(now, NONE)
    assert list(later[: len(keys)]) == list(keys)
    assert [partitions.has(key, now, NONE) for key in later] == [key in keys for key in later]
    assert [calendar_of(partitions).index(key, now) for key in keys] == list(range(len(keys)))


@given(moments, st.integers(0, 40), zones, crons, st.integers(1, 4))
def test_an_offset_adds_so_many_windows(start: datetime, hours: int, zone: str, cron: str, more: int) -> None:
    now = start + timedelta(hours=hours)
    over = starting(start, cron, zone).keys(now, NONE)
    assert len(starting(start, cron, zone, end_offset=more).keys(now, NONE)) == len(over) + more
    assert len(starting(start, cron, zone, end_offset=-more).keys(now, NONE)) == max(0, len(over) - more)


@given(moments, zones, crons)
def test_a_moment_lies_in_the_window_of_its_key(at: datetime, zone: str, cron: str) -> None:
    partitions = starting(at - timedelta(days=40), cron, zone)
    window = partitions.window(partitions.key_at(at))
    assert window is not None
    assert window.start <= at < window.end


@given(moments, zones, crons)
def test_ticks_are_the_same_backwards(at: datetime, zone: str, cron: str) -> None:
    there = at.replace(microsecond=0).astimezone(ZoneInfo(zone))
    forth = list(itertools.islice(ticks_after(cron, there), 5))
    later = (forth[-1].astimezone(UTC) + timedelta(seconds=1)).astimezone(ZoneInfo(zone))
    back = list(itertools.islice(ticks_before(cron, later), 5))
    assert [one.timestamp() for one in reversed(back)] == [one.timestamp() for one in forth]


def test_the_second_hour_of_one_name_says_its_offset() -> None:
    start = datetime(2023, 11, 5, tzinfo=ZoneInfo("America/New_York"))
    partitions = starting(start, "0 * * * *", "America/New_York")
    keys = partitions.keys(start.astimezone(UTC) + timedelta(hours=4), NONE)
    assert list(keys) == ["2023-11-05-00:00", "2023-11-05-01:00", "2023-11-05-01:00-0500", "2023-11-05-02:00"]
    second = partitions.window("2023-11-05-01:00-0500")
    assert second is not None
    assert second.start.astimezone(UTC).hour == 6


def test_an_hour_that_the_clock_leaves_out_has_no_key() -> None:
    start = datetime(2024, 3, 10, tzinfo=ZoneInfo("America/New_York"))
    partitions = starting(start, "0 * * * *", "America/New_York")
    keys = partitions.keys(start.astimezone(UTC) + timedelta(hours=3), NONE)
    assert list(keys) == ["2024-03-10-00:00", "2024-03-10-01:00", "2024-03-10-03:00"]
    assert partitions.window("2024-03-10-02:00") is None


def test_none_ends_after_the_end() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    partitions = starting(start, "0 0 * * *", "UTC", end=datetime(2026, 1, 3, 12, tzinfo=UTC).timestamp(), end_offset=5)
    assert list(partitions.keys(datetime(2026, 6, 1, tzinfo=UTC), NONE)) == ["2026-01-01", "2026-01-02"]


@pytest.mark.parametrize(
    "key", ["", "2026", "2026-13-01", "2026-01-01 ", "9999-12-31", "0001-01-01", "2026-01-01+0000"]
)
def test_what_is_no_key_is_none(key: str) -> None:
    partitions = starting(datetime(2026, 1, 1, tzinfo=UTC), "0 0 * * *", "UTC")
    assert not partitions.has(key, datetime(2026, 6, 1, tzinfo=UTC), NONE)
