"""Config by partition: what a run of a partition is told when it is told nothing else."""

import functools
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.naming import normalised_tags
from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.dynamic import DynamicPartitionsDefinition
from vedette.authoring.partitions.schedules import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from vedette.authoring.partitions.static import StaticPartitionsDefinition
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvalidConfig

ConfigOfKey = Callable[[str], RunConfig | Mapping[str, Any]]
TagsOfKey = Callable[[str], Mapping[str, Any]]
ConfigOfWindow = Callable[[datetime, datetime], RunConfig | Mapping[str, Any]]
TagsOfWindow = Callable[[datetime, datetime], Mapping[str, Any]]


class PartitionedConfig:
    """The run config of each partition, for `@job(config=...)`; it makes the job a partitioned one.

    It is used for a run of a partition that is given no config. Calling it calls the function that it was made of.
    """

    def __init__(
        self,
        partitions_def: PartitionsDefinition,
        run_config_for_partition_key_fn: ConfigOfKey,
        tags_for_partition_key_fn: TagsOfKey | None = None,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        """Take the partitions and the functions of a key; raises DefinitionError."""
        _check(partitions_def, run_config_for_partition_key_fn, tags_for_partition_key_fn)
        self.partitions_def = partitions_def
        self.run_config_for_partition_key_fn = run_config_for_partition_key_fn
        self.tags_for_partition_key_fn = tags_for_partition_key_fn
        self._decorated_fn = decorated_fn or run_config_for_partition_key_fn
        functools.update_wrapper(self, self._decorated_fn, updated=())

    def get_partition_keys(self, current_time: datetime | None = None) -> Iterable[str]:
        """Return the keys of the partitions."""
        return self.partitions_def.get_partition_keys(current_time)

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """Return the run config of a partition; raises InvalidConfig, and what the function raises."""
        config = self.run_config_for_partition_key_fn(partition_key)
        try:
            return run_config_dict(config)
        except InvalidConfig as error:
            raise InvalidConfig(f'The config of partition "{partition_key}" is wrong: {error}') from None

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """Return the tags that runs of a partition get beside those that name it; raises InvalidConfig."""
        if self.tags_for_partition_key_fn is None:
            return {}
        try:
            return normalised_tags(self.tags_for_partition_key_fn(partition_key))
        except ValueError as error:
            raise InvalidConfig(f'The tags of partition "{partition_key}" are wrong: {error}') from None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, in a test."""
        return self._decorated_fn(*args, **kwargs)


def _check(partitions_def: object, config_fn: object, tags_fn: object) -> None:
    if not isinstance(partitions_def, PartitionsDefinition):
        raise DefinitionError(f"partitions_def= of a PartitionedConfig is none: {shown(partitions_def)}.")
    if not callable(config_fn):
        raise DefinitionError(
            f"A PartitionedConfig is made of a function of the partition key, not {shown(config_fn)}."
        )
    if tags_fn is not None and not callable(tags_fn):
        raise DefinitionError(f"The tags of a PartitionedConfig are told by a function, not {shown(tags_fn)}.")


def partitioned_config(
    partitions_def: PartitionsDefinition, tags_for_partition_key_fn: TagsOfKey | None = None
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make config by partition of a function of the partition's key."""
    return lambda fn: PartitionedConfig(partitions_def, fn, tags_for_partition_key_fn)


def static_partitioned_config(
    partition_keys: Iterable[str], tags_for_partition_key_fn: TagsOfKey | None = None
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make config by partition of a function of the key, for the keys in a list."""
    return partitioned_config(StaticPartitionsDefinition(partition_keys), tags_for_partition_key_fn)


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Iterable[str]], tags_for_partition_key_fn: TagsOfKey | None = None
) -> Callable[[ConfigOfKey], PartitionedConfig]:
    """Make config by partition of a function of the key, for the keys that another function returns when it is asked.

    `partition_fn` takes the moment to tell the keys of, None for now. What the API lists is what it returned when the
    code location was loaded.
    """
    return partitioned_config(DynamicPartitionsDefinition(partition_fn), tags_for_partition_key_fn)


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make config by partition of a function of an hour's start and end."""
    hours = HourlyPartitionsDefinition(start_date, None, minute_offset, timezone, fmt, end_offset)
    return _of_windows(hours, tags_for_partition_fn)


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make config by partition of a function of a day's start and end."""
    days = DailyPartitionsDefinition(start_date, None, minute_offset, hour_offset, timezone, fmt, end_offset)
    return _of_windows(days, tags_for_partition_fn)


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make config by partition of a function of a week's start and end."""
    weeks = WeeklyPartitionsDefinition(
        start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset
    )
    return _of_windows(weeks, tags_for_partition_fn)


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: TagsOfWindow | None = None,
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    """Make config by partition of a function of a month's start and end."""
    months = MonthlyPartitionsDefinition(
        start_date, None, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset
    )
    return _of_windows(months, tags_for_partition_fn)


def _of_windows(
    partitions: TimeWindowPartitionsDefinition, tags_fn: TagsOfWindow | None
) -> Callable[[ConfigOfWindow], PartitionedConfig]:
    def tags_of(key: str) -> Mapping[str, Any]:
        return {} if tags_fn is None else tags_fn(*partitions.time_window_for_partition_key(key))

    def made(fn: ConfigOfWindow) -> PartitionedConfig:
        def config_of(key: str) -> RunConfig | Mapping[str, Any]:
            return fn(*partitions.time_window_for_partition_key(key))

        return PartitionedConfig(partitions, config_of, tags_of, fn)

    return made
