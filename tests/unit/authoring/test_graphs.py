"""Graphs: parts of jobs, used in several and in each other."""

from collections.abc import Callable
from typing import Any

import pytest

from vedette import (
    Config,
    DefinitionError,
    Definitions,
    GraphIn,
    GraphOut,
    In,
    InvalidConfig,
    InvocationError,
    Nothing,
    OpExecutionContext,
    Out,
    RunRequest,
    RunStatus,
    RunStatusSensorContext,
    SensorType,
    graph,
    job,
    op,
    run_status_sensor,
    sensor,
    success_hook,
)


class Factor(Config):
    by: int = 2


@op
def one() -> int:
    return 1


@op
def add(left: int, right: int) -> int:
    return left + right


@op
def times(value: int, config: Factor) -> int:
    return value * config.by


@op(out={"low": Out(), "high": Out()})
def split(value: int) -> tuple[int, int]:
    return value - 1, value + 1


@op
def total(values: list[int]) -> int:
    return sum(values)


@graph
def doubled(value: int) -> Any:
    """Double it."""
    return times(value)


@graph(out={"small": GraphOut(), "large": GraphOut()}, ins={"value": GraphIn("what is split")})
def parts(value: int) -> Any:
    low, high = split(value)
    return {"large": doubled(high), "small": low}


@graph
def works() -> Any:
    small, large = parts(doubled(add(one(), one())))
    return total([small, large, doubled.alias("again")(small)])


def test_nested_graphs_fan_out_and_in() -> None:
    made = works.to_job(name="renamed")
    assert [node.name for node in made.nodes] == [
        "one", "one_2", "add", "doubled.times", "parts.split", "parts.doubled.times", "again.times", "total"
    ]  # fmt: skip
    result = made.execute_in_process()
    # doubled(2) is 4, split into 3 and 5; 5 doubled is 10 and 3 doubled is 6.
    assert result.output_for_node("total") == 3 + 10 + 6
    assert result.output_for_node("parts.doubled.times") == 10
    assert works.execute_in_process().success
    assert [op.name for op in made.spec().ops] == [node.name for node in made.nodes]
    assert dict(zip((one.name for one in made.spec().ops), (one.depends_on for one in made.spec().ops), strict=True))[
        "parts.split"
    ] == ("doubled.times",)


def test_config_of_a_nested_op_is_below_its_graphs() -> None:
    made = works.to_job()
    config = {"ops": {"parts": {"ops": {"doubled": {"ops": {"times": {"config": {"by": 10}}}}}}}}
    assert made.execute_in_process(config).output_for_node("parts.doubled.times") == 50
    with pytest.raises(InvalidConfig, match=r"parts\.ops\.nothing is not known here"):
        made.execute_in_process({"ops": {"parts": {"ops": {"nothing": {"config": {}}}}}})
    with pytest.raises(InvalidConfig, match="by"):
        made.execute_in_process({"ops": {"again": {"ops": {"times": {"config": {"by": "x"}}}}}})
    preset = works.to_job(config={"ops": {"again": {"ops": {"times": {"config": {"by": 100}}}}}})
    assert preset.execute_in_process().output_for_node("again.times") == 300
    assert "parts" in str(made.config_schema())


def test_config_that_a_nested_op_needs_is_required() -> None:
    class Needed(Config):
        path: str

    @op
    def read(config: Needed) -> str:
        return config.path

    @graph
    def reads() -> Any:
        return read()

    @job
    def outer() -> None:
        reads()

    with pytest.raises(InvalidConfig, match="ops is missing"):
        outer.execute_in_process()
    config = {"ops": {"reads": {"ops": {"read": {"config": {"path": "a"}}}}}}
    assert outer.execute_in_process(config).output_for_node("reads.read") == "a"


def test_a_graph_stands_for_its_job_wherever_one_is_taken() -> None:
    @sensor(job=works)
    def watches() -> RunRequest:
        return RunRequest()

    @run_status_sensor(RunStatus.SUCCESS, monitored_jobs=[works], request_job=works)
    def reacts(context: RunStatusSensorContext) -> None: ...

    definitions = Definitions(sensors=[watches, reacts], jobs=[works])
    assert [one.name for one in definitions.jobs] == ["works"]
    assert watches.job_name == "works"
    assert reacts.monitor.jobs[0].job_name == "works"
    assert (watches.sensor_type, reacts.sensor_type) == (SensorType.STANDARD, SensorType.RUN_STATUS)


def test_ordering_hooks_and_resources_reach_into_graphs() -> None:
    called = []

    @success_hook(required_resource_keys={"place"})
    def notes(context: Any) -> None:
        called.append((context.step_key, context.resources.place))

    @op(ins={"after": In(Nothing)}, required_resource_keys={"place"})
    def last(context: OpExecutionContext) -> str:
        return str(context.resources.place)

    @graph
    def ends(start: Any) -> Any:
        return last(start)

    @graph
    def whole() -> None:
        ends(one())

    made = whole.to_job(hooks={notes}, resource_defs={"place": "here"}, tags={"a": "b"})
    assert made.execute_in_process().output_for_node("ends.last") == "here"
    assert called == [("one", "here"), ("ends.last", "here")]
    assert made.tags == {"a": "b"}
    with pytest.raises(DefinitionError, match=r'Op "ends\.last" of job "whole" needs the resource "place"'):
        Definitions(jobs=[whole])


def no_output() -> Any:
    @graph
    def wrong() -> Any:
        return 3

    return wrong


def other_outputs() -> Any:
    @graph(out={"a": GraphOut(), "b": GraphOut()})
    def wrong() -> Any:
        return {"a": one()}

    return wrong


def constant() -> Any:
    @graph
    def wrong() -> Any:
        return doubled(3)

    return wrong


def nothing_given() -> Any:
    @graph
    def wrong() -> Any:
        return doubled()

    return wrong


def unknown_input() -> Any:
    @graph(ins={"other": GraphIn()})
    def wrong(value: int) -> Any:
        return doubled(value)

    return wrong


def is_async() -> Any:
    @graph
    async def wrong() -> Any:
        return one()

    return wrong


def of_another_job() -> Any:
    kept: list[Any] = []

    @job
    def first() -> None:
        kept.append(one())

    @graph
    def wrong() -> Any:
        return doubled(kept[0])

    return wrong


def unknown_keyword() -> Any:
    return graph(executor="x")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("define", "words"),
    [
        (no_output, r'Graph "wrong" returns 3: it returns an output of one of its ops'),
        (other_outputs, r'Graph "wrong" has the outputs a, b and returns'),
        (constant, r'graph "doubled" gets 3 for its input value'),
        (nothing_given, r'graph "doubled" gets no value for its input value'),
        (unknown_input, r'Graph "wrong" declares the input other'),
        (is_async, r'graph "wrong" is async'),
        (of_another_job, r'gets an output of job "first"'),
        (unknown_keyword, r"@graph does not take executor="),
        (parts.to_job, r'Graph "parts" takes value'),
    ],
)
def test_what_is_no_graph_is_refused(define: Callable[[], Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        define()


def test_a_graph_is_called_in_a_job_only() -> None:
    with pytest.raises(InvocationError, match=r"works\.execute_in_process\(\)"):
        works()
