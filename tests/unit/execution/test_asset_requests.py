"""Sensors that ask for assets: which of them a request may name, and what a run of it is to make."""

from typing import Any
from uuid import uuid4

import pytest

from unit.execution.calls import evaluate
from vedette import (
    AssetCheckKey,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    AssetSelection,
    Config,
    DefinitionError,
    Definitions,
    RunRequest,
    SensorDefinition,
    SensorResult,
    SourceAsset,
    asset,
    asset_check,
    define_asset_job,
    job,
    multi_asset,
    op,
    sensor,
)
from vedette.domain.runs import RunInstruction
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.execution.run import job_of


class Size(Config):
    rows: int = 1


@asset(group_name="raw")
def a(config: Size) -> int:
    return config.rows


@asset
def b(a: int) -> int:
    return a


@asset
def c(b: int) -> int:
    return b


@asset_check(asset=b)
def fine() -> bool:
    return True


@multi_asset(outs={"x": AssetOut(), "y": AssetOut()})
def pair() -> tuple[int, int]:
    return 1, 2


@job
def plain() -> None:
    op(name="one")(lambda: 1)()


ASSETS = [a, b, c, pair, SourceAsset("outside")]


async def asked(given: Any, **options: Any) -> Evaluation:
    """Evaluate a sensor that hands back `given`, in Definitions that have the assets."""

    def watch() -> Any:
        return given

    watching = SensorDefinition(evaluation_fn=watch, **options)
    defs = Definitions(
        assets=ASSETS, asset_checks=[fine], sensors=[watching], jobs=[define_asset_job("late", "b*"), plain]
    )
    return await evaluate(defs, EvaluationInstruction(uuid4(), "watch", 10.0))


async def test_without_a_selection_of_its_own_a_request_is_for_all_of_the_sensors() -> None:
    evaluation = await asked(RunRequest(run_key="k"), asset_selection=["a", "b"])
    [request] = evaluation.run_requests
    assert (request.job_name, request.run_key) == ("__ASSET_JOB", "k")
    assert (request.asset_selection, request.asset_checks) == ((("a",), ("b",)), ((("b",), "fine"),))


@pytest.mark.parametrize(
    "selection", ["*", ["a", b], AssetSelection.all(), AssetKey("b"), [AssetKey("b")], b, "group:raw+", "+b"]
)
async def test_every_spelling_of_a_selection(selection: Any) -> None:
    [request] = (await asked(RunRequest(asset_selection=["b"]), asset_selection=selection)).run_requests
    assert request.asset_selection == (("b",),)


@pytest.mark.parametrize("target", ["key:b", b, AssetSelection.assets(b), [a, b]])
async def test_assets_as_target(target: Any) -> None:
    [request] = (await asked(RunRequest(asset_selection=["b"]), target=target)).run_requests
    assert request.asset_selection == (("b",),)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (RunRequest(asset_selection=["c"]), 'its asset "c" is not among those that the sensor asks for (a, b, x, y)'),
        (RunRequest(asset_selection=["outside"]), 'its asset "outside" is not among those that the sensor asks for'),
        (RunRequest(asset_selection=[]), "asset_selection is empty; leave it out for all"),
        (RunRequest(asset_selection=["x"]), 'asset "x" is made together with "y" only'),
        (RunRequest(asset_check_keys=[AssetCheckKey(AssetKey("c"), "fine")]), 'its check "fine" of "c" is not among'),
        (RunRequest(job_name="late"), 'its job "late" is no target of the sensor; expected one of: __ASSET_JOB'),
        (RunRequest(run_config={"ops": {"a": {"config": {"rows": "many"}}}}), "ops.a.config.rows"),
    ],
)
async def test_what_a_request_cannot_ask_for(request_: RunRequest, message: str) -> None:
    evaluation = await asked(request_, asset_selection=["a", "b", "x", "y"])
    assert evaluation.error is not None
    assert message in evaluation.error.message
    assert evaluation.error.message.startswith('Sensor "watch" made 1 bad run request of 1: run request 1: ')


async def test_checks_alone() -> None:
    keys = [AssetCheckKey(AssetKey("b"), "fine")]
    [request] = (await asked(RunRequest(asset_check_keys=keys), asset_selection="b")).run_requests
    assert (request.asset_selection, request.asset_checks) == (None, ((("b",), "fine"),))


async def test_a_part_of_a_job_of_assets() -> None:
    [request] = (await asked(RunRequest(asset_selection=["c"]), job_name="late")).run_requests
    assert (request.job_name, request.asset_selection) == ("late", (("c",),))
    evaluation = await asked(RunRequest(asset_selection=["a"]), job_name="late")
    assert evaluation.error is not None
    assert 'asset "a" is not among those that job "late" can make (b, c)' in evaluation.error.message
    evaluation = await asked(RunRequest(asset_selection=["a"]), job_name="plain")
    assert evaluation.error is not None
    assert 'job "plain" makes no assets' in evaluation.error.message


async def test_stale_assets_only_names_what_is_to_be_judged() -> None:
    [request] = (await asked(RunRequest(stale_assets_only=True), job_name="late")).run_requests
    assert (request.stale_assets_only, request.asset_selection) == (True, (("b",), ("c",)))
    evaluation = await asked(RunRequest(stale_assets_only=True), job_name="plain")
    assert evaluation.error is not None
    assert 'it has stale_assets_only, but job "plain" makes no assets' in evaluation.error.message


def test_a_run_of_a_part_takes_its_steps_alone() -> None:
    defs = Definitions(assets=ASSETS, asset_checks=[fine])

    def steps(selection: Any = None, checks: Any = None) -> list[str]:
        instruction = RunInstruction(uuid4(), "__ASSET_JOB", asset_selection=selection, asset_checks=checks)
        return [node.name for node in job_of(defs, instruction).nodes]

    assert sorted(steps()) == ["a", "b", "b__fine", "c", "pair"]
    assert steps((("b",), ("a",))) == ["a", "b", "b__fine"]
    assert steps((("b",),), ()) == ["b"]
    assert steps(None, ((("b",), "fine"),)) == ["b__fine"]


def test_a_sensor_in_a_job_of_assets_registers_it() -> None:
    late = define_asset_job("of_sensor", "b")

    @sensor(job=late)
    def watch() -> RunRequest:
        return RunRequest()

    defs = Definitions(assets=ASSETS, sensors=[watch])
    assert defs.get_job_def("of_sensor").name == "of_sensor"
    [spec] = defs.catalog().sensors
    assert (spec.job_names, spec.asset_keys) == (("of_sensor",), ())


def test_the_catalog_tells_what_a_sensor_asks_for() -> None:
    @sensor(asset_selection="group:raw+")
    def watch() -> SensorResult:
        return SensorResult(asset_events=[AssetMaterialization("a")])

    [spec] = Definitions(assets=ASSETS, sensors=[watch]).catalog().sensors
    assert spec.asset_keys == (("a",), ("b",), ("c",))
    with pytest.raises(DefinitionError, match='The assets that sensor "watch" asks for are none that can be made here'):
        Definitions(sensors=[watch], assets=[SourceAsset("outside")])
