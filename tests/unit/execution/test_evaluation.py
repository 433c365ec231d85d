import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from unit.execution.calls import evaluate
from vedette import (
    Config,
    Definitions,
    RunConfig,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    job,
    op,
    sensor,
)
from vedette.domain.ticks import Evaluation, EvaluationInstruction, TickStatus
from vedette.errors import DefinitionError


class Reading(Config):
    path: str


@op
def read(config: Reading) -> None: ...


@op
def nothing() -> None: ...


@job(tags={"from": "job", "both": "job"})
def plain() -> None:
    nothing()


@job
def configured() -> None:
    read()


A, B = RunRequest("a"), RunRequest("b")


async def evaluated(function: Any, *, cursor: str | None = None, **options: Any) -> Evaluation:
    definition = function
    if not isinstance(function, SensorDefinition):
        definition = SensorDefinition("s", evaluation_fn=function, **({"job": plain} | options))
    definitions = Definitions(sensors=[definition], jobs=[plain, configured])
    instruction = EvaluationInstruction(uuid4(), definition.name, 60.0, cursor)
    return await evaluate(definitions, instruction)


def keys(evaluation: Evaluation) -> list[str | None]:
    assert evaluation.error is None, evaluation.error
    return [request.run_key for request in evaluation.run_requests]


def message(evaluation: Evaluation) -> str:
    assert evaluation.error is not None
    assert evaluation.status is TickStatus.FAILURE
    assert not evaluation.run_requests
    assert not evaluation.cursor_set
    return evaluation.error.message


def generator() -> Iterator[RunRequest]:
    yield A
    yield B


def returning() -> Any:
    yield A
    return B


def returning_list() -> Any:
    yield from ()
    return [A, None, B]


async def coroutine() -> list[RunRequest]:
    await asyncio.sleep(0)
    return [A, B]


async def async_generator() -> AsyncIterator[RunRequest]:
    yield A
    await asyncio.sleep(0)
    yield B


async def coroutine_of_generator() -> Iterator[RunRequest]:
    return generator()


async def coroutine_of_async_generator() -> AsyncIterator[RunRequest]:
    return async_generator()


class Countdown:
    def __iter__(self) -> Iterator[RunRequest]:
        return generator()


class AsyncCallee:
    async def __call__(self, context: SensorEvaluationContext) -> list[RunRequest]:
        return [A, B]


@pytest.mark.parametrize(
    "function",
    [
        lambda: [A, B],
        lambda: (A, B),
        lambda: deque([A, B]),
        lambda: map(RunRequest, "ab"),
        lambda: SensorResult([A, B]),
        lambda: [SensorResult(iter([A, B]))],
        lambda *_: coroutine(),
        lambda *_: async_generator(),
        generator,
        returning,
        returning_list,
        coroutine,
        async_generator,
        coroutine_of_generator,
        coroutine_of_async_generator,
        Countdown,
        AsyncCallee(),
    ],
)
async def test_every_kind_of_function_and_iterable_gives_its_requests_in_order(function: Callable[..., Any]) -> None:
    assert keys(await evaluated(function)) == ["a", "b"]


async def test_a_set_of_requests() -> None:
    assert sorted(map(str, keys(await evaluated(lambda: {A, B})))) == ["a", "b"]


@pytest.mark.parametrize(
    "function", [lambda: None, lambda: (), lambda: iter([]), lambda: [None], lambda: [SensorResult()]]
)
async def test_nothing_is_a_skip_that_says_so(function: Callable[..., Any]) -> None:
    evaluation = await evaluated(function)
    assert evaluation.status is TickStatus.SKIPPED
    assert evaluation.skip_reason == "Sensor function returned an empty result"


async def test_a_skip_reason_is_kept() -> None:
    assert (await evaluated(lambda: SkipReason("later"))).skip_reason == "later"
    assert (await evaluated(lambda: [SkipReason()])).skip_reason is None
    assert (await evaluated(lambda: SensorResult(skip_reason="why"))).skip_reason == "why"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (5, ['"s" returned 5 (int)', "RunRequest"]),
        ("text", ["returned 'text' (str)"]),
        ({"a": 1}, ["returned {'a': 1} (dict)"]),
        ([A, 5], ["yielded 5 (int)"]),
        ([[A]], ["(list)"]),
        ([SkipReason("x"), A], ["both RunRequest and SkipReason"]),
        ([SkipReason("x"), SkipReason("y")], ["2 SkipReasons"]),
        ([SensorResult([A]), B], ["must be the only object"]),
        ([SensorResult(), SensorResult()], ["must be the only object"]),
    ],
)
async def test_nonsense_is_an_error_that_names_it(result: Any, words: list[str]) -> None:
    text = message(await evaluated(lambda: result))
    for word in words:
        assert word in text


