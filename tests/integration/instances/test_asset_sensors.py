"""Sensors that watch assets, and checks of how fresh these are, in a plain test with an instance."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from vedette import (
    AssetMaterialization,
    AssetObservation,
    AssetSelection,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    FreshnessPolicy,
    FreshnessPolicySensorContext,
    MultiAssetSensorEvaluationContext,
    RunRequest,
    SkipReason,
    VedetteInstance,
    asset,
    build_last_update_freshness_checks,
    build_multi_asset_sensor_context,
    build_sensor_context,
    build_sensor_for_freshness_checks,
    build_time_partition_freshness_checks,
    define_asset_job,
    freshness_policy_sensor,
    job,
    multi_asset_sensor,
    op,
)

CUSTOMERS = DynamicPartitionsDefinition(name="customers")


@pytest.fixture
def instance() -> Iterator[VedetteInstance]:
    with VedetteInstance.ephemeral() as instance:
        yield instance


@asset(freshness_policy=FreshnessPolicy(maximum_lag_minutes=60))
def orders() -> None: ...


@asset(partitions_def=CUSTOMERS)
def accounts() -> None: ...


@asset(partitions_def=DailyPartitionsDefinition("2026-01-01", end_date="2026-01-03"))
def days() -> None: ...


@op
def nothing() -> None: ...


@job
def report() -> None:
    nothing()


def test_a_multi_asset_sensor_sees_what_the_instance_knows(instance: VedetteInstance) -> None:
    @multi_asset_sensor(AssetSelection.keys("orders", "accounts"), job=report)
    def all_customers(context: MultiAssetSensorEvaluationContext) -> RunRequest | SkipReason:
        if not context.all_partitions_materialized("accounts"):
            return SkipReason("Some are missing.")
        context.advance_all_cursors()
        return RunRequest(tags={"orders": str(len(context.materialization_records_for_key("orders")))})

    definitions = Definitions(assets=[orders, accounts], sensors=[all_customers])

    def context(cursor: str | None = None) -> MultiAssetSensorEvaluationContext:
        return build_multi_asset_sensor_context(
            monitored_assets=all_customers.monitored_assets, instance=instance, definitions=definitions, cursor=cursor
        )

    instance.add_dynamic_partitions("customers", ["ada", "grace"])
    for told in ("orders", "orders"):
        instance.report_runless_asset_event(AssetMaterialization(told))
    instance.report_runless_asset_event(AssetMaterialization("accounts", partition="ada"))
    assert all_customers(context()) == SkipReason("Some are missing.")
    instance.report_runless_asset_event(AssetMaterialization("accounts", partition="grace"))
    ready = context()
    assert all_customers(ready).tags == {"orders": "2"}
    assert context(ready.cursor).latest_materialization_records_by_partition("accounts") == {}


def test_checks_are_made_in_runs_and_by_their_sensor(instance: VedetteInstance) -> None:
    checks = [
        *build_last_update_freshness_checks(assets=[orders], lower_bound_delta=timedelta(hours=1)),
        *build_time_partition_freshness_checks(assets=[days], deadline_cron="0 0 * * *"),
    ]
    sensor = build_sensor_for_freshness_checks(freshness_checks=checks)
    both = define_asset_job("both", AssetSelection.keys("orders").without_checks() | AssetSelection.checks(*checks[:1]))
    only = define_asset_job("only", AssetSelection.checks(*checks))
    definitions = Definitions(assets=[orders, days], asset_checks=checks, jobs=[both, only], sensors=[sensor])

    def checked(name: str) -> dict[str, bool]:
        result = definitions.get_job_def(name).execute_in_process(instance=instance)
        return {one.asset_key.to_user_string(): one.passed for one in result.get_asset_check_evaluations()}

    def told() -> dict[str, bool]:
        evaluation = sensor.evaluate_tick(build_sensor_context(instance=instance, definitions=definitions))
        assert evaluation.error is None
        return {event.key[0]: event.check.passed for event in evaluation.asset_events if event.check}

    assert checked("only") == told() == {"orders": False, "days": False}
    # The run has made it just before, and the instance hears of it once the run has ended.
    assert checked("both") == {"orders": True}
    instance.report_runless_asset_event(AssetMaterialization("days", partition="2026-01-02"))
    assert checked("only") == told() == {"orders": True, "days": True}


def test_an_observation_makes_an_asset_fresh(instance: VedetteInstance) -> None:
    late: list[float | None] = []

    @freshness_policy_sensor([orders])
    def watch(context: FreshnessPolicySensorContext) -> None:
        late.append(context.minutes_overdue)

    definitions = Definitions(assets=[orders], sensors=[watch])
    for told in (None, AssetObservation("orders")):
        if told is not None:
            instance.report_runless_asset_event(told)
        assert watch.evaluate_tick(build_sensor_context(instance=instance, definitions=definitions)).error is None
    assert late == [None, 0.0]
