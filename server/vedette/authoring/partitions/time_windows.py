"""Partitions by time: the windows between the ticks of a cron schedule."""

import enum
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from vedette.authoring.partitions.definition import PartitionsDefinition, moment
from vedette.authoring.text import shown
from vedette.domain.time_windows import TimeWindow, TimeWindowPartitions, calendar_of, ticks_after
from vedette.errors import DefinitionError, UnknownPartition

CRON_FIELDS = 5
ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class ScheduleType(enum.Enum):
    """How often a window begins, for those who do not write cron."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"


class TimeWindowPartitionsDefinition(PartitionsDefinition):
    """A key for each window between two ticks of a cron schedule: its start, as `fmt` writes it.

    The first window begins at the first tick not before `start`. There are the windows that are over, and
    `end_offset` more; with `end`, none that ends later. Where the clock of `timezone` repeats an hour, the second of
    two windows of the same name has its offset from UTC appended.
    """

    def __init__(
        self,
        start: datetime | str,
        fmt: str,
        end: datetime | str | None = None,
        schedule_type: ScheduleType | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
    ) -> None:
        """Take `start` and `end` as times, naive ones on the clock of `timezone` (UTC), or as `fmt` writes them.

        Raises DefinitionError for what is no time, schedule, time zone or format that tells the windows apart.
        """
        offsets = minute_offset, hour_offset, day_offset
        cron = _cron(cron_schedule, schedule_type, offsets)
        zone = zone_of(timezone or "UTC")
        _check_form(fmt, end_offset)
        begin = _time("start", start, fmt, zone)
        finish = None if end is None else _time("end", end, fmt, zone)
        self._spec = TimeWindowPartitions(cron, fmt, begin, zone.key, finish, end_offset)
        self._check_format()

    def _check_format(self) -> None:
        first, second = islice(ticks_after(self._spec.cron, self._spec.first), 2)
        key = self._spec.key(first)
        if self._spec.key(second) == key or self._spec.window(key) != (first, second):
            raise DefinitionError(
                f'The format "{self.fmt}" does not tell the windows of the schedule "{self.cron_schedule}" apart:'
                f" {first} has the key {key!r}; add what is missing, such as %H:%M."
            )

    @property
    def spec(self) -> TimeWindowPartitions:
        """Return the definition as data."""
        return self._spec

    @property
    def cron_schedule(self) -> str:
        """Return the schedule, in cron's five fields."""
        return self._spec.cron

    @property
    def fmt(self) -> str:
        """Return the format of the keys."""
        return self._spec.fmt

    @property
    def timezone(self) -> str:
        """Return the name of the time zone."""
        return self._spec.timezone

    @property
    def end_offset(self) -> int:
        """Return how many windows there are beside those that are over."""
        return self._spec.end_offset

    @property
    def start(self) -> datetime:
        """Return the time before which no window begins."""
        return datetime.fromtimestamp(self._spec.start, self._spec.zone)

    @property
    def end(self) -> datetime | None:
        """Return the time after which no window ends, if there is one."""
        return None if self._spec.end is None else datetime.fromtimestamp(self._spec.end, self._spec.zone)

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """Return the window of a key, whether it has begun or not; raises UnknownPartition for what is no key."""
        if (window := self._spec.window(partition_key)) is None:
            raise UnknownPartition(
                f'{shown(partition_key)} is no key of {self}: its format is "{self.fmt}", its schedule'
                f' "{self.cron_schedule}" in {self.timezone}.'
            )
        return window

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return when the window of a key begins; raises UnknownPartition."""
        return self.time_window_for_partition_key(partition_key).start

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return when the window of a key ends; raises UnknownPartition."""
        return self.time_window_for_partition_key(partition_key).end

    def get_first_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """Return the first window; None where there is none yet."""
        key = self.get_first_partition_key(current_time)
        return None if key is None else self.time_window_for_partition_key(key)

    def get_last_partition_window(self, current_time: datetime | None = None) -> TimeWindow | None:
        """Return the last window; None where there is none yet."""
        key = self.get_last_partition_key(current_time)
        return None if key is None else self.time_window_for_partition_key(key)

    def get_partition_key_for_timestamp(self, timestamp: float) -> str:
        """Return the key of the window that a moment lies in, in seconds since the epoch."""
        return self._spec.key_at(datetime.fromtimestamp(timestamp, self._spec.zone))

    def get_partition_keys_in_time_window(
        self, time_window: TimeWindow, current_time: datetime | None = None
    ) -> Sequence[str]:
        """Return the keys of the windows that begin within a time window."""
        starts = calendar_of(self._spec).between(*time_window, moment(current_time))
        return list(starts)

    def _named(self) -> Iterable[str]:
        return (f'"{self.cron_schedule}"', f"from {self.start.isoformat()}", self.timezone)


