# ruff: noqa: T201 (print() is what is tested)
import asyncio
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest

from vedette import (
    Config,
    DefinitionError,
    Definitions,
    In,
    InvalidConfig,
    JobDefinition,
    Nothing,
    OpExecutionContext,
    Out,
    Output,
    job,
    op,
)
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunInstruction
from vedette.execution.run import RunExecution


class Start(Config):
    number: int = 1


noted: list[Any] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    noted.clear()


@op
def start(config: Start) -> int:
    return config.number


@op
async def double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


@op
def fail(value: Any = None) -> None:
    raise ValueError("boom")


@op
def note(value: Any = "default") -> None:
    noted.append(value)


def prepared(definition: JobDefinition, config: dict[str, Any] | None = None, **instruction: Any) -> RunExecution:
    return RunExecution(
        Definitions(jobs=[definition]), RunInstruction(uuid4(), definition.name, config or {}, **instruction)
    )


def executed(definition: JobDefinition, config: dict[str, Any] | None = None) -> tuple[list[str], ErrorInfo | None]:
    events: list[RunEvent] = []
    error = prepared(definition, config).execute(events.append)
    return [f"{event.kind.removeprefix('STEP_')} {event.step}" for event in events], error


def test_values_go_from_op_to_op_sync_and_async() -> None:
    @job
    def chain() -> None:
        note(double(double(start())))
        note()

    run = prepared(chain, {"ops": {"start": {"config": {"number": 5}}}})
    assert run.steps == ("start", "double", "double_2", "note", "note_2")
    events: list[RunEvent] = []
    assert run.execute(events.append) is None
    assert noted == [20, "default"]
    assert [(event.kind, event.step) for event in events[:4]] == [
        (RunEventKind.STEP_STARTED, "start"),
        (RunEventKind.STEP_SUCCESS, "start"),
        (RunEventKind.STEP_STARTED, "double"),
        (RunEventKind.STEP_SUCCESS, "double"),
    ]


def test_a_wrong_config_or_job_is_refused_before_any_op() -> None:
    @job
    def easy() -> None:
        note(start())

    with pytest.raises(InvalidConfig, match=r"ops\.start\.config\.number"):
        prepared(easy, {"ops": {"start": {"config": {"number": "x"}}}})
    with pytest.raises(DefinitionError, match='no job "other"'):
        RunExecution(Definitions(jobs=[easy]), RunInstruction(uuid4(), "other"))
    assert noted == []


def test_what_follows_a_failure_is_skipped_and_the_rest_goes_on() -> None:
    @job
    def branches() -> None:
        note(fail(start()))
        note.alias("free")()
        fail.alias("second")()

    events, error = executed(branches)
    assert events == [
        "STARTED start",
        "SUCCESS start",
        "STARTED fail",
        "FAILURE fail",
        "SKIPPED note",
        "STARTED free",
        "SUCCESS free",
        "STARTED second",
        "FAILURE second",
    ]
    assert noted == ["default"]
    assert error is not None
    assert (error.type, error.message) == ("ValueError", 'Op "fail" failed: ValueError: boom')
    assert "in fail" in error.stack[-1]


def test_several_outputs_ordering_inputs_and_lists() -> None:
    @op(out={"left": Out(), "right": Out(is_required=False)})
    def split() -> Iterator[Output]:
        yield Output(1, "left")

    @op(out={"a": Out(), "b": Out()})
    def pair() -> tuple[int, Output]:
        return 2, Output(3, "b")

    @op(ins={"begin": In(Nothing)})
    def after() -> str:
        noted.append("after")
        return "x"

    @job
    def fan() -> None:
        left, right = split()
        a, b = pair()
        done = note([left, a, b])
        after(begin=done)
        note.alias("never")(right)

    events, error = executed(fan)
    assert error is None
    assert noted == [[1, 2, 3], "after"]
    assert events[-1] == "SKIPPED never"


async def gives() -> AsyncIterator[Output]:
    yield Output("async")


def yields() -> Iterator[Output]:
    yield Output("yielded")


def returns() -> Any:
    yield from ()
    return "returned"


class Callee:
    async def __call__(self) -> str:
        return "callee"


@pytest.mark.parametrize(
    ("function", "value"),
    [(gives, "async"), (yields, "yielded"), (returns, "returned"), (Callee(), "callee"), (lambda: Output(1), 1)],
)
def test_every_kind_of_function_gives_its_output(function: Any, value: Any) -> None:
    made = op(name="made")(function)

    @job
    def noting() -> None:
        note(made())

    assert executed(noting)[1] is None
    assert noted == [value]


def yields_plainly() -> Iterator[int]:
    yield 5


def yields_twice() -> Iterator[Output]:
    yield Output(1)
    yield Output(2)


async def exits() -> None:
    sys.exit(3)


