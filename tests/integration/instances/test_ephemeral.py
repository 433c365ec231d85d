"""An empty instance of one's own, in a plain test: what is told it is what it tells, with no server anywhere."""

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vedette import (
    AssetCheckEvaluation,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetRecordsFilter,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    EventLogRecord,
    EventRecordsFilter,
    InvocationError,
    MaterializeResult,
    OpExecutionContext,
    RunRequest,
    RunsFilter,
    RunStatus,
    RunStatusSensorContext,
    SensorEvaluationContext,
    SkipReason,
    VedetteInstance,
    asset,
    build_op_context,
    build_run_status_sensor_context,
    build_sensor_context,
    instance_for_test,
    job,
    materialize,
    op,
    run_status_sensor,
    sensor,
)
from vedette.domain.events import RunEventKind

DAYS = DailyPartitionsDefinition(start_date="2026-01-01")


@pytest.fixture
def instance() -> Iterator[VedetteInstance]:
    with VedetteInstance.ephemeral() as instance:
        yield instance


@op
def greet(context: OpExecutionContext) -> int:
    return context.instance.get_runs_count()


@job(tags={"team": "core"})
def greets() -> None:
    greet()


@op
def fail() -> None:
    raise ValueError("on purpose")


@job
def fails() -> None:
    fail()


@asset
def orders(context: AssetExecutionContext) -> MaterializeResult:
    known = context.instance.get_latest_materialization_event(AssetKey("orders"))
    return MaterializeResult(metadata={"before": 0 if known is None else known.storage_id})


@asset(partitions_def=DAYS)
def days() -> None: ...


def test_runs_are_recorded_and_found_by_all_that_tells_them_apart(instance: VedetteInstance) -> None:
    began = datetime.now(UTC)
    first = greets.execute_in_process(instance=instance, tags={"color": "red"})
    second = greets.execute_in_process(instance=instance, tags={"color": "blue"})
    failed = fails.execute_in_process(instance=instance, raise_on_error=False)
    assert first.output_for_node("greet") == 0
    assert second.output_for_node("greet") == 1

    newest_first = [failed.run_id, second.run_id, first.run_id]
    assert [run.run_id for run in instance.get_runs()] == newest_first
    assert [run.run_id for run in instance.get_runs(ascending=True)] == newest_first[::-1]
    assert [run.run_id for run in instance.get_runs(cursor=failed.run_id, limit=1)] == [second.run_id]
    assert instance.get_run_ids(cursor=first.run_id) == []
    for filters, found in (
        (RunsFilter(job_name="greets"), newest_first[1:]),
        (RunsFilter(statuses=[RunStatus.FAILURE]), [failed.run_id]),
        (RunsFilter(statuses=[RunStatus.FAILURE, RunStatus.SUCCESS]), newest_first),
        (RunsFilter(statuses=[RunStatus.QUEUED]), []),
        (RunsFilter(tags={"color": "red", "team": "core"}), [first.run_id]),
        (RunsFilter(tags={"color": ["red", "blue"]}), newest_first[1:]),
        (RunsFilter(run_ids=[first.run_id, "no id"]), [first.run_id]),
        (RunsFilter(run_ids=[]), []),
        (RunsFilter(created_after=began - timedelta(minutes=1)), newest_first),
        (RunsFilter(updated_before=began - timedelta(minutes=1)), []),
    ):
        assert instance.get_run_ids(filters) == found, filters
        assert instance.get_runs_count(filters) == len(found), filters

    assert not instance.has_run("no id")
    run = instance.get_run_by_id(failed.run_id)
    assert run is not None
    assert run.is_failure
    assert "on purpose" in str(run.error)
    [record] = instance.get_run_records(RunsFilter(job_name="fails"), order_by="update_timestamp", limit=1)
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.create_timestamp <= record.update_timestamp
    kinds = [event.kind for event in instance.all_logs(failed.run_id)]
    assert kinds[0] is RunEventKind.RUN_QUEUED
    assert kinds[-1] is RunEventKind.RUN_FAILURE
    assert [one.step for one in instance.all_logs(failed.run_id, of_type=RunEventKind.STEP_FAILURE)] == ["fail"]
    changes = instance.fetch_run_status_changes(RunEventKind.RUN_SUCCESS, limit=1)
    assert [(one.run_id, one.run_status) for one in changes.records] == [(second.run_id, RunStatus.SUCCESS)]
    assert changes.has_more
    rest = instance.fetch_run_status_changes(RunEventKind.RUN_SUCCESS, limit=9, cursor=changes.cursor)
    assert [one.run_id for one in rest.records] == [first.run_id]
    assert not rest.has_more


