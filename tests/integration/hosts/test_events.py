"""Sensors that react to events, in real hosts: an event that kills its host is that event's failure, no other's."""

import uuid
from datetime import UTC, datetime

import pytest

from integration.hosts.projects import Project
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.reactions import ReactionOutcome, SensorEvent
from vedette.domain.runs import Run, RunStatus
from vedette.domain.ticks import EvaluationInstruction

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = """
@op
def nothing(): ...

@job
def report():
    nothing()

@run_failure_sensor(request_job=report)
{kind}def alarm(context):
    print(context.run.job_name)
    if context.run.job_name == "job_3":
        {poison}
    return RunRequest(run_key=context.run.job_name)
"""
POISONS = {
    "exits": ("os._exit(3)", "ProcessDied"),
    "segfaults": ("ctypes.string_at(0)", "ProcessDied"),
    "hangs": ("time.sleep(60)", "longer than its timeout of 1 s"),
}


def an_event(position: int) -> SensorEvent:
    run = Run(uuid.uuid4(), "project", f"job_{position}", RunStatus.FAILURE, NOW)
    happened = RunEvent(NOW, RunEventKind.RUN_FAILURE)
    return SensorEvent(position, run.job_name, 1, NOW, run, RunStatus.FAILURE, happened)


@pytest.mark.parametrize("kind", ["", "async "])
@pytest.mark.parametrize("case", POISONS)
async def test_events_before_a_poisonous_one_are_handled_and_it_is_blamed(
    project: Project, kind: str, case: str
) -> None:
    poison, words = POISONS[case]
    project.write(PROJECT.format(kind=kind, poison=poison))
    async with project.served() as location:
        events = tuple(an_event(position) for position in range(1, 6))
        instruction = EvaluationInstruction(uuid.uuid4(), "alarm", 1.0, events=events)
        evaluation = await location.evaluate(instruction)
        assert words in str(evaluation.error)
        assert [one.position for one in evaluation.reactions] == [1, 2]
        assert {one.outcome for one in evaluation.reactions} == {ReactionOutcome.REQUESTED}
        assert [request.run_key for request in evaluation.run_requests] == ["job_1", "job_2"]
        assert [line.message for line in evaluation.logs] == ["job_1", "job_2", "job_3"]

        rest = EvaluationInstruction(uuid.uuid4(), "alarm", 1.0, events=events[3:])
        evaluation = await location.evaluate(rest)
        assert (evaluation.error, [one.position for one in evaluation.reactions]) == (None, [4, 5])