async def cancels() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("function", "out", "words"),
    [
        (yields_plainly, None, "yielded 5"),
        (yields_twice, None, '"result" twice'),
        (lambda: Output(1, "other"), None, "'other', which it does not have"),
        (lambda: 5, {"a": Out(), "b": Out()}, "tuple of 2 values"),
        (lambda: None, {"a": Out(), "b": Out()}, 'ended without its output "a"'),
        (exits, None, "SystemExit: The code called sys.exit(3)"),
        (cancels, None, "CancelledError"),
    ],
)
def test_an_op_that_does_wrong_fails_its_step(function: Any, out: Any, words: str) -> None:
    made = op(name="made", out=out)(function)

    @job
    def one() -> None:
        made()

    events, error = executed(one)
    assert events == ["STARTED made", "FAILURE made"]
    assert error is not None
    assert words in error.message


def test_what_ops_say_becomes_events_of_their_step_in_order() -> None:
    @op
    async def talks(context: OpExecutionContext) -> None:
        context.log.debug("context %d", 1)
        await asyncio.to_thread(print, "printed")
        logging.getLogger("theirs").error("logged")
        print("unended", end="")

    @op
    def fails() -> None:
        print("last words", end="")
        raise ValueError

    @job
    def talking() -> None:
        talks()
        fails()

    events: list[RunEvent] = []
    prepared(talking).execute(events.append)
    told = [(event.kind.name, event.step, event.level, event.logger, event.message) for event in events]
    assert told == [
        ("STEP_STARTED", "talks", None, None, None),
        ("LOG", "talks", "DEBUG", "op", "context 1"),
        ("LOG", "talks", "INFO", "stdout", "printed"),
        ("LOG", "talks", "ERROR", "theirs", "logged"),
        ("LOG", "talks", "INFO", "stdout", "unended"),
        ("STEP_SUCCESS", "talks", None, None, None),
        ("STEP_STARTED", "fails", None, None, None),
        ("LOG", "fails", "INFO", "stdout", "last words"),
        ("STEP_FAILURE", "fails", None, None, ""),
    ]


def test_an_event_is_told_when_it_happens() -> None:
    seen: list[str] = []

    @op
    def looks(context: OpExecutionContext) -> None:
        context.log.info("now")
        noted.append(list(seen))

    @job
    def looking() -> None:
        looks()

    prepared(looking).execute(lambda event: seen.append(event.kind.name))
    assert noted == [["STEP_STARTED", "LOG"]]


def test_the_context_tells_of_the_run() -> None:
    @op
    def looks(context: OpExecutionContext, config: Start) -> None:
        noted.extend([context.run_id, context.job_name, context.op_name, context.op_config, config, context.attempt])
        noted.extend([context.tags, context.partition_key, context.run_config])

    @job
    def looking() -> None:
        looks()

    instruction = RunInstruction(uuid4(), "looking", {"ops": {}}, {"a": "b"}, "p", 3)
    RunExecution(Definitions(jobs=[looking]), instruction).execute(lambda _: None)
    assert noted == [
        str(instruction.run_id),
        "looking",
        "looks",
        Start(number=1),
        Start(number=1),
        3,
        {"a": "b"},
        "p",
        {"ops": {}},
    ]


def test_sync_ops_run_in_the_main_thread_without_a_loop_and_async_ones_share_a_loop() -> None:
    @op
    def sync() -> None:
        noted.append(threading.current_thread() is threading.main_thread())
        noted.append(asyncio.run(asyncio.sleep(0, "own loop")))

    @op
    async def first(before: Any) -> int:
        return id(asyncio.get_running_loop())

    @op
    async def second(other: int) -> None:
        noted.append(other == id(asyncio.get_running_loop()))

    @job
    def mixed() -> None:
        second(first(sync()))

    assert executed(mixed)[1] is None
    assert noted == [True, "own loop", True]


def test_an_output_is_let_go_after_its_last_use() -> None:
    @op
    def counts(value: Any) -> None:
        noted.append(sorted(name for name, _ in run.outputs))

    @job
    def chain() -> None:
        value = start()
        note(value)
        counts(value)
        counts(double(start()))

    run = prepared(chain)
    assert run.execute(lambda _: None) is None
    assert noted == [1, ["start"], ["double"]]
    assert run.outputs == {}


def sync_wait() -> None:
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        noted.append("cleaned")


async def async_wait() -> None:
    asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGUSR1)
    try:
        await asyncio.sleep(60)
    finally:
        noted.append("cleaned")


def interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [sync_wait, async_wait])
def test_an_interruption_unwinds_the_op_and_ends_the_run(function: Any) -> None:
    interrupted = op(function)

    @job
    def two() -> None:
        interrupted()
        note()

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            executed(two)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert noted == ["cleaned"]