def test_assets_are_recorded_and_found_by_key_kind_and_partition(instance: VedetteInstance) -> None:
    assert instance.get_latest_materialization_event("orders") is None
    materialize([orders], instance=instance)
    first = instance.get_latest_materialization_event(AssetKey("orders"))
    assert first is not None
    materialize([orders], instance=instance)
    last = instance.get_latest_materialization_event("orders")
    assert last is not None
    assert last.asset_materialization is not None
    assert last.metadata["before"].value == first.storage_id
    assert last.storage_id > first.storage_id
    assert last.run_id == instance.get_runs(limit=1)[0].run_id

    for day in ("2026-01-01", "2026-01-02", "2026-01-01"):
        materialize([days], instance=instance, partition_key=day)
    assert instance.get_materialized_partitions("days") == {"2026-01-01", "2026-01-02"}
    page = instance.fetch_materializations("days", limit=2)
    assert [one.partition_key for one in page.records] == ["2026-01-01", "2026-01-02"]
    assert page.has_more
    rest = instance.fetch_materializations("days", limit=2, cursor=page.cursor)
    assert ([one.partition_key for one in rest.records], rest.has_more) == (["2026-01-01"], False)
    of_day = AssetRecordsFilter("days", asset_partitions=["2026-01-02"])
    [record] = instance.fetch_materializations(of_day, limit=5).records
    found = instance.get_event_records(
        EventRecordsFilter(RunEventKind.ASSET_MATERIALIZATION, AssetKey("days"), after_cursor=record.storage_id - 1),
        ascending=True,
    )
    assert [one.partition_key for one in found if isinstance(one, EventLogRecord)] == ["2026-01-02", "2026-01-01"]
    assert instance.get_event_records(EventRecordsFilter(RunEventKind.RUN_SUCCESS), limit=1)
    assert set(instance.get_asset_keys()) == {AssetKey("orders"), AssetKey("days")}
    assert not instance.has_asset_key("order")


def test_events_without_a_run_are_told(instance: VedetteInstance) -> None:
    instance.report_runless_asset_event(AssetMaterialization(["shop", "a"], metadata={"rows": 3}))
    instance.report_runless_asset_event(AssetObservation(["shop", "a"]))
    instance.report_runless_asset_event(AssetCheckEvaluation(["shop", "a"], "fresh", passed=True))
    told = instance.get_latest_materialization_event(["shop", "a"])
    assert told is not None
    assert (told.run_id, told.metadata["rows"].value) == (None, 3)
    assert len(instance.fetch_observations(["shop", "a"], limit=5).records) == 1
    assert instance.get_asset_keys(prefix=["shop"]) == [AssetKey(["shop", "a"])]
    assert instance.get_asset_keys(prefix=["sho"]) == []


def test_dynamic_partitions_are_added_deleted_and_asked_for(instance: VedetteInstance) -> None:
    customers = DynamicPartitionsDefinition(name="customers")
    instance.add_dynamic_partitions("customers", ["b", "a", "b"])
    instance.add_dynamic_partitions("customers", ["a"])
    assert instance.get_dynamic_partitions("customers") == ["b", "a"]
    assert customers.get_partition_keys(dynamic_partitions_store=instance) == ["b", "a"]
    instance.delete_dynamic_partition("customers", "b")
    assert not instance.has_dynamic_partition("customers", "b")
    assert instance.has_dynamic_partition("customers", "a")
    with pytest.raises(InvocationError, match="partition key"):
        instance.add_dynamic_partitions("customers", ["a\tb"])


