import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vedette import (
    DefaultSensorStatus,
    DefinitionError,
    InvocationError,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    build_sensor_context,
    job,
    op,
    sensor,
)


@op
def nothing() -> None:
    """Do nothing."""


@job
def first() -> None:
    nothing()


@job
def second() -> None:
    nothing()


def test_sensor_with_and_without_parentheses_take_name_description_and_defaults() -> None:
    @sensor
    def bare(context: SensorEvaluationContext) -> None:
        """Watch."""

    @sensor()
    def called() -> None: ...

    assert isinstance(bare, SensorDefinition)
    assert (bare.name, bare.description) == ("bare", "Watch.")
    assert (bare.minimum_interval_seconds, bare.timeout) == (30.0, 60.0)
    assert bare.default_status is DefaultSensorStatus.STOPPED
    assert called.name == "called"
    assert called.spec().job_names == ()


def test_every_option_reaches_the_spec() -> None:
    @sensor(
        "first",
        name="other",
        minimum_interval_seconds=0,
        description="d",
        default_status=DefaultSensorStatus.RUNNING,
        tags={"team": "x", "n": 1},
        metadata={"a": [1, None]},
        owners=["a@b.c", "team:x"],
        timeout=0.5,
        max_lag=2,
    )
    def function() -> None: ...

    spec = function.spec()
    assert spec.max_lag_seconds == 2.0
    assert (spec.name, spec.description, spec.job_names) == ("other", "d", ("first",))
    assert (spec.minimum_interval_seconds, spec.timeout_seconds) == (0.0, 0.5)
    assert (spec.default_status, spec.owners) == (DefaultSensorStatus.RUNNING, ("a@b.c", "team:x"))
    assert (spec.tags, spec.metadata) == ({"team": "x", "n": "1"}, {"a": [1, None]})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"minimum_interval_seconds": -1}, ["minimum_interval_seconds", '"s"', "-1"]),
        ({"minimum_interval_seconds": float("nan")}, ["minimum_interval_seconds", "nan"]),
        ({"minimum_interval_seconds": "5"}, ["minimum_interval_seconds", "'5'"]),
        ({"minimum_interval_seconds": True}, ["minimum_interval_seconds", "True"]),
        ({"timeout": 0}, ["timeout", "above 0"]),
        ({"max_lag": 0}, ["max_lag", "above 0"]),
        ({"max_lag": "soon"}, ["max_lag", "soon"]),
        ({"timeout": float("inf")}, ["timeout", "inf"]),
        ({"default_status": "RUNNING"}, ["default_status", "DefaultSensorStatus"]),
        ({"job": first, "job_name": "first"}, ["job_name and job", "one of"]),
        ({"jobs": [first], "target": first}, ["jobs and target"]),
        ({"job": "first"}, ["takes a job", "job_name="]),
        ({"job_name": 3}, ["job_name", "3"]),
        ({"jobs": ["first"]}, ["jobs=", "'first'"]),
        ({"target": "group:"}, ["assets", '"s"', "group:"]),
        ({"asset_selection": 3}, ["assets", '"s"', "asset key", "3"]),
        ({"asset_selection": ["a"], "job": first}, ["job and asset_selection", "one of"]),
        ({"required_resource_keys": "db"}, ["required_resource_keys", '"s"', "a set of keys", "'db'"]),
        ({"required_resource_keys": {"no key"}}, ["required_resource_keys", "'no key'"]),
        ({"name": "no good"}, ["'no good'", "letters, digits and underscores"]),
        ({"tags": {"a": object()}}, ["tags", '"a"', "not JSON"]),
        ({"metadata": {"a": {1, 2}}}, ["metadata", "not JSON"]),
        ({"owners": "me"}, ["owners", "'me'"]),
    ],
)
def test_bad_options_are_refused_with_what_where_and_remedy(options: dict[str, Any], words: list[str]) -> None:
    def function() -> None: ...

    with pytest.raises(DefinitionError) as caught:
        sensor(**{"name": "s"} | options)(function)
    for word in words:
        assert word in str(caught.value)


