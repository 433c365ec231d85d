"""Each error that Dagster's users know has a counterpart at the same place, which names what, where and the remedy."""

from collections.abc import Callable
from typing import Any

import pytest

from vedette import (
    AddDynamicPartitionsRequest,
    AssetKey,
    AssetSelection,
    Config,
    ConfigurableResource,
    DefinitionError,
    Definitions,
    InvalidResult,
    InvocationError,
    MultiAssetSensorEvaluationContext,
    RunReaction,
    RunRequest,
    RunStatus,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    StaticPartitionsDefinition,
    asset,
    build_multi_asset_sensor_context,
    build_sensor_context,
    job,
    multi_asset_sensor,
    op,
    run_status_sensor,
    sensor,
)
from vedette.domain.ticks import Evaluation
from vedette.execution.errors import describe
from vedette.execution.loading import load as load_project


class FileConfig(Config):
    path: str


class Api(ConfigurableResource):
    url: str = ""


@op
def load(config: FileConfig) -> None: ...


@op
def look() -> None: ...


@job
def loads() -> None:
    load()


@job
def looks() -> None:
    look()


@job(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def parts() -> None:
    look()


@asset
def orders() -> None: ...


@asset
def others() -> None: ...


def nothing() -> None: ...


# --- where it is defined ----------------------------------------------------------------------------------------------


def two_of_one_name() -> Any:
    return Definitions(sensors=[sensor(name="twice")(nothing), sensor(name="twice")(lambda: None)])


def two_jobs_of_one_name() -> Any:
    other = job(name="looks")(nothing)
    return Definitions(jobs=[looks, other])


def resource_missing() -> Any:
    @sensor(required_resource_keys={"api"})
    def needs() -> None: ...

    return Definitions(sensors=[needs])


def two_contexts() -> Any:
    @sensor
    def takes(one: Any, two: Any) -> None: ...

    return takes


@pytest.mark.parametrize(
    ("define", "words"),
    [
        (lambda: SensorDefinition("x"), "needs its function: pass evaluation_fn="),
        (lambda: sensor(job=looks, job_name="looks")(nothing), 'Sensor "nothing" has job_name and job: give one'),
        (lambda: sensor(jobs=[looks], asset_selection="*")(nothing), "has jobs and asset_selection: give one"),
        (lambda: sensor(name="a b")(nothing), "'a b' cannot name a sensor"),
        (lambda: sensor(name="job-1")(nothing), "'job-1' cannot name a sensor"),
        (lambda: sensor(minimum_interval_seconds=-1)(nothing), "minimum_interval_seconds of sensor"),
        (lambda: Definitions(sensors=[sensor(job_name="gone")(nothing)]), 'job "gone".*add it to jobs='),
        (two_of_one_name, 'two different sensors called "twice"'),
        (two_jobs_of_one_name, 'two different jobs called "looks"'),
        (resource_missing, 'Sensor "needs" needs the resource "api", which was not provided'),
        (two_contexts, "takes"),
        (lambda: sensor(job="looks")(nothing), "job_name="),  # type: ignore[call-overload]
        (lambda: run_status_sensor("DONE")(nothing), 'run_status of sensor "nothing"'),  # type: ignore[arg-type]
        (
            lambda: run_status_sensor(RunStatus.SUCCESS, monitored_jobs=[looks], monitor_all_code_locations=True)(
                nothing
            ),
            "monitored_jobs and monitor_all_code_locations: give one",
        ),
        (lambda: multi_asset_sensor(3)(nothing), "monitored_assets"),  # type: ignore[arg-type]
    ],
)
def test_where_it_is_defined(define: Callable[[], Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        define()


# --- in a tick --------------------------------------------------------------------------------------------------------


def a_tick(answer: Any, **options: Any) -> Evaluation:
    @sensor(**options)
    def answers(context: SensorEvaluationContext) -> Any:
        return answer(context) if callable(answer) else answer

    jobs = [loads, looks, parts]
    definitions = Definitions(sensors=[answers], jobs=jobs, assets=[orders, others])
    return answers.evaluate_tick(build_sensor_context(definitions=definitions, cursor="0"))


def sets_twice(context: SensorEvaluationContext) -> SensorResult:
    context.update_cursor("1")
    return SensorResult(cursor="2")


def numeric_cursor(context: SensorEvaluationContext) -> None:
    context.update_cursor(5)  # type: ignore[arg-type]


def requests_twice(_: SensorEvaluationContext) -> SensorResult:
    adds = AddDynamicPartitionsRequest("customers", ["a"])
    return SensorResult(dynamic_partitions_requests=[adds, adds])


FINE = {"ops": {"load": {"config": {"path": "a"}}}}


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (RunRequest(), {}, "the sensor lacks a target; give @sensor one of job"),
        (RunRequest(), {"jobs": [loads, looks]}, "job_name"),
        (RunRequest(job_name="other"), {"jobs": [loads, looks]}, '"other"'),
        (RunRequest(asset_selection=[AssetKey("others")]), {"asset_selection": ["orders"]}, '"others" is not among'),
        (RunRequest(partition_key="c"), {"job": parts}, "no partition 'c'"),
        (RunRequest(partition_key="a"), {"job": looks}, "partition"),
        (RunRequest(), {"job": loads}, "ops"),
        (RunRequest(run_config={"ops": {"load": {"config": {"path": 3}}}}), {"job": loads}, "ops.load.config.path"),
        ([RunRequest(run_config=FINE), SkipReason("no")], {"job": loads}, "SkipReason"),
        ([SkipReason("a"), SkipReason("b")], {}, "SkipReason"),
        ([SensorResult(), SensorResult()], {}, "SensorResult"),
        (RunReaction(), {}, "RunReaction"),
        (3, {}, "3"),
        (sets_twice, {}, "update_cursor"),
        (numeric_cursor, {}, "str"),
        (requests_twice, {}, '"a"'),
    ],
)
def test_in_a_tick(answer: Any, options: dict[str, Any], words: str) -> None:
    evaluation = a_tick(answer, **options)
    assert evaluation.error is not None
    assert words in evaluation.error.message
    if not callable(answer):
        assert '"answers"' in evaluation.error.message
    assert evaluation.run_requests == ()
    assert not evaluation.cursor_set


def test_every_bad_request_is_named() -> None:
    requests = [RunRequest(run_config=FINE), RunRequest(), RunRequest(run_config={"ops": {"x": {}}})]
    error = a_tick(requests, job=loads).error
    assert error is not None
    assert "2 bad run requests of 3" in error.message
    assert "run request 2" in error.message
    assert "run request 3" in error.message


# --- where a test calls it --------------------------------------------------------------------------------------------


@sensor(job=looks)
def takes_context(context: SensorEvaluationContext) -> None: ...


@sensor(job=looks)
def takes_resource(context: SensorEvaluationContext, api: Api) -> None: ...


@multi_asset_sensor(monitored_assets=[AssetKey("orders")], job=looks)
def several(context: MultiAssetSensorEvaluationContext) -> RunRequest:
    return RunRequest()


CONTEXT = build_sensor_context()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (takes_context, 'Sensor "takes_context" expects its context: pass build_sensor_context()'),
        (lambda: takes_context(other=CONTEXT), 'Sensor "takes_context" expects the argument "context"'),
        (lambda: takes_context(CONTEXT, CONTEXT), "one argument, its context"),
        (lambda: takes_resource(build_sensor_context()), 'requires? the resource "api"|needs the resource "api"'),
        (lambda: takes_resource(build_sensor_context(), Api()), "passed as keywords"),
        (lambda: SensorResult([RunRequest()], skip_reason="no"), "skip"),
        (lambda: RunRequest(run_key=3), "run_key"),  # type: ignore[arg-type]
        (lambda: build_sensor_context().sensor_name, "sensor_name="),
        (lambda: build_sensor_context().instance, "instance="),
        (lambda: build_sensor_context().repository_def, "definitions="),
        (lambda: build_sensor_context(cursor=3), "str"),  # type: ignore[arg-type]
        (lambda: build_multi_asset_sensor_context(monitored_assets=AssetSelection.all()), "definitions="),
        (lambda: takes_context.with_updated_jobs([looks, parts]).job, "job_names"),
        (looks, r"looks\.execute_in_process\(\)"),
    ],
)
def test_where_a_test_calls_it(call: Callable[[], Any], words: str) -> None:
    with pytest.raises((InvocationError, InvalidResult, DefinitionError), match=words):
        call()


def test_a_definition_that_is_wrong_is_told_with_its_file_and_line(tmp_path: Any) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("from vedette import sensor\n\n\n@sensor(minimum_interval_seconds=-1)\ndef watch(): ...\n")
    with pytest.raises(DefinitionError) as raised:
        load_project(str(file))
    assert f'File "{file}", line 4' in describe(raised.value).stack[-1]
