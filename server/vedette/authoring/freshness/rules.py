"""What freshness checks ask of an asset, and what they find. Pure."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vedette.authoring.asset_events import AssetCheckEvaluation
from vedette.authoring.assets.results import AssetCheckResult
from vedette.authoring.freshness.deadlines import last_tick, next_tick
from vedette.authoring.freshness.standing import Standing
from vedette.authoring.metadata import MetadataValue
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.domain.assets import AssetCheckSeverity, AssetKey


@dataclass(frozen=True)
class Finding:
    """How a check went. `deadline` is the one that it was held to, None where every moment is one."""

    passed: bool
    description: str
    metadata: dict[str, Any]
    deadline: datetime | None


@dataclass(frozen=True)
class FreshnessRule(ABC):
    """What is asked of one asset, and how bad it is where that is not met. Schedules are those of `timezone`."""

    asset_key: AssetKey
    deadline_cron: str | None
    timezone: str
    severity: AssetCheckSeverity
    blocking: bool

    @abstractmethod
    def look(self, standing: Standing, now: datetime) -> Finding:
        """Return how the asset meets it, as it stands at the moment `now`."""

    def result(self, standing: Standing, now: datetime) -> AssetCheckResult:
        """Return it as what a check returns."""
        found = self.look(standing, now)
        return AssetCheckResult(
            passed=found.passed, metadata=found.metadata, severity=self.severity, description=found.description
        )

    def evaluation(self, check_name: str, found: Finding) -> AssetCheckEvaluation:
        """Return it as an event."""
        return AssetCheckEvaluation(
            self.asset_key,
            check_name,
            found.passed,
            found.metadata,
            self.severity,
            found.description,
            self.blocking,
        )

    def _deadline(self, now: datetime) -> datetime | None:
        return None if self.deadline_cron is None else last_tick(self.deadline_cron, self.timezone, now)

    def _told(self, standing: Standing, now: datetime, fresh_until: datetime | None, **params: Any) -> dict[str, Any]:
        deadline = self._deadline(now)
        times = {
            "vedette/last_updated_timestamp": standing.updated_at,
            "vedette/latest_deadline_timestamp": deadline,
            "vedette/fresh_until_timestamp": fresh_until,
        }
        told = {"timezone": self.timezone, "deadline_cron": self.deadline_cron, **params}
        return {
            "vedette/freshness_params": {name: value for name, value in told.items() if value is not None},
            **{name: MetadataValue.timestamp(at) for name, at in times.items() if at is not None},
        }


@dataclass(frozen=True)
class LastUpdate(FreshnessRule):
    """It was updated at most `lower_bound_delta` before the last deadline, or before now where there is no deadline."""

    lower_bound_delta: timedelta

    def look(self, standing: Standing, now: datetime) -> Finding:
        """Compare when it was updated."""
        deadline = self._deadline(now)
        bound = (deadline or now) - self.lower_bound_delta
        passed = standing.updated_at is not None and standing.updated_at >= bound
        metadata = self._told(
            standing,
            now,
            self._fresh_until(standing, now) if passed else None,
            lower_bound_delta_seconds=self.lower_bound_delta.total_seconds(),
        )
        if standing.updated_at is None:
            return Finding(False, "The asset was never materialized or observed.", metadata, deadline)
        ago, allowed = _shown(now - standing.updated_at), _shown(now - bound)
        verdict = "fresh" if passed else "overdue"
        return Finding(passed, f"The asset is {verdict}: updated {ago} ago, allowed are {allowed}.", metadata, deadline)

    def _fresh_until(self, standing: Standing, now: datetime) -> datetime:
        if self.deadline_cron is not None:
            return next_tick(self.deadline_cron, self.timezone, now)
        assert standing.updated_at is not None
        return standing.updated_at + self.lower_bound_delta


@dataclass(frozen=True)
class TimePartition(FreshnessRule):
    """The last partition that was over by the last deadline is there."""

    partitions_def: TimeWindowPartitionsDefinition

    def look(self, standing: Standing, now: datetime) -> Finding:
        """Look for the partition."""
        assert self.deadline_cron is not None
        deadline = last_tick(self.deadline_cron, self.timezone, now)
        expected = self.partitions_def.get_last_partition_key(deadline)
        passed = expected is None or expected in standing.partitions
        until = next_tick(self.deadline_cron, self.timezone, now) if passed else None
        metadata = self._told(standing, now, until)
        if expected is None:
            text = "The asset is fresh: no partition was to be there by the last deadline."
        elif passed:
            text = f"The asset is fresh: its partition {expected} is there."
        else:
            text = f"The asset is overdue: its partition {expected} was to be there, and is not."
        return Finding(passed, text, metadata, deadline)


def _shown(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
