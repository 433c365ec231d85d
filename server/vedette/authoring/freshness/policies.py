"""How fresh an asset is to be."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from vedette.authoring.freshness.deadlines import last_tick
from vedette.authoring.partitions.time_windows import checked_cron, zone_of
from vedette.authoring.text import shown
from vedette.errors import DefinitionError


@dataclass(frozen=True, init=False)
class FreshnessPolicy:
    """An asset is to be updated every `maximum_lag_minutes`; with a `cron_schedule`, so long before each of its ticks.

    Looked at is the asset's own last materialization or observation. Raises DefinitionError.
    """

    maximum_lag_minutes: float
    cron_schedule: str | None
    cron_schedule_timezone: str | None

    def __init__(
        self,
        *,
        maximum_lag_minutes: float,
        cron_schedule: str | None = None,
        cron_schedule_timezone: str | None = None,
    ) -> None:
        """Take minutes, 0 or more; and a schedule with its time zone, UTC unless given."""
        if not _is_lag(maximum_lag_minutes):
            raise DefinitionError(
                f"maximum_lag_minutes of a FreshnessPolicy is 0 or more minutes, not {shown(maximum_lag_minutes)}."
            )
        if cron_schedule_timezone is not None:
            if cron_schedule is None:
                raise DefinitionError("A FreshnessPolicy with cron_schedule_timezone needs a cron_schedule.")
            zone_of(cron_schedule_timezone)
        set_ = object.__setattr__
        set_(self, "maximum_lag_minutes", float(maximum_lag_minutes))
        set_(self, "cron_schedule", None if cron_schedule is None else checked_cron(cron_schedule))
        set_(self, "cron_schedule_timezone", cron_schedule_timezone)

    def minutes_overdue(self, updated_at: datetime | None, at: datetime) -> float | None:
        """Return by how much an asset is late at a moment, 0 where it is not; None if it was never updated."""
        if updated_at is None:
            return None
        deadline = at
        if self.cron_schedule is not None:
            deadline = last_tick(self.cron_schedule, self.cron_schedule_timezone or "UTC", at)
        required = deadline - timedelta(minutes=self.maximum_lag_minutes)
        return max(0.0, (required - updated_at).total_seconds() / 60)


def _is_lag(minutes: object) -> bool:
    if not isinstance(minutes, int | float) or isinstance(minutes, bool):
        return False
    return math.isfinite(minutes) and minutes >= 0
