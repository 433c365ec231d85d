"""Evaluations that are sent to a host together: each is answered when it ends, whatever the others do."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

from integration.hosts.projects import Project
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError

PROJECT = """
from pathlib import Path

@sensor()
def quick():
    return SkipReason("quick")

@sensor()
async def quick_async():
    return SkipReason("quick")

@sensor()
def waits():
    while not Path(__file__).with_name("go").exists():
        time.sleep(0.01)
    return SkipReason("waited")
"""


async def test_what_has_ended_is_answered_while_others_of_its_batch_go_on(project: Project, tmp_path: Path) -> None:
    project.write(PROJECT)
    names = ["quick", "waits", "quick_async", "quick", "waits", "quick"] * 10
    instructions = [EvaluationInstruction(uuid4(), name, 60.0) for name in names]
    answers: dict[UUID, Evaluation | VedetteError] = {}
    quick_ended, all_ended = asyncio.Event(), asyncio.Event()

    def settle(tick_id: UUID, answer: Evaluation | VedetteError) -> None:
        assert tick_id not in answers
        answers[tick_id] = answer
        if len(answers) == 40:
            quick_ended.set()
        if len(answers) == 60:
            all_ended.set()

    async with project.served() as location, asyncio.timeout(60):
        location.begin(instructions, settle)
        await quick_ended.wait()
        # Nothing that waits can have ended: the file is not there.
        reasons = {answer.skip_reason for answer in answers.values() if isinstance(answer, Evaluation)}
        assert reasons == {"quick"}
        (tmp_path / "go").touch()
        await all_ended.wait()
    assert answers.keys() == {instruction.tick_id for instruction in instructions}


async def test_what_is_given_up_is_not_answered(project: Project, tmp_path: Path) -> None:
    project.write(PROJECT)
    given_up, kept = (EvaluationInstruction(uuid4(), "waits", 60.0) for _ in range(2))
    answered: list[UUID] = []
    ended = asyncio.Event()

    def settle(tick_id: UUID, answer: Evaluation | VedetteError) -> None:
        answered.append(tick_id)
        ended.set()

    async with project.served() as location, asyncio.timeout(60):
        location.begin([given_up, kept], settle)
        location.give_up([given_up.tick_id])
        (tmp_path / "go").touch()
        await ended.wait()
        # Evaluated after both, in the same host: whatever they have answered is here.
        await location.evaluate(EvaluationInstruction(uuid4(), "quick", 60.0))
    assert answered == [kept.tick_id]