def test_functions_that_cannot_be_sensors_are_refused() -> None:
    with pytest.raises(DefinitionError, match="takes a, b"):
        sensor()(lambda a, b: None)
    with pytest.raises(DefinitionError, match="pass name="):
        sensor()(lambda context: None)
    with pytest.raises(DefinitionError, match="evaluation_fn"):
        SensorDefinition("s")


def make(folder: str) -> Callable[..., str]:
    def function(watched: str = folder) -> str:
        return watched

    return function


def keyword_only(*, ctx: SensorEvaluationContext) -> str | None:
    return ctx.cursor


class Callee:
    def __call__(self, c: SensorEvaluationContext) -> str | None:
        return c.cursor


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda anything: anything.cursor, "here"),
        (lambda: "none", "none"),
        (lambda context=None: context.cursor, "here"),
        (make("folder"), "folder"),
        (keyword_only, "here"),
        (Callee(), "here"),
        (functools.partial(lambda x, context: x + context.cursor, "x"), "xhere"),
        (lambda *args: args[0].cursor, "here"),
    ],
)
def test_the_context_goes_where_the_function_wants_it(function: Callable[..., Any], expected: str) -> None:
    definition = SensorDefinition("s", evaluation_fn=function)
    assert definition.call(build_sensor_context(cursor="here")) == expected


def test_direct_invocation_returns_what_the_function_returns() -> None:
    @sensor(job=first)
    def yields(ctx: SensorEvaluationContext) -> Any:
        yield RunRequest(ctx.sensor_name)

    assert [request.run_key for request in yields(build_sensor_context())] == ["yields"]
    assert [request.run_key for request in yields(ctx=build_sensor_context(sensor_name="x"))] == ["x"]
    assert sensor(name="s")(lambda: 5)() == 5
    assert sensor(name="s")(lambda context: context)(None) is None


def test_direct_invocation_with_other_arguments_is_refused() -> None:
    @sensor
    def takes(ctx: SensorEvaluationContext) -> None: ...

    with pytest.raises(InvocationError, match="build_sensor_context"):
        takes()
    with pytest.raises(InvocationError, match='expects the argument "ctx"'):
        takes(context=build_sensor_context())
    with pytest.raises(InvocationError, match="one argument"):
        takes(build_sensor_context(), 2)
    with pytest.raises(InvocationError, match="takes no argument"):
        sensor(name="s")(lambda: None)(5)


def test_targets_can_be_read_and_replaced() -> None:
    one = SensorDefinition("s", evaluation_fn=lambda: None, job=first)
    assert (one.job, one.job_name, one.jobs) == (first, "first", (first,))
    two = one.with_updated_jobs([first, second])
    assert two.job_names == ("first", "second")
    assert one.with_updated_job(second).job is second
    assert one.job is first
    with pytest.raises(InvocationError, match="2 jobs"):
        _ = two.job_name
    assert SensorDefinition("s", evaluation_fn=lambda: None, target=[first, second]).job_names == ("first", "second")
    with pytest.raises(InvocationError, match="by name only"):
        _ = SensorDefinition("s", evaluation_fn=lambda: None, job_name="first").job


@pytest.mark.parametrize(
    ("watch", "paths"),
    [(None, ()), ("inbox", ("inbox",)), (Path("in") / "box", ("in/box",)), (["a", Path("b"), "a"], ("a", "b"))],
)
def test_a_sensor_watches_a_folder_or_several(watch: Any, paths: tuple[str, ...]) -> None:
    @sensor(watch=watch)
    def watcher() -> None: ...

    assert watcher.spec().watch == paths


@pytest.mark.parametrize("watch", [5, "", b"inbox", ["a", None], [b"a"], "a\0b"])
def test_what_is_no_path_cannot_be_watched(watch: Any) -> None:
    with pytest.raises(DefinitionError, match='The watch of sensor "watcher"'):

        @sensor(watch=watch)
        def watcher() -> None: ...
