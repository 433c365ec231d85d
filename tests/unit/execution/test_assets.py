"""Assets made in process: what they take, what is kept, what is told of them."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vedette import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetMaterialization,
    AssetOut,
    AssetSpec,
    Config,
    DefinitionError,
    Definitions,
    FilesystemIOManager,
    InMemoryIOManager,
    InvalidResult,
    InvocationError,
    IOManager,
    MaterializeResult,
    ObserveResult,
    OpExecutionContext,
    Output,
    OutputContext,
    RunConfig,
    SourceAsset,
    asset,
    asset_check,
    build_asset_context,
    build_input_context,
    build_output_context,
    define_asset_job,
    job,
    materialize,
    multi_asset,
    observable_source_asset,
    op,
)
from vedette.domain.events import RunEventKind


def told(result: Any) -> list[tuple[str, str]]:
    """What happened to which assets, in order."""
    events = [event for event in result.events if event.asset is not None]
    return [(event.kind.value.removeprefix("ASSET_"), "/".join(event.asset.key)) for event in events]


def test_values_go_from_asset_to_asset_by_parameter_name() -> None:
    @asset
    def numbers() -> list[int]:
        return [1, 2, 3]

    @asset(key_prefix="shop", group_name="mart")
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @asset(ins={"amount": AssetIn(key=["shop", "total"])}, deps=[numbers])
    def report(context: AssetExecutionContext, amount: int) -> str:
        context.add_output_metadata({"amount": amount})
        return f"{amount} in all of {context.asset_key.to_user_string()}"

    result = materialize([report, total, numbers])
    assert result.success
    assert told(result) == [
        ("MATERIALIZATION", "numbers"), ("MATERIALIZATION", "shop/total"), ("MATERIALIZATION", "report")
    ]  # fmt: skip
    assert result.asset_value(["shop", "total"]) == 6
    assert result.output_for_node("report") == "6 in all of report"
    [made] = result.asset_materializations_for_node("report")
    assert (made.asset_key, made.metadata["amount"].value) == (AssetKey("report"), 6)
    assert numbers() == [1, 2, 3]


def test_a_parameter_stands_for_the_asset_beside_or_in_the_group() -> None:
    @asset(key_prefix=["a", "b"])
    def x() -> int:
        return 1

    @asset(key_prefix=["a", "b"])
    def beside(x: int) -> int:
        return x + 1

    @asset
    def in_group(beside: int) -> int:
        return beside + 1

    assert materialize([x, beside, in_group]).asset_value("in_group") == 3


def test_config_of_assets() -> None:
    class Size(Config):
        rows: int

    @asset(key_prefix="raw")
    def orders(config: Size) -> int:
        return config.rows

    result = materialize([orders], RunConfig(ops={"raw__orders": Size(rows=4)}))
    assert result.asset_value(["raw", "orders"]) == 4


def test_an_asset_that_keeps_its_value_itself() -> None:
    kept = InMemoryIOManager()

    @asset
    def table() -> None:
        return None

    @asset(deps=[table])
    def other() -> MaterializeResult:
        return MaterializeResult(metadata={"rows": 3}, tags={"a": "b"})

    result = materialize([table, other], resources={"io_manager": kept})
    assert kept.values == {}
    [event] = [event.asset for event in result.events if event.asset and event.asset.key == ("other",)]
    assert (event.metadata["rows"].value, event.tags) == (3, {"a": "b"})


def test_several_assets_of_one_step() -> None:
    @multi_asset(outs={"one": AssetOut(key_prefix="p"), "two": AssetOut(io_manager_key="own")})
    def both() -> tuple[int, int]:
        return 1, 2

    @asset
    def after(one: int, two: int) -> int:
        return one + two

    own = InMemoryIOManager()
    result = materialize([both, after], resources={"own": own})
    assert told(result) == [("MATERIALIZATION", "p/one"), ("MATERIALIZATION", "two"), ("MATERIALIZATION", "after")]
    assert result.asset_value("after") == 3
    assert own.values == {(("two",), None): 2}


def test_a_part_of_several_assets() -> None:
    @multi_asset(specs=[AssetSpec("a"), AssetSpec("b", deps=["x"]), AssetSpec("c", skippable=True)], can_subset=True)
    def some(context: AssetExecutionContext) -> Iterator[MaterializeResult]:
        for key in sorted(context.selected_asset_keys):
            yield MaterializeResult(asset_key=key, metadata={"n": 1})

    assert told(materialize([some])) == [("MATERIALIZATION", key) for key in "abc"]
    assert told(materialize([some], selection="b")) == [("MATERIALIZATION", "b")]


def test_each_is_told_of_as_soon_as_it_is_there() -> None:
    @multi_asset(outs={"one": AssetOut(), "two": AssetOut()})
    def both() -> Iterator[Output]:
        yield Output(1, "one", metadata={"n": 1})
        raise ValueError("no two")

    result = materialize([both], raise_on_error=False)
    assert told(result) == [("MATERIALIZATION", "one")]
    assert not result.success


def test_what_fails_or_is_left_out_stops_what_is_made_of_it() -> None:
    @asset(output_required=False)
    def maybe() -> Iterator[Output]:
        yield from ()

    @asset
    def after(maybe: int) -> int:
        return maybe

    result = materialize([maybe, after])
    kinds = {event.step: event.kind for event in result.events if event.kind is RunEventKind.STEP_SKIPPED}
    assert kinds == {"after": RunEventKind.STEP_SKIPPED}
    assert told(result) == []


def test_checks_of_assets() -> None:
    @asset(check_specs=[AssetCheckSpec("inside", asset="rows")])
    def rows() -> MaterializeResult:
        return MaterializeResult(value=[1, 2], check_results=[AssetCheckResult(passed=True, metadata={"n": 2})])

    @asset_check(asset=rows)
    def positive(rows: list[int]) -> AssetCheckResult:
        return AssetCheckResult(passed=min(rows) > 0)

    @asset_check(asset=rows, name="short")
    def check_length(value: list[int]) -> bool:
        return len(value) < 2

    result = materialize([rows, positive, check_length])
    found = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    assert found == {"inside": True, "positive": True, "short": False}
    assert result.success


def test_a_check_that_blocks() -> None:
    @asset
    def rows() -> int:
        return 0

    @asset_check(asset=rows, blocking=True)
    def enough(rows: int) -> AssetCheckResult:
        return AssetCheckResult(passed=rows > 0)

    @asset
    def after(rows: int) -> int:
        return rows

    result = materialize([rows, enough, after], raise_on_error=False)
    assert told(result) == [("MATERIALIZATION", "rows"), ("CHECK", "rows")]
    assert result.error is not None
    assert 'A blocking check did not pass: "enough" of asset "rows"' in result.error.message


def test_external_assets_are_loaded_and_observed() -> None:
    outside = SourceAsset("outside")
    kept = InMemoryIOManager()
    kept.handle_output(build_output_context(asset_key="outside"), 5)

    @observable_source_asset
    def watched() -> ObserveResult:
        return ObserveResult(metadata={"size": 1})

    @asset
    def after(outside: int) -> int:
        return outside + 1

    result = materialize([outside, watched, after], resources={"io_manager": kept})
    assert sorted(told(result)) == [("MATERIALIZATION", "after"), ("OBSERVATION", "watched")]
    assert result.asset_value("after") == 6


def test_ops_tell_of_assets() -> None:
    @op
    def tells(context: OpExecutionContext) -> Iterator[Any]:
        context.log_event(AssetMaterialization("a"))
        yield AssetMaterialization("b", metadata={"n": 1})
        yield AssetCheckEvaluation(asset_key="b", check_name="c", passed=True)
        yield Output(3, metadata={"ignored": 1})

    @op
    def returns() -> Any:
        return AssetMaterialization("d")

    @job
    def both() -> None:
        tells()
        returns()

    result = both.execute_in_process()
    assert told(result) == [
        ("MATERIALIZATION", "a"), ("MATERIALIZATION", "b"), ("CHECK", "b"), ("MATERIALIZATION", "d")
    ]  # fmt: skip
    assert result.output_for_node("tells") == 3


class Upper(IOManager):
    """Keeps texts in capitals, to show who loads them."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.kept[context.asset_key.to_user_string()] = obj.upper()
        context.add_output_metadata({"letters": len(obj), "table": context.definition_metadata["table"]})

    def load_input(self, context: Any) -> Any:
        return self.kept[context.asset_key.to_user_string()]


