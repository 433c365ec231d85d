import enum
from typing import Any

import jsonschema
import pytest
from pydantic import Field, field_validator

from vedette import (
    Config,
    DefinitionError,
    InvalidConfig,
    InvocationError,
    JobDefinition,
    OpExecutionContext,
    RunConfig,
    build_op_context,
    job,
    op,
    validate_run_config,
)


class Speed(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Inner(Config):
    values: tuple[int, ...] = ()


class Required(Config):
    path: str = Field(description="Where")
    speed: Speed = Speed.SLOW
    inner: Inner = Inner()

    @field_validator("path")
    @classmethod
    def not_empty(cls, path: str) -> str:
        """Refuse no path, and fail for one that is called crash."""
        if path == "crash":
            raise RuntimeError("boom")
        if not path:
            raise ValueError("is empty")
        return path


class Optional(Config):
    n: int = 1


@op
def reads(config: Required) -> Required:
    return config


@op
def counts(config: Optional) -> Optional:
    return config


@op
def number(config: int) -> int:
    return config


@op(name="json")
def awkward() -> None: ...


@job
def full() -> None:
    reads()
    counts()
    awkward()
    awkward.alias("_private")()


@job
def easy() -> None:
    counts()
    awkward()


@job(config=RunConfig(ops={"reads": Required(path="default")}))
def defaulted() -> None:
    reads()


def given(**ops: Any) -> dict[str, Any]:
    return {"ops": {name: {"config": config} for name, config in ops.items()}}


def test_config_becomes_values_of_the_ops_types() -> None:
    values = full.resolve_config(given(reads={"path": "a", "speed": "fast", "inner": {"values": [1]}}))
    assert values == {
        "reads": Required(path="a", speed=Speed.FAST, inner=Inner(values=(1,))),
        "counts": Optional(n=1),
    }
    assert easy.resolve_config({}) == {"counts": Optional(n=1)}
    assert easy.resolve_config({"ops": {"counts": {}, "json": {}}}) == {"counts": Optional(n=1)}


@pytest.mark.parametrize(
    ("definition", "run_config", "words"),
    [
        (full, {}, ["full", "ops is missing"]),
        (full, {"ops": {}}, ["ops.reads is missing"]),
        (full, given(reads={}), ["ops.reads.config.path is missing"]),
        (full, given(reads={"path": 5, "more": 1}), ["ops.reads.config.path", "given 5", "config.more is not known"]),
        (full, given(reads={"path": ""}), ["is empty"]),
        (full, given(reads={"path": "crash"}), ["could not be checked", "RuntimeError: boom"]),
        (easy, given(count={}), ["ops.count names no op of this job (counts, json)"]),
        (easy, given(json={}), ["ops.json.config is not known"]),
        (easy, {"resources": {}}, ["resources is not known"]),
        (easy, {"ops": 5}, ["ops", "given 5"]),
    ],
)
def test_config_that_a_job_refuses_is_named(definition: JobDefinition, run_config: Any, words: list[str]) -> None:
    with pytest.raises(InvalidConfig) as caught:
        definition.resolve_config(run_config)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("definition", "run_config", "accepted"),
    [
        (full, given(reads={"path": "a"}), True),
        (full, {}, False),
        (full, given(reads={"path": "a"}, json={}), False),
        (easy, {}, True),
        (easy, {"ops": {}}, True),
        (easy, given(counts={"n": 2}), True),
        (easy, given(counts={"x": 2}), False),
        (easy, given(other={}), False),
        (defaulted, {}, True),
        (defaulted, {"ops": {}}, False),
    ],
)
def test_the_json_schema_says_what_the_job_accepts(
    definition: JobDefinition, run_config: dict[str, Any], accepted: bool
) -> None:
    schema = definition.spec().config_schema
    assert schema is not None
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(run_config) is accepted
    try:
        definition.resolve_config(run_config)
    except InvalidConfig:
        assert not accepted
    else:
        assert accepted


def test_a_default_config_is_used_where_none_is_given() -> None:
    assert validate_run_config(defaulted) == given(reads={"path": "default", "speed": "slow", "inner": {"values": []}})
    assert validate_run_config(defaulted, given(reads={"path": "x"})) == given(reads={"path": "x"})
    with pytest.raises(DefinitionError, match=r'default config of job "bad".*ops.reads is missing'):
        job(name="bad", config={"ops": {}})(lambda: [reads()])


def test_config_of_any_type_and_with_a_default_of_the_parameter() -> None:
    @op
    def preset(config: Required = Required(path="preset")) -> str:  # noqa: B008 (immutable, and that is the test)
        return config.path

    @job
    def mixed() -> None:
        number()
        preset()

    assert mixed.resolve_config(given(number=3)) == {"number": 3, "preset": Required(path="preset")}


def test_a_config_type_without_a_schema_is_refused() -> None:
    class Opaque: ...

    @op
    def takes(config: Opaque) -> None: ...

    @job
    def wrong() -> None:
        takes()

    with pytest.raises(DefinitionError, match='Op "takes" of job "wrong" cannot take config'):
        wrong.spec()


@op
def tells(context: OpExecutionContext, config: Required, more: int = 0) -> tuple[str, int]:
    return config.path, more


def test_an_op_that_is_called_in_a_test_takes_the_config_of_its_context() -> None:
    assert tells(build_op_context({"path": "a"}), more=1) == ("a", 1)
    assert tells(build_op_context({"path": "a"}), Required(path="passed")) == ("passed", 0)
    assert tells(context=build_op_context({"path": "a"}), config=Required(path="passed")) == ("passed", 0)
    with pytest.raises(InvocationError, match="missing a required argument: 'config'"):
        tells(build_op_context())
    with pytest.raises(InvalidConfig, match='does not suit op "tells"'):
        tells(build_op_context({"path": 5}))


def test_the_ops_of_a_run_config_are_a_mapping() -> None:
    wrong: Any = 3
    with pytest.raises(InvalidConfig, match="mapping of op name to its config, not 3"):
        RunConfig(ops=wrong)
