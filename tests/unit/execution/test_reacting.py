"""The evaluation of events: each by itself, whatever the function makes of the others."""

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from vedette import (
    Definitions,
    RunFailureSensorContext,
    RunReaction,
    RunRequest,
    SensorResult,
    SkipReason,
    job,
    op,
    run_failure_sensor,
)
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.runs import Run, RunStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.execution import reacting
from vedette.execution.calls import call_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@op
def nothing() -> None: ...


@job
def report() -> None:
    nothing()


def an_event(position: int, key: str = "") -> SensorEvent:
    run = Run(uuid.uuid4(), "here", key or f"job_{position}", RunStatus.FAILURE, NOW)
    happened = RunEvent(NOW, RunEventKind.RUN_FAILURE)
    return SensorEvent(position, f"here/{run.job_name}", 1, NOW, run, RunStatus.FAILURE, happened)


async def evaluated(function: Callable[..., Any], *events: SensorEvent) -> tuple[Evaluation, list[Reaction]]:
    """Return what the evaluation came to, and the reactions that were told meanwhile."""
    sensor = run_failure_sensor(name="alarm", request_job=report)(function)
    told: list[Reaction] = []
    instruction = EvaluationInstruction(uuid.uuid4(), "alarm", 5.0, events=events)
    call = call_of(
        Definitions(sensors=[sensor]), instruction, lambda: None, lambda _: None, lambda one, _: told.append(one)
    )
    answer = None if call.is_async else await asyncio.to_thread(call.in_thread, lambda _: None)
    if answer is None:
        answer = await asyncio.create_task(call.in_loop(None))
    return answer, told


ANSWERS: list[Any] = [
    None,
    SensorResult(run_requests=[RunRequest("a"), RunRequest("b")]),
    SkipReason("no need"),
    [RunRequest("c")],
    ValueError("poison"),
    RunReaction(),
    SensorResult(cursor="mine"),
    SensorResult(skip_reason="nor here"),
    None,
]
OUTCOMES = ["REACTED", "REQUESTED", "SKIPPED", "REQUESTED", "FAILED", "REACTED", "FAILED", "SKIPPED", "REACTED"]


@pytest.fixture(autouse=True)
def all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an evaluation come to all of its events, however busy the machine is."""
    monkeypatch.setattr(reacting, "ENOUGH_SECONDS", float("inf"))


@pytest.mark.parametrize("kind", ["sync", "async", "generator", "coroutine of a sync function"])
async def test_no_answer_changes_what_another_event_comes_to(kind: str) -> None:
    """E18 to E21: upstream, one answer decides for all events of a tick."""
    answers = iter(ANSWERS)

    def answer(context: RunFailureSensorContext) -> Any:
        context.log.info("looked at %s", context.run.job_name)
        one = next(answers)
        if isinstance(one, Exception):
            raise one
        return one

    async def answer_async(context: RunFailureSensorContext) -> Any:
        await asyncio.sleep(0)
        return answer(context)

    def generate(context: RunFailureSensorContext) -> Any:
        given = answer(context)
        yield from given if isinstance(given, list) else [given]

    functions: dict[str, Callable[..., Any]] = {
        "sync": answer, "async": answer_async, "generator": generate,
        "coroutine of a sync function": lambda context: answer_async(context),  # noqa: PLW0108  # not async itself
    }  # fmt: skip
    events = [an_event(position) for position in range(1, 10)]
    evaluation, told = await evaluated(functions[kind], *events)
    assert evaluation.error is None
    assert [one.outcome.value for one in evaluation.reactions] == OUTCOMES
    assert [one.position for one in evaluation.reactions] == list(range(1, 10))
    assert [one.requested for one in evaluation.reactions] == [0, 2, 0, 1, 0, 0, 0, 0, 0]
    assert [request.run_key for request in evaluation.run_requests] == ["a", "b", "c"]
    assert [one.error.message if one.error else None for one in evaluation.reactions][4] == "poison"
    assert "kept by the server" in str(evaluation.reactions[6].error)
    assert [one.lines for one in evaluation.reactions] == 9 * [1]
    assert told == list(evaluation.reactions[:-1])


async def test_what_follows_a_failed_event_of_the_same_key_waits() -> None:
    def answer(context: RunFailureSensorContext) -> None:
        if context.run.job_name == "bad":
            raise ValueError

    events = [an_event(1, "bad"), an_event(2, "good"), an_event(3, "bad"), an_event(4, "good")]
    evaluation, _ = await evaluated(answer, *events)
    assert [(one.position, one.outcome) for one in evaluation.reactions] == [
        (1, ReactionOutcome.FAILED), (2, ReactionOutcome.REACTED), (4, ReactionOutcome.REACTED)
    ]  # fmt: skip


async def test_what_it_does_not_come_to_soon_is_left_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reacting, "ENOUGH_SECONDS", 0.2)

    def slow(context: RunFailureSensorContext) -> None:
        time.sleep(0.15)

    evaluation, _ = await evaluated(slow, *(an_event(position) for position in range(1, 30)))
    # Not even the second, where the first took long enough.
    assert 1 <= len(evaluation.reactions) < 29
