"""What upstream's page on asset sensors shows runs here: only the import is another."""

from typing import Any

from unit.compat.asset_page import (
    DAILY_1,
    DAILY_2,
    DEFINITIONS,
    asset_a_and_b_sensor,
    trigger_daily_asset_if_both_upstream_partitions_materialized,
    trigger_weekly_asset_from_daily_asset,
)
from vedette import (
    AssetKey,
    AssetMaterialization,
    MultiAssetSensorEvaluationContext,
    RunRequest,
    build_multi_asset_sensor_context,
)


def told(*events: tuple[AssetKey, str], cursor: str | None = None, **given: Any) -> MultiAssetSensorEvaluationContext:
    return build_multi_asset_sensor_context(
        monitored_assets=given.get("keys", [DAILY_1, DAILY_2]),
        materializations=[AssetMaterialization(key, partition=partition) for key, partition in events],
        cursor=cursor,
        definitions=DEFINITIONS,
    )


def test_a_run_once_both_are_materialized() -> None:
    first = (DAILY_1, "2026-01-04")
    assert "upstream_daily_1" in asset_a_and_b_sensor(told(first)).skip_message
    assert asset_a_and_b_sensor(told(first, (DAILY_2, "2026-01-05"))) == RunRequest()


def test_a_run_for_each_partition_that_both_have_and_later_for_the_one_that_was_passed_over() -> None:
    events = [(DAILY_1, "2026-01-04"), (DAILY_1, "2026-01-05"), (DAILY_2, "2026-01-05")]
    context = told(*events)
    [request] = trigger_daily_asset_if_both_upstream_partitions_materialized(context)
    assert request.partition_key == "2026-01-05"
    later = told(*events, (DAILY_2, "2026-01-04"), cursor=context.cursor)
    [request] = trigger_daily_asset_if_both_upstream_partitions_materialized(later)
    assert request.partition_key == "2026-01-04"
    done = told(*events, (DAILY_2, "2026-01-04"), cursor=later.cursor)
    assert trigger_daily_asset_if_both_upstream_partitions_materialized(done) == []


def test_a_run_of_a_week_once_all_of_its_days_are_there() -> None:
    week = [(DAILY_1, f"2026-01-{day:02}") for day in range(11, 18)]
    assert trigger_weekly_asset_from_daily_asset(told(*week[:6], keys=[DAILY_1])) == []
    [request] = trigger_weekly_asset_from_daily_asset(told(*week, keys=[DAILY_1]))
    assert request.partition_key == "2026-01-11"
