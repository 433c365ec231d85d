"""What goes wrong in the background is told, and duties go on."""

import asyncio
import logging

import pytest

from vedette import duties
from vedette.telemetry import metrics


def faults() -> float:
    [family] = metrics.FAULTS.collect()
    return family.samples[0].value


async def test_a_duty_that_fails_is_told_with_its_stack_and_begun_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duties, "PAUSE_SECONDS", 0)
    before = faults()
    rounds: list[int] = []

    async def work() -> None:
        rounds.append(len(rounds))
        if len(rounds) < 3:
            raise ZeroDivisionError(f"round {len(rounds)}")

    await duties.endure("Counting", work)
    assert rounds == [0, 1, 2]
    assert faults() == before + 2
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in told] == [
        "Counting failed, which is a fault of Vedette: please report it."
    ] * 2
    assert all(record.exc_info and isinstance(record.exc_info[1], ZeroDivisionError) for record in told)


async def test_a_duty_can_be_ended() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(duties.endure("Waiting", work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_fails_is_told_and_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    tasks: set[asyncio.Task[None]] = set()

    async def work() -> None:
        raise ZeroDivisionError

    task = duties.begin(work(), "answer", tasks)
    assert tasks == {task}
    await asyncio.wait([task])
    assert not tasks
    assert "answer failed, which is a fault of Vedette" in caplog.text
