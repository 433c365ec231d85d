from typing import Any

import pytest

from vedette import (
    DefinitionError,
    In,
    InvocationError,
    JobDefinition,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    Out,
    build_op_context,
    job,
    op,
)


@op
def one() -> int:
    """Give one."""
    return 1


@op
def add(context: OpExecutionContext, left: int, right: int = 10) -> int:
    return left + right


@op(out={"a": Out(), "count": Out()})
def both() -> tuple[int, int]:
    return 1, 2


@op(ins={"start": In(Nothing)})
def later() -> None: ...


def graph_of(definition: JobDefinition) -> dict[str, tuple[str, ...]]:
    return {spec.name: spec.depends_on for spec in definition.spec().ops}


def test_calls_in_a_job_build_its_graph_in_the_order_of_the_calls() -> None:
    @job
    def composed() -> None:
        """Add up."""
        first = one()
        second = one()
        total = add(first, right=second)
        a, b = both()
        add.alias("again")(left=total)
        add(both().count, a)
        with pytest.raises(AttributeError, match="a, count"):
            _ = both.alias("unused")().other
        later(start=[first, b])

    assert composed.description == "Add up."
    assert graph_of(composed) == {
        "one": (),
        "one_2": (),
        "add": ("one", "one_2"),
        "both": (),
        "again": ("add",),
        "both_2": (),
        "add_2": ("both_2", "both"),
        "unused": (),
        "later": ("one", "both"),
    }
    assert composed.spec().ops[0].description == "Give one."


def test_ops_are_functions_outside_of_a_job() -> None:
    assert one() == 1
    assert add(build_op_context(), 1) == 11
    with pytest.raises(InvocationError, match="build_op_context"):
        add(left=1)
    with pytest.raises(InvocationError, match="inside a @job"):
        one.alias("x")()


def test_a_job_carries_its_options() -> None:
    @job(name="other", description="d", tags={"a": 1}, on_interrupted="retry")
    def function() -> None:
        one()

    spec = function.spec()
    assert (spec.name, spec.description, spec.tags, spec.on_interrupted) == ("other", "d", {"a": "1"}, "retry")
    with pytest.raises(InvocationError, match="execute_in_process"):
        function()


HANDLES: list[Any] = []


def test_bad_graphs_are_refused() -> None:
    def refused(match: str, compose: Any, **options: Any) -> None:
        with pytest.raises(DefinitionError, match=match):
            job(**{"name": "j"} | options)(compose)

    job(name="elsewhere")(lambda: HANDLES.append(one()))
    refused('"add" gets no value for its input left', lambda: [add()])
    refused("gets 5 for its input left.*config", lambda: add(5))
    refused("has no input other", lambda: add(one(), other=one()))
    refused("3 values but has 2 inputs", lambda: add(one(), one(), one()))
    refused("given its input left twice", lambda: add(one(), left=one()))
    refused('two ops called "x"', lambda: (one.alias("x")(), one.alias("x")()))
    refused('output of job "elsewhere"', lambda: add(HANDLES[0]))
    refused("gets .* for its input left", lambda: add(both()))
    refused("takes parameters", lambda x: None)
    refused('"fail" or "retry"', lambda: None, on_interrupted="never")
    refused("cannot name a job", lambda: None, name="a-b")

    async def composed() -> None: ...

    refused("is async", composed)


def test_a_job_that_was_refused_leaves_ops_callable() -> None:
    with pytest.raises(ZeroDivisionError):
        job(name="j")(lambda: 1 / 0)
    assert one() == 1


def test_bad_ops_are_refused() -> None:
    def refused(match: str, function: Any, **options: Any) -> None:
        with pytest.raises(DefinitionError, match=match):
            OpDefinition(function, **{"name": "o"} | options)

    def unannotated(config: Any) -> None: ...

    del unannotated.__annotations__["config"]
    refused("MyConfig", unannotated)
    refused("parameter \\*args", lambda *args: None)
    refused("no such parameter", lambda: None, ins={"x": In()})
    refused('ins of op "o" is a mapping', lambda: None, ins=3)
    refused("out of op", lambda: None, out={"a": 1})
    refused("cannot name an output", lambda: None, out={"a b": Out()})
    refused("cannot name an op", lambda: None, name="a b")
    refused("from a function", 5)
