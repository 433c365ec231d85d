"""Partitions by time, as authors define and ask them."""

from datetime import UTC, datetime, timedelta

import pytest

from vedette import (
    DailyPartitionsDefinition,
    DefinitionError,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    ScheduleType,
    StaticPartitionsDefinition,
    TimeWindow,
    TimeWindowPartitionsDefinition,
    UnknownPartition,
    WeeklyPartitionsDefinition,
)

NOW = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


def test_hours_days_weeks_and_months_begin_where_they_are_told() -> None:
    hours = HourlyPartitionsDefinition("2026-03-04-06:00", minute_offset=15)
    assert list(hours.get_partition_keys(NOW)) == ["2026-03-04-06:15", "2026-03-04-07:15", "2026-03-04-08:15",
        "2026-03-04-09:15"]  # fmt: skip
    days = DailyPartitionsDefinition("2026-03-01", hour_offset=11)
    assert list(days.get_partition_keys(NOW)) == ["2026-03-01", "2026-03-02"]
    weeks = WeeklyPartitionsDefinition("2026-02-10", day_offset=1)
    assert list(weeks.get_partition_keys(NOW)) == ["2026-02-16", "2026-02-23"]
    months = MonthlyPartitionsDefinition("2025-12-01", day_offset=5)
    assert list(months.get_partition_keys(NOW)) == ["2025-12-05", "2026-01-05"]
    quarters = TimeWindowPartitionsDefinition(datetime(2025, 1, 1, tzinfo=UTC), "%Y-%m", cron_schedule="0 0 1 */3 *")
    assert list(quarters.get_partition_keys(NOW)) == ["2025-01", "2025-04", "2025-07", "2025-10"]
    assert quarters == TimeWindowPartitionsDefinition("2025-01", "%Y-%m", cron_schedule="0  0 1 */3 *")


def test_today_is_there_with_an_offset() -> None:
    days = DailyPartitionsDefinition("2026-03-01", end_offset=1)
    assert days.get_last_partition_key(NOW) == "2026-03-04"
    assert days.has_partition_key("2026-03-04", NOW)
    assert not DailyPartitionsDefinition("2026-03-01").has_partition_key("2026-03-04", NOW)


def test_windows_have_both_ends_on_the_clock_of_the_zone() -> None:
    days = DailyPartitionsDefinition("2026-03-01", timezone="America/New_York")
    window = days.time_window_for_partition_key("2026-03-08")
    assert window.end.astimezone(UTC) - window.start.astimezone(UTC) == timedelta(hours=23)
    assert days.start_time_for_partition_key("2026-03-08").isoformat() == "2026-03-08T00:00:00-05:00"
    assert days.end_time_for_partition_key("2026-03-08").isoformat() == "2026-03-09T00:00:00-04:00"
    first = days.get_first_partition_window(NOW)
    last = days.get_last_partition_window(NOW)
    assert first is not None
    assert last is not None
    assert (first.start.day, last.start.day) == (1, 3)
    assert days.get_partition_key_for_timestamp(NOW.timestamp()) == "2026-03-04"


def test_ranges_and_windows_of_keys() -> None:
    days = DailyPartitionsDefinition("2026-02-01")
    keys = days.get_partition_keys_in_range(PartitionKeyRange("2026-02-27", "2026-03-02"), NOW)
    assert list(keys) == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    within = TimeWindow(datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC))
    assert list(days.get_partition_keys_in_time_window(within, NOW)) == ["2026-02-27", "2026-02-28", "2026-03-01"]
    with pytest.raises(UnknownPartition, match='its format is "%Y-%m-%d"'):
        days.time_window_for_partition_key("2026-2")


def test_time_is_one_of_several_dimensions() -> None:
    both = MultiPartitionsDefinition(
        {"date": DailyPartitionsDefinition("2026-03-01"), "where": StaticPartitionsDefinition(["a", "b"])}
    )
    assert list(both.get_partition_keys(NOW))[-1] == "2026-03-03|b"
    assert both.has_partition_key("2026-03-02|a", NOW)
    assert not both.has_partition_key("2026-03-04|a", NOW)


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ({"cron_schedule": "61 * * * *"}, 'schedule "61 .* none that cron knows: Bad minute'),
        ({"cron_schedule": "0 0 * * * *"}, "five fields"),
        ({"cron_schedule": "0 0 30 2 *"}, "none that cron knows"),
        ({}, "give one of the two"),
        ({"schedule_type": ScheduleType.DAILY, "cron_schedule": "0 0 * * *"}, "give one of the two"),
        ({"cron_schedule": "0 0 * * *", "hour_offset": 3}, "write them into cron_schedule"),
        ({"schedule_type": ScheduleType.DAILY, "timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"schedule_type": ScheduleType.HOURLY}, "does not tell the windows"),
        ({"schedule_type": ScheduleType.DAILY, "start": "yesterday"}, "'yesterday', which is not written as"),
        ({"schedule_type": ScheduleType.DAILY, "end_offset": "1"}, "whole number"),
        ({"schedule_type": ScheduleType.DAILY, "fmt": "day"}, "format such as"),
    ],
)
def test_what_is_no_partition_by_time_is_refused(given: dict[str, object], flaw: str) -> None:
    with pytest.raises(DefinitionError, match=flaw):
        TimeWindowPartitionsDefinition(**({"start": "2026-01-01", "fmt": "%Y-%m-%d"} | given))  # type: ignore[arg-type]
