"""What upstream's page on asset sensors shows, as its readers have it: only the import is another."""

from vedette.compat.dagster import (
    AssetKey,
    DailyPartitionsDefinition,
    Definitions,
    RunRequest,
    SkipReason,
    WeeklyPartitionsDefinition,
    asset,
    define_asset_job,
    job,
    multi_asset_sensor,
    op,
)

DAYS = DailyPartitionsDefinition(start_date="2026-01-04", end_date="2026-02-01")
WEEKS = WeeklyPartitionsDefinition(start_date="2026-01-04", end_date="2026-02-01")


@asset(partitions_def=DAYS)
def upstream_daily_1() -> None: ...


@asset(partitions_def=DAYS)
def upstream_daily_2() -> None: ...


@asset(partitions_def=DAYS, deps=[upstream_daily_1, upstream_daily_2])
def downstream_daily_asset() -> None: ...


@asset(partitions_def=WEEKS, deps=[upstream_daily_1])
def downstream_weekly_asset() -> None: ...


@op
def nothing() -> None: ...


@job
def my_job() -> None:
    nothing()


downstream_daily_job = define_asset_job("downstream_daily_job", selection=[downstream_daily_asset], partitions_def=DAYS)
weekly_asset_job = define_asset_job("weekly_asset_job", selection=[downstream_weekly_asset], partitions_def=WEEKS)
DAILY_1, DAILY_2, WEEKLY = AssetKey("upstream_daily_1"), AssetKey("upstream_daily_2"), downstream_weekly_asset.key


@multi_asset_sensor(monitored_assets=[DAILY_1, DAILY_2], job=my_job)
def asset_a_and_b_sensor(context):
    asset_events = context.latest_materialization_records_by_key()
    if all(asset_events.values()):
        context.advance_all_cursors()
        return RunRequest()
    if any(asset_events.values()):
        materialized = [key.to_user_string() for key, value in asset_events.items() if value]
        return SkipReason(f"Observed materializations for {materialized}, but not for the others")
    return SkipReason("Nothing.")


@multi_asset_sensor(monitored_assets=[DAILY_1, DAILY_2], job=downstream_daily_job)
def trigger_daily_asset_if_both_upstream_partitions_materialized(context):
    run_requests = []
    for partition, materializations_by_asset in context.latest_materialization_records_by_partition_and_asset().items():
        if set(materializations_by_asset.keys()) == set(context.asset_keys):
            run_requests.append(downstream_daily_job.run_request_for_partition(partition))
            for asset_key, materialization in materializations_by_asset.items():
                context.advance_cursor({asset_key: materialization})
    return run_requests


@multi_asset_sensor(monitored_assets=[DAILY_1], job=weekly_asset_job)
def trigger_weekly_asset_from_daily_asset(context):
    run_requests_by_partition = {}
    for partition, materialization in context.latest_materialization_records_by_partition(DAILY_1).items():
        weekly_partitions = context.get_downstream_partition_keys(
            partition, from_asset_key=DAILY_1, to_asset_key=WEEKLY
        )
        if weekly_partitions:
            daily_partitions_in_week = context.get_downstream_partition_keys(
                weekly_partitions[0], from_asset_key=WEEKLY, to_asset_key=DAILY_1
            )
            if context.all_partitions_materialized(DAILY_1, daily_partitions_in_week):
                run_requests_by_partition[weekly_partitions[0]] = weekly_asset_job.run_request_for_partition(
                    partition_key=weekly_partitions[0]
                )
                context.advance_cursor({DAILY_1: materialization})
    return list(run_requests_by_partition.values())


SENSORS = [
    asset_a_and_b_sensor,
    trigger_daily_asset_if_both_upstream_partitions_materialized,
    trigger_weekly_asset_from_daily_asset,
]
DEFINITIONS = Definitions(
    assets=[upstream_daily_1, upstream_daily_2, downstream_daily_asset, downstream_weekly_asset],
    jobs=[downstream_daily_job, weekly_asset_job],
    sensors=SENSORS,
)
