# ruff: noqa: T201 (print() is what is tested)
import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from vedette import (
    Config,
    InvalidConfig,
    InvocationError,
    RunConfig,
    RunRequest,
    SensorEvaluationContext,
    build_sensor_context,
    job,
    op,
    sensor,
)
from vedette.domain.events import RunEventKind


class Start(Config):
    number: int


@op
async def start(config: Start) -> int:
    await asyncio.sleep(0)
    return config.number


@op
def divide(number: int) -> float:
    print("dividing")
    return 10 / number


@job
def division() -> None:
    divide(start())


@sensor(job=division)
async def watcher(context: SensorEvaluationContext) -> AsyncIterator[RunRequest]:
    context.log.info("looking from %s", context.cursor)
    await asyncio.sleep(0)
    context.update_cursor("next")
    yield RunRequest("k", RunConfig(ops={"start": Start(number=2)}))


def check_execution() -> None:
    result = division.execute_in_process(RunConfig(ops={"start": Start(number=4)}))
    assert result.success
    assert result.output_for_node("divide") == 2.5
    assert result.output_for_node("start", "result") == 4
    assert [event.kind for event in result.events].count(RunEventKind.STEP_SUCCESS) == 2
    assert len(result.run_id) == 36
    with pytest.raises(InvocationError, match=r'"other".*there are: start\.result, divide\.result'):
        result.output_for_node("other")


def check_evaluation() -> None:
    evaluation = watcher.evaluate_tick(build_sensor_context(cursor="here"))
    assert evaluation.error is None
    assert [request.run_key for request in evaluation.run_requests] == ["k"]
    assert evaluation.cursor == "next"
    assert [record.message for record in evaluation.logs] == ["looking from here"]


def test_jobs_and_sensors_in_a_plain_test() -> None:
    check_execution()
    check_evaluation()


async def test_jobs_and_sensors_in_an_async_test() -> None:
    check_execution()
    check_evaluation()


def test_what_an_op_raised_is_raised_or_told() -> None:
    config: dict[str, Any] = {"ops": {"start": {"config": {"number": 0}}}}
    with pytest.raises(ZeroDivisionError):
        division.execute_in_process(config)
    result = division.execute_in_process(config, raise_on_error=False)
    assert not result.success
    assert result.error is not None
    assert 'Op "divide" failed' in result.error.message


def test_a_wrong_config_is_raised_always() -> None:
    with pytest.raises(InvalidConfig, match="ops is missing"):
        division.execute_in_process(raise_on_error=False)


def test_printed_lines_still_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    result = division.execute_in_process({"ops": {"start": {"config": {"number": 1}}}})
    assert capsys.readouterr().out == "dividing\n"
    assert "dividing" in [event.message for event in result.events]


def test_an_evaluation_tells_errors_and_checks_requests() -> None:
    @sensor(job=division)
    def wrong() -> RunRequest:
        return RunRequest()

    @sensor(job_name="elsewhere")
    def by_name() -> RunRequest:
        return RunRequest()

    error = wrong.evaluate_tick().error
    assert error is not None
    assert "ops is missing" in error.message
    assert by_name.evaluate_tick().run_requests[0].job_name == "elsewhere"
    error = sensor(name="s")(lambda: 1 / 0).evaluate_tick().error
    assert error is not None
    assert error.type == "ZeroDivisionError"


def test_an_interrupt_at_the_keyboard_ends_a_test() -> None:
    @op
    def interrupts() -> None:
        raise KeyboardInterrupt

    @job
    def interrupted() -> None:
        interrupts()

    with pytest.raises(KeyboardInterrupt):
        interrupted.execute_in_process(raise_on_error=False)
    with pytest.raises(KeyboardInterrupt):
        sensor(name="s")(interrupts).evaluate_tick()
