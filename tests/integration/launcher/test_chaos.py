"""Launchers that come, go and freeze, runs that crash and are cancelled: the queue stays sound, nothing runs twice."""

import asyncio
import random
from collections import Counter

import pytest

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine, dying, failing, log
from vedette.domain.logs import ErrorInfo

JOBS = ("succeeds", "fails", "crashes", "is killed", "refused", "dies early", "is not prepared", "lasts")


def scripts(gate: asyncio.Event) -> dict[str, Script]:
    return {
        "succeeds": Script(events=(log("a"), log("b"))),
        "fails": Script(ends=failing(ErrorInfo("E", "failed"))),
        "crashes": Script(ends=dying(code=1)),
        "is killed": Script(ends=dying(signal=9)),
        "refused": Script(refusal=ErrorInfo("InvalidConfig", "refused")),
        "dies early": Script(dies_early=dying(code=2)),
        "is not prepared": Script(unprepared_times=1),
        "lasts": Script(gate=gate, events=(log("x"),)),
    }


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_every_change_is_legal_and_every_attempt_runs_once(queue: Queue, seed: int) -> None:
    dice = random.Random(seed)
    gate = asyncio.Event()
    engines = [ScriptedEngine(scripts(gate)) for _ in range(3)]
    ids = []
    for _ in range(40):
        ids += await queue.add(dice.choice(JOBS), on_interrupted=dice.choice(["fail", "retry"]))
    async with launching(queue, engines[0]):
        for _ in range(4):
            async with launching(queue, engines[dice.choice([1, 2])], QUICK.model_copy(update={"slots": 6})):
                for _ in range(5):
                    await asyncio.sleep(dice.random() * 0.05)
                    await disturb(queue, dice)
        gate.set()
        await queue.until_finished(40)
    begun = Counter(entry for engine in engines for entry in engine.begun)
    assert max(begun.values()) == 1, "an attempt ran twice"


async def disturb(queue: Queue, dice: random.Random) -> None:
    """Cancel some run, or let a claim run out as if its launcher had been frozen."""
    [row] = await queue.execute("SELECT id FROM runs ORDER BY random() LIMIT 1")
    if dice.random() < 0.5:
        await queue.execute(
            "UPDATE runs SET cancel_asked_at = now() WHERE id = :id AND status IN ('STARTING', 'STARTED')", id=row.id
        )
    else:
        await queue.execute("UPDATE runs SET claimed_until = now() - interval '1 s' WHERE status = 'STARTED'")
