"""What was read through an EnvVar is in nothing that leaves the process, however user code lets it slip."""

# ruff: noqa: T201 (print() is what is tested)
import asyncio
import logging
import string
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from unit.execution.calls import evaluate
from vedette import (
    ConfigurableResource,
    Definitions,
    EnvVar,
    RetryPolicy,
    SensorEvaluationContext,
    SkipReason,
    job,
    op,
    sensor,
)
from vedette.authoring import redaction
from vedette.domain.ticks import EvaluationInstruction


class Api(ConfigurableResource):
    token: str


class Parsed(BaseModel):
    number: int


def prints(token: str) -> None:
    print("token", token)


def prints_in_parts(token: str) -> None:
    for part in token:
        sys.stdout.write(part)
    sys.stdout.write("\n")


def logs(token: str) -> None:
    logging.getLogger("theirs").warning("with %s and %r", token, {"a": token})


def logs_error(token: str) -> None:
    try:
        raise ValueError(token)
    except ValueError:
        logging.getLogger("theirs").exception("failed with %s", token)


def raises(token: str) -> None:
    raise ValueError(f"bad token {token}")


def raises_from(token: str) -> None:
    try:
        raises(token)
    except ValueError as error:
        error.add_note(f"note {token}")
        raise RuntimeError([token]) from error


def raises_group(token: str) -> None:
    raise ExceptionGroup(token, [ValueError(token), KeyError(token)])


def validates(token: str) -> None:
    Parsed(number=token)


SLIPS = [prints, prints_in_parts, logs, logs_error, raises, raises_from, raises_group, validates]


@sensor()
def slips(context: SensorEvaluationContext, api: Api) -> SkipReason:
    SLIPPING[0](api.token)
    return SkipReason(f"nothing at {api.token}")


@op(retry_policy=RetryPolicy())
def slips_too(api: Api) -> None:
    SLIPPING[0](api.token)


@job
def slipping() -> None:
    slips_too()


SLIPPING: list[Callable[[str], None]] = []
DEFINITIONS = Definitions(sensors=[slips], jobs=[slipping], resources={"api": Api(token=EnvVar("TOKEN"))})
SECRETS = st.text(string.ascii_letters + string.digits + "-_/+:@!?$%&*(){}[]'\"\\ äß", min_size=8, max_size=40)


@settings(max_examples=25)
@given(SECRETS.map(str.strip).filter(lambda text: len(text) >= 8 and not text.isdigit()), st.sampled_from(SLIPS))
def test_a_secret_is_in_nothing_that_an_evaluation_or_a_run_tells(secret: str, how: Callable[[str], None]) -> None:
    SLIPPING[:] = [how]
    redaction._SHOWN.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOKEN", secret)
        evaluation = asyncio.run(evaluate(DEFINITIONS, EvaluationInstruction(uuid4(), "slips", 60.0)))
        result = DEFINITIONS.get_job_def("slipping").execute_in_process(raise_on_error=False)
    told: Any
    for told in (evaluation, result.events, result.run, DEFINITIONS.catalog()):
        texts = list(_texts(msgspec.to_builtins(told)))
        assert not [text for text in texts if secret in text]
    assert "[EnvVar TOKEN]" in str(msgspec.to_builtins(evaluation))


def _texts(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