def test_more_runs_than_a_page_holds_are_all_told(instance: VedetteInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vedette.authoring.instance.asking.MOST_ROWS", 2)
    made = [greets.execute_in_process(instance=instance).run_id for _ in range(5)]
    assert instance.get_run_ids() == made[::-1]
    assert instance.get_run_ids(limit=3) == made[:1:-1]
    assert [one.run_id for one in instance.get_runs(ascending=True, limit=4)] == made[:4]
    assert len(instance.all_logs(made[0])) > 4


def test_contexts_have_the_instance_they_are_built_with(instance: VedetteInstance) -> None:
    @sensor(job=greets)
    def once(context: SensorEvaluationContext) -> RunRequest | SkipReason:
        if context.instance.get_runs(RunsFilter(job_name="greets")):
            return SkipReason("it has run")
        return RunRequest()

    context = build_sensor_context(instance=instance)
    assert isinstance(once(context), RunRequest)
    result = greets.execute_in_process(instance=instance)
    assert once.evaluate_tick(build_sensor_context(instance=instance)).skip_reason == "it has run"
    assert greet(build_op_context(instance=instance)) == 1

    @run_status_sensor(RunStatus.SUCCESS)
    def done(context: RunStatusSensorContext) -> SkipReason:
        return SkipReason(str(context.instance.get_runs_count()))

    told = build_run_status_sensor_context("done", result.get_run_success_event(), instance, result.run)
    assert done(told).skip_message == "1"


def test_what_is_wrong_says_so_and_what_to_do(instance: VedetteInstance) -> None:
    with pytest.raises(InvocationError, match=r"build_sensor_context\(instance="):
        _ = build_sensor_context().instance
    with pytest.raises(InvocationError, match=r"execute_in_process\(instance="):
        greets.execute_in_process()
    with pytest.raises(AttributeError, match=r"has no 'run_launcher'; it has .*get_runs"):
        _ = instance.run_launcher
    for wrong in (
        lambda: instance.get_runs(RunsFilter(statuses=["DONE"])),  # type: ignore[list-item]
        lambda: instance.get_runs("greets"),  # type: ignore[arg-type]
        lambda: instance.get_runs(RunsFilter(tags={"a": 1})),  # type: ignore[dict-item]
        lambda: instance.get_runs(cursor="no id"),
        lambda: instance.get_run_records(order_by="name"),
        lambda: instance.report_runless_asset_event("orders"),  # type: ignore[arg-type]
        lambda: instance.fetch_run_status_changes(RunEventKind.LOG, 1),
    ):
        with pytest.raises(InvocationError):
            wrong()


async def test_an_async_sensor_asks_in_a_thread(instance: VedetteInstance) -> None:
    @sensor(job=greets)
    async def blocks(context: SensorEvaluationContext) -> SkipReason:
        return SkipReason(str(context.instance.get_runs_count()))

    @sensor(job=greets)
    async def asks(context: SensorEvaluationContext) -> SkipReason:
        return SkipReason(str(await asyncio.to_thread(context.instance.get_runs_count)))

    context = build_sensor_context(instance=instance)
    assert "asyncio.to_thread" in str(blocks.evaluate_tick(context).error)
    assert asks.evaluate_tick(build_sensor_context(instance=instance)).skip_reason == "0"


def test_each_is_its_own_and_threads_share_it(instance: VedetteInstance) -> None:
    with instance_for_test() as other:
        other.add_dynamic_partitions("customers", ["theirs"])
        assert instance.get_dynamic_partitions("customers") == []
        threads = [
            threading.Thread(target=instance.add_dynamic_partitions, args=("customers", [str(number)]))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(int, instance.get_dynamic_partitions("customers"))) == list(range(20))


def test_a_script_ends_by_itself_and_leaves_no_database(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            from vedette import VedetteInstance
            instance = VedetteInstance.ephemeral()
            instance.add_dynamic_partitions("a", ["b"])
            print(instance.get_dynamic_partitions("a"))
            """
        )
    )
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    assert (ended.stdout, ended.stderr) == ("['b']\n", "")