def _check_form(fmt: object, end_offset: object) -> None:
    if not isinstance(fmt, str) or "%" not in fmt:
        raise DefinitionError(f"fmt= of partitions by time is a format such as %Y-%m-%d, not {shown(fmt)}.")
    if not isinstance(end_offset, int) or isinstance(end_offset, bool):
        raise DefinitionError(f"end_offset= of partitions by time is a whole number, not {shown(end_offset)}.")


def _cron(
    cron: str | None, schedule_type: ScheduleType | None, offsets: tuple[int | None, int | None, int | None]
) -> str:
    if (cron is None) == (schedule_type is None):
        raise DefinitionError("Partitions by time have a cron_schedule or a schedule_type: give one of the two.")
    if schedule_type is not None:
        return checked_cron(cron_of(ScheduleType(schedule_type), *offsets))
    if any(offsets):
        raise DefinitionError("Offsets of partitions by time go with a schedule_type; write them into cron_schedule.")
    return checked_cron(cron)


def cron_of(kind: ScheduleType, minute: int | None, hour: int | None, day: int | None) -> str:
    """Return the schedule of a kind, moved by so many minutes and hours; `day` is of the week (0: Sunday) or month."""
    minute, hour = minute or 0, hour or 0
    if kind is ScheduleType.HOURLY:
        return f"{minute} * * * *"
    if kind is ScheduleType.DAILY:
        return f"{minute} {hour} * * *"
    if kind is ScheduleType.WEEKLY:
        return f"{minute} {hour} * * {day or 0}"
    return f"{minute} {hour} {1 if day is None else day} * *"


def checked_cron(cron: object) -> str:
    """Return a schedule with its spaces and aliases made plain; raises DefinitionError for what is none."""
    if not isinstance(cron, str):
        raise DefinitionError(f'cron_schedule= is a str such as "0 0 * * *", not {shown(cron)}.')
    plain = " ".join(ALIASES.get(cron.strip().lower(), cron).split())
    if len(plain.split()) != CRON_FIELDS:
        raise DefinitionError(
            f'The schedule "{cron}" does not have the five fields of cron: minute, hour, day, month, weekday.'
        )
    try:
        next(CronSim(plain, moment(None)))
    except CronSimError as error:
        raise DefinitionError(f'The schedule "{cron}" is none that cron knows: {error}.') from None
    except StopIteration:
        raise DefinitionError(f'The schedule "{cron}" never ticks.') from None
    return plain


def zone_of(name: object) -> ZoneInfo:
    """Return a time zone by its name; raises DefinitionError where there is none."""
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise DefinitionError(
            f"There is no time zone {shown(name)}; give a name of the IANA database such as Europe/Berlin."
        ) from None


def _time(argument: str, given: object, fmt: str, zone: ZoneInfo) -> float:
    if isinstance(given, str):
        try:
            given = datetime.strptime(given, fmt)  # noqa: DTZ007  # a naive time is one on the clock of the zone
        except ValueError:
            raise DefinitionError(
                f'{argument}= of partitions by time is {shown(given)}, which is not written as "{fmt}".'
            ) from None
    if not isinstance(given, datetime):
        raise DefinitionError(f"{argument}= of partitions by time is a datetime or a str, not {shown(given)}.")
    return int((given if given.tzinfo is not None else given.replace(tzinfo=zone)).timestamp())
