import asyncio
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette import (
    Backoff,
    ConfigurableResource,
    DefinitionError,
    Failure,
    HookContext,
    InvalidResult,
    InvocationError,
    Jitter,
    RetryPolicy,
    RetryRequested,
    build_hook_context,
    failure_hook,
    job,
    op,
    success_hook,
)
from vedette.domain.events import RunEvent

noted: list[Any] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    noted.clear()


def failing(times: int, error: Exception) -> None:
    noted.append("tried")
    if noted.count("tried") <= times:
        raise error


def kinds(events: tuple[RunEvent, ...]) -> list[str]:
    return [event.kind.removeprefix("STEP_") for event in events]


def test_an_op_is_tried_again_as_its_policy_says_and_each_retry_is_told() -> None:
    @op(retry_policy=RetryPolicy(max_retries=3))
    def flaky(context: Any) -> int:
        failing(2, ValueError("boom"))
        return int(context.retry_number)

    @job
    def tries() -> None:
        flaky()

    result = tries.execute_in_process()
    assert result.output_for_node("flaky") == 2
    assert kinds(result.events) == ["STARTED", "RETRY", "RETRY", "SUCCESS"]
    assert result.events[1].message == "boom It is tried again at once (retry 1 of 3)."
    assert result.events[1].error is not None


def test_an_op_that_goes_on_failing_fails_with_what_it_raised_last() -> None:
    @op
    def flaky() -> None:
        failing(99, ValueError(f"boom {len(noted)}"))

    @job(op_retry_policy=RetryPolicy(max_retries=1))
    def tries() -> None:
        flaky()

    result = tries.execute_in_process(raise_on_error=False)
    assert kinds(result.events) == ["STARTED", "RETRY", "FAILURE"]
    assert result.error is not None
    assert result.error.message == 'Op "flaky" failed: ValueError: boom 1'


def test_the_delay_is_waited_and_an_ops_own_policy_goes_before_the_jobs() -> None:
    @op(retry_policy=RetryPolicy(max_retries=1, delay=0.2))
    def flaky() -> None:
        noted.append(time.monotonic())
        failing(1, ValueError("boom"))

    @job(op_retry_policy=RetryPolicy(max_retries=9))
    def tries() -> None:
        flaky()

    tries.execute_in_process()
    first, second = (at for at in noted if isinstance(at, float))
    assert second - first >= 0.2


def test_an_op_asks_for_a_retry_itself() -> None:
    @op
    def asks() -> None:
        failing(2, RetryRequested(max_retries=2, seconds_to_wait=0.01))

    @job
    def tries() -> None:
        asks()

    result = tries.execute_in_process()
    assert kinds(result.events) == ["STARTED", "RETRY", "RETRY", "SUCCESS"]
    assert "in 0.01 s (retry 1 of 2)" in str(result.events[1].message)


def test_a_failure_may_refuse_to_be_tried_again_and_carries_metadata() -> None:
    @op(retry_policy=RetryPolicy(max_retries=5))
    def refuses() -> None:
        raise Failure("no use", metadata={"rows": 3}, allow_retries=False)

    @op(retry_policy=RetryPolicy(max_retries=1))
    def allows() -> None:
        raise Failure("perhaps")

    @job
    def tries() -> None:
        refuses()
        allows()

    result = tries.execute_in_process(raise_on_error=False)
    assert kinds(result.events) == ["STARTED", "FAILURE", "STARTED", "RETRY", "FAILURE"]
    assert (result.events[1].message, result.events[1].data) == ("no use", {"metadata": {"rows": 3}})
    with pytest.raises(InvalidResult, match="metadata of a Failure is not JSON"):
        Failure(metadata={"a": object()})


