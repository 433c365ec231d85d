"""Sensors whose sources can be waited for: they are due when a wait is over, and no evaluation does the waiting."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from integration.evaluator.stage import FakeLocation, Stage, evaluating, until
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorSpec
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import WaitFailed
from vedette.storage.database import Database

SPEC = SensorSpec("feed", waits=True, minimum_interval_seconds=3600.0)


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


def is_so(condition: Callable[[], Any]) -> Callable[[], Any]:
    async def ask() -> bool:
        return bool(condition())

    return ask


def waits_with(location: FakeLocation, cursor: str) -> Callable[[], Any]:
    return is_so(lambda: location.waits[-1:] == [("feed", cursor)])


async def test_a_wait_that_is_over_makes_the_sensor_due_and_the_next_has_its_new_cursor(
    stage: Stage, database: Database, bus: Bus
) -> None:
    location = stage.location(SPEC)

    async def moves_on(instruction: EvaluationInstruction) -> Evaluation:
        seen = str(int(instruction.cursor or 0) + 1)
        return Evaluation(skip_reason=f"Seen {seen}.", cursor_set=True, cursor=seen)

    location.code["feed"] = moves_on
    [sensor_id] = await stage.add(SPEC)
    async with evaluating(database, bus, location):
        await until(waits_with(location, "1"))
        for count in (2, 3, 4):
            location.woken["feed"].put_nowait(None)
            await until(waits_with(location, str(count)))
        assert location.waiting["feed"] == 1
        ticks = await stage.ticks(sensor_id)
        assert [tick["cause"] for tick in ticks][-3:] == ["EVENT"] * 3
        assert location.at_once == 1


async def test_a_source_that_only_says_so_is_not_asked_again_and_again(
    stage: Stage, database: Database, bus: Bus
) -> None:
    location = stage.location(SPEC)
    await stage.add(SPEC)
    async with evaluating(database, bus, location):
        await until(is_so(lambda: location.waits))
        for _ in range(1000):
            location.woken["feed"].put_nowait(None)
        await until(is_so(lambda: len(location.waits) >= 4))
        # By then the pauses were 0, 0.1 and 0.2 s; without them it would be hundreds.
        await asyncio.sleep(0.3)
        assert len(location.waits) <= 7


async def test_a_wait_that_fails_is_told_once_and_comes_again(
    stage: Stage, database: Database, bus: Bus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.evaluator.source_watch.FIRST_RETRY_SECONDS", 0.01)
    location = stage.location(SPEC)
    await stage.add(SPEC)
    with caplog.at_level(logging.WARNING):
        async with evaluating(database, bus, location):
            for _ in range(3):
                location.woken["feed"].put_nowait(WaitFailed("ConnectionError: nobody is there"))
            await until(is_so(lambda: len(location.waits) == 4))
            calls = len(location.calls["feed"])
            location.woken["feed"].put_nowait(None)
            await until(is_so(lambda: len(location.calls["feed"]) > calls))
    told = [record.getMessage() for record in caplog.records if "cannot be waited for" in record.getMessage()]
    assert len(told) == 1
    assert "nobody is there" in told[0]


async def test_nobody_waits_for_a_stopped_sensor_and_an_edited_cursor_is_waited_for_anew(
    stage: Stage, database: Database, bus: Bus
) -> None:
    location = stage.location(SPEC)
    [sensor_id] = await stage.add(SPEC)
    async with evaluating(database, bus, location):
        await until(is_so(lambda: location.waiting["feed"] == 1))
        await stage.set_cursor(sensor_id, "edited")
        bus.knock(topics.SENSORS, topics.EDITS)
        await until(is_so(lambda: location.waits[-1] == ("feed", "edited") and location.waiting["feed"] == 1))
        await stage.stop(sensor_id)
        bus.knock(topics.SENSORS, topics.EDITS)
        await until(is_so(lambda: location.waiting["feed"] == 0))