def test_an_io_manager_of_the_authors_own() -> None:
    @asset(io_manager_key="upper", metadata={"table": "t"})
    def text() -> str:
        return "abc"

    @asset
    def after(text: str) -> str:
        return text

    result = materialize([text, after], resources={"upper": Upper()})
    assert result.asset_value("after") == "ABC"
    [made] = result.asset_materializations_for_node("text")
    assert {label: entry.value for label, entry in made.metadata.items()} == {"letters": 3, "table": "t"}
    with pytest.raises(DefinitionError, match='needs the resource "upper", which was not provided'):
        materialize([text])


def test_the_filesystem_keeps_values_for_their_owner_alone(tmp_path: Path) -> None:
    manager = FilesystemIOManager(tmp_path)
    keys = [["a"], ["a", "b"], ["a/b"], ["..", "x"], ["ü" * 80], ["a", "B"]]
    for number, key in enumerate(keys):
        manager.handle_output(build_output_context(asset_key=key), number)
    manager.handle_output(build_output_context(asset_key=["a"], partition_key="b"), "part")
    assert [manager.load_input(build_input_context(asset_key=key)) for key in keys] == list(range(6))
    assert manager.load_input(build_input_context(asset_key=["a"], partition_key="b")) == "part"
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(made) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    folders = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folders} == {0}
    with pytest.raises(InvocationError, match=r'There is no value of "none" in .*: materialize it first'):
        manager.load_input(build_input_context(asset_key="none"))
    with pytest.raises(InvalidResult, match='The value of "f" cannot be pickled'):
        manager.handle_output(build_output_context(asset_key="f"), lambda: 1)