@given(
    st.integers(1, 40),
    st.floats(0, 100, allow_nan=False),
    st.sampled_from([None, *Backoff]),
    st.sampled_from([None, *Jitter]),
)
def test_delays_grow_as_the_backoff_says_within_the_jitter(
    retry: int, delay: float, backoff: Backoff | None, jitter: Jitter | None
) -> None:
    seconds = RetryPolicy(retry, delay, backoff, jitter).seconds_before(retry)
    grown = {None: delay, Backoff.LINEAR: delay * retry, Backoff.EXPONENTIAL: delay * (2**retry - 1)}[backoff]
    low = {None: grown, Jitter.FULL: 0.0, Jitter.PLUS_MINUS: grown - delay}[jitter]
    high = grown + delay if jitter is Jitter.PLUS_MINUS else grown
    day = 24 * 3600.0
    assert min(low, day) * 0.999 - 1e-9 <= seconds <= min(high, day) * 1.001 + 1e-9


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_retries": -1}, "max_retries of a RetryPolicy"),
        ({"delay": -0.1}, "delay of a RetryPolicy"),
        ({"backoff": Backoff.LINEAR}, "backoff of a RetryPolicy changes its delay: give it one"),
        ({"delay": 1, "jitter": "FULL"}, "jitter of a RetryPolicy is a Jitter, not 'FULL'"),
    ],
)
def test_bad_policies_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        RetryPolicy(**fields)
    with pytest.raises(DefinitionError, match='retry policy of op "x" is a RetryPolicy, not 3'):
        op(name="x", retry_policy=3)(lambda: None)  # type: ignore[call-overload]  # wrong on purpose


class Pager(ConfigurableResource):
    number: str

    def call(self, text: str) -> None:
        """Note it."""
        noted.append(f"{self.number}: {text}")


@success_hook
def cheers(context: HookContext) -> None:
    noted.append(("cheers", context.step_key, context.op_output_values))


@failure_hook(required_resource_keys={"pager"})
async def calls(context: HookContext) -> None:
    context.log.warning("calling")
    context.resources.pager.call(f"{context.step_key} {context.op_exception!r}")


@success_hook(name="bad")
def bad_hook(context: HookContext) -> None:
    raise RuntimeError("hook trouble")


@op
def works() -> int:
    return 5


@op(retry_policy=RetryPolicy(max_retries=1))
def breaks(value: int) -> None:
    raise ValueError("boom")


@job(hooks={cheers, calls, bad_hook}, resource_defs={"pager": Pager(number="112")})
def hooked() -> None:
    breaks(works())


def test_hooks_are_called_after_their_step_and_a_failing_one_shows_and_fails_nothing() -> None:
    result = hooked.execute_in_process(raise_on_error=False)
    assert noted == [("cheers", "works", {"result": 5}), "112: breaks ValueError('boom')"]
    assert kinds(result.events) == [
        "STARTED",
        "SUCCESS",
        "ENGINE",
        "ENGINE",
        "STARTED",
        "RETRY",
        "FAILURE",
        "LOG",
        "ENGINE",
    ]
    bad, good = result.events[2:4]
    assert bad.error is not None
    assert bad.message == 'Hook "bad" failed, which changes nothing else: RuntimeError: hook trouble'
    assert (good.message, good.step) == ('Hook "cheers" was called.', "works")
    assert result.error is not None
    assert result.error.message == 'Op "breaks" failed: ValueError: boom'


def test_an_op_and_a_job_can_have_hooks_of_their_own() -> None:
    @job
    def some() -> None:
        works.with_hooks({cheers})()
        works()

    some.execute_in_process()
    assert [entry[1] for entry in noted] == ["works"]
    noted.clear()
    some.with_hooks({cheers}).execute_in_process()
    assert [entry[1] for entry in noted] == ["works", "works_2"]


def test_hooks_are_tested_by_calling_them() -> None:
    cheers(build_hook_context(op=works))
    assert noted == [("cheers", "works", {})]
    context = build_hook_context(resources={"pager": Pager(number="1")}, op_exception=ValueError("x"))
    assert context.op_exception is not None
    asyncio.run(calls(context))
    assert noted[1:] == ["1: op ValueError('x')"]


def test_bad_hooks_are_refused() -> None:
    with pytest.raises(DefinitionError, match=r'hooks of job "j" hold .*use @success_hook'):
        job(name="j", hooks=[cheers.hook_fn])(lambda: None)  # type: ignore[list-item]  # wrong on purpose
    with pytest.raises(DefinitionError, match="takes one argument: its context"):
        success_hook(name="h")(lambda: None)
    with pytest.raises(InvocationError, match=r"build_hook_context\(\)"):
        cheers()
    with pytest.raises(DefinitionError, match='Hook "calls" of job "k" needs the resource "pager"'):
        job(name="k", hooks={calls})(lambda: works() and None).execute_in_process()