async def test_a_value_whose_repr_raises_is_an_error_like_any() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "Hostile" in message(await evaluated(Hostile))


async def test_the_cursor_asked_for_is_told_apart_from_none_asked_for() -> None:
    def updates(value: str | None) -> Callable[[SensorEvaluationContext], None]:
        return lambda context: context.update_cursor(value)

    untouched = await evaluated(lambda: None, cursor="old")
    assert (untouched.cursor_set, untouched.cursor) == (False, None)
    for value in ("new", "", None):
        for function in (updates(value), lambda value=value: SensorResult(cursor=value)):
            evaluation = await evaluated(function, cursor="old")
            assert (evaluation.cursor_set, evaluation.cursor) == (True, value)


async def test_two_ways_to_set_the_cursor_at_once_are_refused() -> None:
    def twice(context: SensorEvaluationContext) -> SensorResult:
        context.update_cursor("a")
        return SensorResult(cursor="a")

    assert "use one of the two" in message(await evaluated(twice))


async def test_an_unserialisable_cursor_is_an_error_with_the_users_line() -> None:
    def wrong(context: SensorEvaluationContext) -> None:
        context.update_cursor({"seen": 1})  # type: ignore[arg-type]  # that is the test

    evaluation = await evaluated(wrong)
    assert "json.dumps" in message(evaluation)
    assert evaluation.error is not None
    assert "in wrong" in evaluation.error.stack[-1]


def exits() -> None:
    sys.exit("bye")


def stops() -> None:
    raise StopIteration


async def cancels() -> None:
    raise asyncio.CancelledError


async def cancels_another() -> None:
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


def interrupts() -> None:
    raise KeyboardInterrupt


def yields_then_fails(context: SensorEvaluationContext) -> Iterator[RunRequest]:
    context.update_cursor("new")
    yield A
    raise ValueError("late")


async def exits_async() -> None:
    sys.exit(3)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (exits, "SystemExit"),
        (exits_async, "SystemExit"),
        (stops, "StopIteration"),
        (cancels, "CancelledError"),
        (cancels_another, "CancelledError"),
        (interrupts, "KeyboardInterrupt"),
        (yields_then_fails, "ValueError"),
    ],
)
async def test_whatever_is_raised_is_the_error_and_nothing_else_counts(function: Any, kind: str) -> None:
    evaluation = await evaluated(function)
    message(evaluation)
    assert evaluation.error is not None
    assert evaluation.error.type == kind
    assert evaluation.error.stack


async def test_an_unknown_sensor_is_an_error() -> None:
    with pytest.raises(DefinitionError, match='no sensor "gone"'):
        await evaluate(Definitions(), EvaluationInstruction(uuid4(), "gone", 60.0))


async def test_one_bad_request_is_one() -> None:
    text = message(await evaluated(lambda: RunRequest(job_name="nowhere"), job=None, jobs=[plain]))
    assert "made 1 bad run request of 1: " in text


async def test_every_bad_request_is_named_in_one_error() -> None:
    def asks() -> list[RunRequest]:
        return [
            RunRequest("good", {"ops": {"read": {"config": {"path": "x"}}}}, job_name="configured"),
            RunRequest("unknown", job_name="nowhere"),
            RunRequest("none"),
            RunRequest("config", {"ops": {"read": {"config": {"path": 5}}}}, job_name="configured"),
            RunRequest("json", {"ops": {"read": {"config": {"path": object()}}}}, job_name="configured"),
            RunRequest("nan", {"x": float("nan")}, job_name="plain"),
            RunRequest("nul", {"x": "a\x00"}, job_name="plain"),
            RunRequest("huge", {"x": 2**70}, job_name="plain"),
        ]

    text = message(await evaluated(asks, job=None, jobs=[plain, configured]))
    assert "7 bad run requests of 8" in text
    for words in (
        'run request 2 (run_key "unknown"): its job "nowhere" is no target',
        'run request 3 (run_key "none"): it did not specify job_name; expected one of: plain, configured',
        'run request 4 (run_key "config"): Job "configured" refuses its run config: ops.read.config.path',
        'run request 5 (run_key "json"): The run config is not JSON',
        'run request 6 (run_key "nan"): The run config is not JSON',
        'run request 7 (run_key "nul"): The run config holds a NUL',
        'run request 8 (run_key "huge"): The run config holds an integer of more than 64 bits',
    ):
        assert words in text
    assert '"good"' not in text


