"""A project of several files that was written for Dagster, as it is and with its imports changed."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vedette import (
    AssetKey,
    Definitions,
    VedetteInstance,
    build_run_status_sensor_context,
    build_sensor_context,
)
from vedette.compat import dagster

SHOP = Path(__file__).parent / "shop"


@pytest.fixture(scope="module", params=["dagster", "changed imports"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The project's modules, imported as its own package."""
    folder = tmp_path_factory.mktemp("projects")
    package = folder / f"shop_{request.param.split()[0]}"
    shutil.copytree(SHOP, package, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        if request.param == "dagster":
            patch.setitem(sys.modules, "dagster", dagster)
        else:
            for file in package.glob("*.py"):
                file.write_text(file.read_text().replace("from dagster import", "from vedette.compat.dagster import"))
        importlib.import_module(f"{package.name}.definitions")
        yield importlib.import_module(package.name)
        for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def shared_instance() -> Iterator[VedetteInstance]:
    with VedetteInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def instance() -> Iterator[VedetteInstance]:
    with VedetteInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_TOKEN", "hunter2")


def definitions(shop: Any) -> Definitions:
    found: Definitions = shop.definitions.defs
    return found


def test_it_defines_what_it_says(shop: Any) -> None:
    catalog = definitions(shop).catalog()
    assert {sensor.name for sensor in catalog.sensors} == {
        "inbox", "new_customers", "when_idle", "refresh", "on_totals", "on_success", "on_failure"
    }  # fmt: skip
    assert {job.name for job in catalog.jobs} >= {"daily_report", "process_file", "greet_customer"}
    assert {spec.key for spec in catalog.assets} == {("orders",), ("totals",), ("report",), ("exchange_rates",)}
    assert {spec.group for spec in catalog.assets if spec.key == ("orders",)} == {"shop"}


def test_the_directory_sensor_asks_for_new_files(shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOX", str(tmp_path))
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").write_text("y")
    context = build_sensor_context(definitions=definitions(shop))
    evaluation = shop.sensors.inbox.evaluate_tick(context)
    assert evaluation.error is None
    assert [(one.run_key or "").partition(":")[0] for one in evaluation.run_requests] == ["a.csv", "b.csv"]
    later = build_sensor_context(cursor=evaluation.cursor, definitions=definitions(shop))
    assert shop.sensors.inbox.evaluate_tick(later).run_requests == ()
    asked = evaluation.run_requests[0]
    result = definitions(shop).get_job_def("process_file").execute_in_process(asked.run_config)
    assert result.success
    assert result.output_for_node("counted.count", "count") == 3


def test_an_op_is_tried_again_and_the_hook_hears_of_it(shop: Any) -> None:
    shop.jobs.FAILED.clear()
    config = {"ops": {"counted": {"ops": {"read": {"config": {"path": "broken"}}}}}}
    result = definitions(shop).get_job_def("process_file").execute_in_process(config, raise_on_error=False)
    assert not result.success
    assert shop.jobs.FAILED == ["read"]
    failed = build_run_status_sensor_context("on_failure", result.get_run_failure_event(), None, result.run)
    shop.sensors.ALERTS.clear()
    shop.sensors.on_failure(failed.for_run_failure())
    assert "process_file failed" in shop.sensors.ALERTS[0]


def test_new_customers_get_a_partition_and_a_run(shop: Any, instance: VedetteInstance) -> None:
    context = build_sensor_context(instance=instance, definitions=definitions(shop))
    evaluation = shop.sensors.new_customers.evaluate_tick(context)
    assert evaluation.error is None
    assert [request.partition_key for request in evaluation.run_requests] == ["c-1", "c-2"]
    assert evaluation.partition_changes[0].keys == ("c-1", "c-2")
    instance.add_dynamic_partitions("customers", ["c-1", "c-2"])
    again = build_sensor_context(instance=instance, definitions=definitions(shop))
    assert shop.sensors.new_customers.evaluate_tick(again).skip_reason == "Nobody is new."


def test_the_instance_says_that_nothing_goes_on(shop: Any, instance: VedetteInstance) -> None:
    context = build_sensor_context(instance=instance, definitions=definitions(shop))
    evaluation = shop.sensors.when_idle.evaluate_tick(context)
    assert [request.job_name for request in evaluation.run_requests] == ["process_file"]


def test_assets_are_made_kept_told_of_and_reacted_to(shop: Any, shared_instance: VedetteInstance) -> None:
    instance = shared_instance
    job = definitions(shop).get_job_def("daily_report")
    result = job.execute_in_process(partition_key="2026-01-02", instance=instance)
    assert result.success
    assert shop.resources.KEPT["shop/totals/2026-01-02"] == [10, 20]
    made = instance.get_latest_materialization_event(AssetKey("orders"))
    assert made is not None
    assert (made.partition_key, made.metadata["rows"].value, made.metadata["orders"].value) == ("2026-01-02", 2, 2)
    assert "hunter2" not in str(instance.all_logs(result.run_id))

    told = instance.get_latest_materialization_event("totals")
    [request] = [shop.sensors.on_totals(build_sensor_context(cursor="7"), told)]
    assert request.run_key == "7"
    evaluation = shop.sensors.refresh.evaluate_tick(build_sensor_context(definitions=definitions(shop)))
    assert evaluation.error is None
    assert evaluation.run_requests[0].asset_selection == (("orders",),)

    shop.sensors.ALERTS.clear()
    shop.sensors.on_success(
        dagster.build_run_status_sensor_context(
            sensor_name="on_success",
            dagster_event=result.get_run_success_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        )
    )
    assert shop.sensors.ALERTS == ["daily_report succeeded: RUN_SUCCESS"]
