import os
from typing import Any

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterRunStatus,
    DefaultSensorStatus,
    EventLogEntry,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    RunStatusSensorContext,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    asset_sensor,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

from .jobs import daily_report, greet_customer, process_file
from .partitions import customers
from .resources import OrdersApi

ALERTS: list[str] = []


@sensor(job=process_file, minimum_interval_seconds=5, default_status=DefaultSensorStatus.RUNNING)
def inbox(context: SensorEvaluationContext) -> Any:
    """A run for each file that is newer than the last."""
    last = float(context.cursor) if context.cursor else 0
    newest = last
    for entry in sorted(os.scandir(os.environ["INBOX"]), key=lambda one: one.name):
        changed = entry.stat().st_mtime
        if changed <= last:
            continue
        newest = max(newest, changed)
        yield RunRequest(
            run_key=f"{entry.name}:{changed}",
            run_config={"ops": {"counted": {"ops": {"read": {"config": {"path": entry.name, "lines": 3}}}}}},
            tags={"source": "inbox"},
        )
    context.update_cursor(str(newest))


@sensor(job=greet_customer)
def new_customers(context: SensorEvaluationContext, api: OrdersApi) -> SensorResult | SkipReason:
    known = context.instance.get_dynamic_partitions("customers")
    new = [order["id"] for order in api.orders("c") if order["id"] not in known]
    if not new:
        return SkipReason("Nobody is new.")
    return SensorResult(
        run_requests=[RunRequest(partition_key=key) for key in new],
        dynamic_partitions_requests=[customers.build_add_request(new)],
    )


@sensor(jobs=[process_file, greet_customer])
def when_idle(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    going = context.instance.get_run_records(
        RunsFilter(job_name="process_file", statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.QUEUED]), limit=1
    )
    if going:
        return SkipReason(f"{going[0].dagster_run.run_id} goes on")
    config = {"counted": {"ops": {"read": {"config": {"path": "x"}}}}}
    return RunRequest(job_name="process_file", run_config={"ops": config})


@sensor(asset_selection=AssetSelection.assets("orders", "totals"))
def refresh() -> RunRequest:
    return RunRequest(partition_key="2026-01-02", asset_selection=[AssetKey("orders")])


@asset_sensor(asset_key=AssetKey("totals"), job=process_file)
def on_totals(context: SensorEvaluationContext, asset_event: EventLogEntry) -> RunRequest:
    assert asset_event.asset_key is not None
    return RunRequest(
        run_key=context.cursor,
        run_config={"ops": {"counted": {"ops": {"read": {"config": {"path": asset_event.asset_key.path[-1]}}}}}},
    )


@run_status_sensor(run_status=DagsterRunStatus.SUCCESS, monitored_jobs=[process_file, daily_report])
def on_success(context: RunStatusSensorContext) -> None:
    ALERTS.append(f"{context.dagster_run.job_name} succeeded: {context.dagster_event.event_type_value}")


@run_failure_sensor(monitored_jobs=[process_file])
def on_failure(context: RunFailureSensorContext) -> None:
    ALERTS.append(f"{context.dagster_run.job_name} failed: {context.failure_event.message}")
