"""What assets have in common with ops: config, resources, retries, hooks, tags; and IO managers of their own."""

from typing import Any

import pytest

from vedette import (
    AssetKey,
    AssetOut,
    ConfigurableResource,
    DefinitionError,
    Definitions,
    InMemoryIOManager,
    ResourceParam,
    RetryPolicy,
    asset,
    asset_check,
    define_asset_job,
    failure_hook,
    materialize,
    multi_asset,
    observable_source_asset,
    success_hook,
)


class Shelf(ConfigurableResource):
    """A shelf with a number."""

    number: int = 1


def test_an_asset_is_tried_again_as_its_policy_says() -> None:
    calls: list[int] = []

    @asset(retry_policy=RetryPolicy(max_retries=2))
    def flaky() -> int:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError("not yet")
        return len(calls)

    assert materialize([flaky]).output_for_node("flaky") == 3


def test_the_policy_of_the_job_counts_for_assets_that_have_none() -> None:
    calls: list[str] = []

    @asset
    def flaky() -> None:
        calls.append("flaky")
        if len(calls) < 2:
            raise ConnectionError("not yet")

    daily = define_asset_job("daily", op_retry_policy=RetryPolicy(max_retries=1))
    job = Definitions(assets=[flaky], jobs=[daily]).get_job_def("daily")
    assert job.execute_in_process().success
    assert calls == ["flaky", "flaky"]


def test_an_asset_takes_config_by_schema_and_resources_by_key() -> None:
    @asset(config_schema={"size": int}, required_resource_keys={"shelf"}, resource_defs={"shelf": Shelf(number=4)})
    def boxes(context: Any) -> int:
        return int(context.op_config["size"]) * int(context.resources.shelf.number)

    result = materialize([boxes], run_config={"ops": {"boxes": {"config": {"size": 5}}}})
    assert result.output_for_node("boxes") == 20


def test_resources_that_assets_bring_along_go_before_those_of_the_definitions() -> None:
    seen: list[int] = []

    @asset(resource_defs={"shelf": Shelf(number=7)})
    def own(shelf: ResourceParam[Shelf]) -> None:
        seen.append(shelf.number)

    defs = Definitions(assets=[own], resources={"shelf": Shelf(number=2)})
    assert defs.get_job_def("__ASSET_JOB").execute_in_process().success
    assert seen == [7]


def test_two_assets_cannot_bring_different_resources_under_one_key() -> None:
    @asset(resource_defs={"shelf": Shelf(number=1)})
    def one(shelf: ResourceParam[Shelf]) -> None: ...

    @asset(resource_defs={"shelf": Shelf(number=2)})
    def other(shelf: ResourceParam[Shelf]) -> None: ...

    with pytest.raises(DefinitionError, match='bring different resources "shelf" along'):
        Definitions(assets=[one, other])


def test_hooks_are_called_after_an_asset_and_for_a_job_after_each() -> None:
    heard: list[str] = []

    @success_hook
    def cheer(context: Any) -> None:
        heard.append(f"{context.step_key} succeeded")

    @failure_hook
    def mourn(context: Any) -> None:
        heard.append(f"{context.step_key} failed")

    @asset(hooks={cheer})
    def good() -> int:
        return 1

    @asset
    def bad(good: int) -> None:
        raise ValueError("no")

    daily = define_asset_job("daily", hooks={mourn})
    job = Definitions(assets=[good, bad], jobs=[daily]).get_job_def("daily")
    assert not job.execute_in_process(raise_on_error=False).success
    assert heard == ["good succeeded", "bad failed"]


def test_an_asset_may_have_an_io_manager_of_its_own() -> None:
    mine = InMemoryIOManager()

    @asset(io_manager_def=mine, op_tags={"pool": "small"}, dagster_type=int)
    def number() -> int:
        return 3

    @asset
    def doubled(number: int) -> int:
        return number * 2

    assert materialize([number, doubled]).output_for_node("doubled") == 6
    assert list(mine.values.values()) == [3]
    assert number.op.tags == {"pool": "small"}
    with pytest.raises(DefinitionError, match="io_manager_def or io_manager_key, one of the two"):
        asset(name="x", io_manager_def=mine, io_manager_key="other")(lambda: 1)


def test_multi_assets_checks_and_observations_have_the_same() -> None:
    attempts: list[str] = []

    @multi_asset(
        outs={"a": AssetOut(), "b": AssetOut()}, retry_policy=RetryPolicy(max_retries=1), compute_kind="pandas",
        required_resource_keys={"shelf"},
    )  # fmt: skip
    def pair(context: Any) -> tuple[int, int]:
        attempts.append("pair")
        if len(attempts) < 2:
            raise ConnectionError("not yet")
        return context.resources.shelf.number, 2

    @asset_check(asset="a", retry_policy=RetryPolicy(max_retries=1), required_resource_keys={"shelf"})
    def positive(context: Any, a: int) -> bool:
        attempts.append("positive")
        if len(attempts) < 4:
            raise ConnectionError("not yet")
        return bool(a > 0)

    @observable_source_asset(required_resource_keys={"shelf"}, tags={"team": "shop"})
    def outside(context: Any) -> Any:
        from_shelf = context.resources.shelf.number
        assert from_shelf == 5

    result = materialize([pair, positive], resources={"shelf": Shelf(number=5)})
    assert attempts == ["pair", "pair", "positive", "positive"]
    assert result.success
    assert {spec.key: spec.kinds for spec in pair.specs} == dict.fromkeys((AssetKey("a"), AssetKey("b")), ("pandas",))
    assert outside.op.required_resource_keys == {"shelf"}
    assert [spec.tags for spec in outside.specs] == [{"team": "shop"}]


def test_a_keyword_that_is_not_known_is_named() -> None:
    defining: tuple[Any, ...] = (asset, multi_asset, define_asset_job)
    for define in defining:
        with pytest.raises(DefinitionError, match="does not take auto_materialize_policy="):
            define(auto_materialize_policy=1)