def test_jobs_of_assets() -> None:
    @asset(group_name="raw")
    def a() -> int:
        return 1

    @asset
    def b(a: int) -> int:
        return a

    defs = Definitions(assets=[a, b], jobs=[define_asset_job("raw", "group:raw", tags={"team": "x"})])
    assert {one.name for one in defs.jobs} == {"raw", "__ASSET_JOB"}
    assert told(defs.get_job_def("raw").execute_in_process()) == [("MATERIALIZATION", "a")]
    specs = {spec.key: spec for spec in defs.catalog().assets}
    assert (specs["a",].jobs, specs["b",].jobs) == (("raw", "__ASSET_JOB"), ("__ASSET_JOB",))
    assert (specs["b",].deps, specs["a",].group) == ((("a",),), "raw")
    with pytest.raises(DefinitionError, match='The selection of asset job "none" is wrong: There is no asset "x"'):
        Definitions(assets=[a], jobs=[define_asset_job("none", "key:x")])


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (MaterializeResult(asset_key="other"), 'handed back a result of "other", which it does not make'),
        (AssetCheckResult(passed=True), "the result of a check that is not clear"),
    ],
)
def test_results_that_do_not_fit(returned: Any, message: str) -> None:
    @asset
    def one() -> Any:
        return returned

    with pytest.raises(InvalidResult, match=message):
        materialize([one])


def test_assets_that_cannot_be_defined() -> None:
    with pytest.raises(DefinitionError, match="has key and key_prefix"):
        asset(key="a", key_prefix="b")(lambda: 1)
    with pytest.raises(DefinitionError, match="outs or specs, one of the two"):
        multi_asset()
    with pytest.raises(DefinitionError, match="@asset does not take retries="):
        asset(retries=3)  # type: ignore[call-overload]

    @asset
    def a() -> int:
        return 1

    @asset(name="a")
    def again() -> int:
        return 2

    with pytest.raises(DefinitionError, match='There are two assets or checks that are the step "a"'):
        materialize([a, again])
    with pytest.raises(DefinitionError, match="3 is no asset"):
        Definitions(assets=[3])


def test_contexts_to_call_assets_with() -> None:
    @asset
    def plain(context: AssetExecutionContext) -> int:
        context.add_output_metadata({"n": 1})
        context.log_event(AssetMaterialization("x"))
        return 1

    assert plain(build_asset_context()) == 1
