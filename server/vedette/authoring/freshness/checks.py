"""Checks of how fresh assets are."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from vedette.authoring.assets.checks import asset_check
from vedette.authoring.assets.definition import AssetChecksDefinition
from vedette.authoring.assets.keys import keys_of
from vedette.authoring.assets.results import AssetCheckResult
from vedette.authoring.freshness.rules import FreshnessRule, LastUpdate, TimePartition
from vedette.authoring.freshness.standing import Standing, standing_of
from vedette.authoring.op_contexts import AssetCheckExecutionContext
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition, checked_cron, zone_of
from vedette.authoring.text import shown
from vedette.domain.assets import AssetCheckSeverity, AssetKey
from vedette.errors import DefinitionError

CHECK_NAME = "freshness_check"
DEFAULT_SEVERITY = AssetCheckSeverity.WARN


class FreshnessChecksDefinition(AssetChecksDefinition):
    """A check of how fresh one asset is: `rule` is what it asks."""

    rule: FreshnessRule


def build_last_update_freshness_checks(
    *,
    assets: Iterable[Any],
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = DEFAULT_SEVERITY,
    blocking: bool = False,
) -> list[FreshnessChecksDefinition]:
    """Make a check of each asset: it was materialized or observed at most `lower_bound_delta` before the deadline.

    The deadline is the last tick of `deadline_cron` in `timezone`; without one, every moment. Raises DefinitionError.
    """
    _check_delta(lower_bound_delta)
    cron = None if deadline_cron is None else checked_cron(deadline_cron)
    zone_of(timezone)
    return [_check(LastUpdate(key, cron, timezone, severity, blocking, lower_bound_delta)) for key, _ in _each(assets)]


def build_time_partition_freshness_checks(
    *,
    assets: Iterable[Any],
    deadline_cron: str,
    timezone: str = "UTC",
    severity: AssetCheckSeverity = DEFAULT_SEVERITY,
    blocking: bool = False,
) -> list[FreshnessChecksDefinition]:
    """Make a check of each asset: the partition is there that was over by the last tick of `deadline_cron`.

    The assets are given as definitions, of assets that are partitioned by time. Raises DefinitionError.
    """
    cron = checked_cron(deadline_cron)
    zone_of(timezone)
    found = []
    for key, partitions in _each(assets):
        if not isinstance(partitions, TimeWindowPartitionsDefinition):
            raise DefinitionError(
                f'The asset "{key.to_user_string()}" of build_time_partition_freshness_checks is to be given as its'
                " definition, and partitioned by time."
            )
        found.append(_check(TimePartition(key, cron, timezone, severity, blocking, partitions)))
    return found


def _check_delta(given: object) -> None:
    if not isinstance(given, timedelta) or given <= timedelta():
        raise DefinitionError(f"lower_bound_delta of freshness checks is a timedelta above 0, not {shown(given)}.")


def _each(assets: Iterable[Any]) -> Iterator[tuple[AssetKey, Any]]:
    """Yield the keys, with what partitions each where its definition is given. Raises DefinitionError."""
    if isinstance(assets, str) or not isinstance(assets, Iterable):
        raise DefinitionError(f"assets= of freshness checks takes a list, not {shown(assets)}.")
    seen: set[AssetKey] = set()
    for one in assets:
        partitions = {spec.key: spec.partitions_def for spec in getattr(one, "specs", ())}
        for key in keys_of(one):
            if key in seen:
                raise DefinitionError(f'assets= of freshness checks names "{key.to_user_string()}" twice.')
            seen.add(key)
            yield key, partitions.get(key)


def _check(rule: FreshnessRule) -> FreshnessChecksDefinition:
    made = asset_check(asset=rule.asset_key, name=CHECK_NAME, blocking=rule.blocking)(_function(rule))
    check = FreshnessChecksDefinition(made.op, {}, check_specs=made.check_specs)
    check.rule = rule
    return check


def _function(rule: FreshnessRule) -> Callable[[AssetCheckExecutionContext], AssetCheckResult]:
    def freshness_check(context: AssetCheckExecutionContext) -> AssetCheckResult:
        """Tell whether the asset is as fresh as it is to be."""
        now = datetime.now(UTC)
        standing = standing_of(context.instance, rule.asset_key)
        if context.run_makes(rule.asset_key):
            # The instance may not have heard of it yet.
            partitions = context.partition_keys if context.has_partition_key_range else ()
            standing = Standing(now, standing.partitions.union(partitions))
        return rule.result(standing, now)

    return freshness_check
