"""Partitions by hour, day, week and month."""

from datetime import datetime

from vedette.authoring.partitions.time_windows import ScheduleType, TimeWindowPartitionsDefinition

HOUR_FORMAT = "%Y-%m-%d-%H:%M"
DAY_FORMAT = "%Y-%m-%d"


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A key for each hour, such as `2026-01-31-22:00`."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Begin at `start_date`, `minute_offset` past the hour; see TimeWindowPartitionsDefinition."""
        super().__init__(
            start_date,
            fmt or HOUR_FORMAT,
            end_date,
            ScheduleType.HOURLY,
            timezone,
            end_offset,
            minute_offset=minute_offset,
        )


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A key for each day, such as `2026-01-31`."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Begin at `start_date`; a day begins at the hour and minute of the offsets."""
        super().__init__(
            start_date,
            fmt or DAY_FORMAT,
            end_date,
            ScheduleType.DAILY,
            timezone,
            end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
        )


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A key for each week: its first day, such as `2026-01-25`."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Begin at `start_date`; a week begins on the day `day_offset` (0: Sunday) at the hour and minute given."""
        super().__init__(
            start_date,
            fmt or DAY_FORMAT,
            end_date,
            ScheduleType.WEEKLY,
            timezone,
            end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
        )


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """A key for each month: its first day, such as `2026-01-01`."""

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
    ) -> None:
        """Begin at `start_date`; a month begins on its day `day_offset` at the hour and minute given."""
        super().__init__(
            start_date,
            fmt or DAY_FORMAT,
            end_date,
            ScheduleType.MONTHLY,
            timezone,
            end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
        )