async def test_very_many_bad_requests_are_all_named() -> None:
    text = message(await evaluated(lambda: [RunRequest(job_name="nowhere") for _ in range(300)]))
    assert "run request 50: " in text
    assert "and run requests 51 to 300" in text


async def test_a_request_of_a_sensor_without_a_target_is_refused() -> None:
    text = message(await evaluated(lambda: RunRequest(job_name="plain"), job=None))
    assert '"s"' in text
    assert "lacks a target" in text


async def test_a_target_by_name_is_checked_like_one_by_object() -> None:
    function = SensorDefinition("s", evaluation_fn=lambda: RunRequest("k"), job_name="configured")
    assert "ops is missing" in message(await evaluated(function))


async def test_a_request_becomes_data_with_the_tags_of_its_job_beneath_its_own() -> None:
    evaluation = await evaluated(lambda: RunRequest("k", {}, {"both": "request", "n": 1}))
    (request,) = evaluation.run_requests
    assert request.job_name == "plain"
    assert request.tags == {"from": "job", "both": "request", "n": "1"}
    assert request.run_config == {}
    evaluation = await evaluated(
        lambda: RunRequest(run_config=RunConfig(ops={"read": Reading(path="x")})), job=configured
    )
    assert evaluation.run_requests[0].run_config == {"ops": {"read": {"config": {"path": "x"}}}}


async def test_ten_thousand_requests_are_the_limit_also_of_an_endless_generator() -> None:
    closed = []

    def endless() -> Iterator[RunRequest]:
        try:
            while True:
                yield A
        finally:
            closed.append(True)

    async def endless_async() -> AsyncIterator[RunRequest]:
        while True:
            yield A

    for function in (endless, endless_async, lambda: SensorResult(iter(endless()))):
        assert "more than 10000 runs" in message(await evaluated(function))
    assert len(closed) == 2
    assert len((await evaluated(lambda: [A] * 10_000)).run_requests) == 10_000


async def test_the_context_knows_what_the_instruction_says() -> None:
    seen: list[Any] = []

    @sensor
    def watcher(context: SensorEvaluationContext) -> None:
        seen.extend([context.sensor_name, context.cursor, context.last_tick_completion_time])
        seen.extend([context.last_sensor_start_time, context.is_first_tick_since_sensor_start])

    at = datetime(2026, 1, 2, tzinfo=UTC)
    instruction = EvaluationInstruction(uuid4(), "watcher", 60.0, "c", at, at.replace(day=3))
    await evaluate(Definitions(sensors=[watcher]), instruction)
    assert seen == ["watcher", "c", at.timestamp(), at.timestamp() + 86_400, True]


async def test_begin_is_told_right_before_user_code_and_sync_code_runs_in_the_executor() -> None:
    order: list[str] = []

    @sensor
    def watcher() -> None:
        order.append(threading.current_thread().name)

    def began() -> None:
        order.append("began")

    instruction = EvaluationInstruction(uuid4(), "watcher", 60.0)
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        await evaluate(Definitions(sensors=[watcher]), instruction, began, executor=pool)
    assert order == ["began", "pool_0"]


async def test_cancelling_stops_async_code_and_is_raised() -> None:
    began, cleaned = asyncio.Event(), asyncio.Event()

    async def waits() -> AsyncIterator[RunRequest]:
        try:
            yield A
            began.set()
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    task = asyncio.create_task(evaluated(waits))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned.is_set()


async def test_blocking_sensors_do_not_hold_up_the_loop_or_each_other() -> None:
    together = threading.Barrier(3, timeout=30)

    async def blocks_in_iterator() -> Iterator[RunRequest]:
        def inner() -> Iterator[RunRequest]:
            together.wait()
            yield A

        return inner()

    results = await asyncio.gather(*(evaluated(one) for one in (together.wait, together.wait, blocks_in_iterator)))
    assert keys(results[2]) == ["a"]


async def test_the_duration_is_that_of_the_function() -> None:
    evaluation = await evaluated(lambda: time.sleep(0.05))
    assert 0.05 <= evaluation.duration_seconds < 5
