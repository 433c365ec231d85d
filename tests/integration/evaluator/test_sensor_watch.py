"""Sensors that watch sensors: one that fails or recovers wakes them, and they are told what is wrong."""

from integration.evaluator.stage import NOTHING_NEW, FakeLocation, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.domain.catalog import SensorSpec
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.storage.database import Database

WATCH = SensorSpec("watch", watches_sensors=True, minimum_interval_seconds=3600.0)
FLAKY = SensorSpec("flaky", minimum_interval_seconds=0.1)
FAILED = Evaluation(error=ErrorInfo("ValueError", "oh"))


class Told:
    """What the watching sensor was told, evaluation by evaluation."""

    def __init__(self, location: FakeLocation) -> None:
        self.all: list[list[str]] = []
        location.code["watch"] = self._evaluate

    async def _evaluate(self, instruction: EvaluationInstruction) -> Evaluation:
        self.all.append([f"{one.name}: {one.error}" for one in instruction.troubles])
        return NOTHING_NEW

    async def is_trouble(self) -> bool:
        return bool(self.all) and self.all[-1] == ["here/flaky: ValueError: oh"]

    async def is_paused(self) -> bool:
        return bool(self.all) and self.all[-1] == ["here/flaky: None"]

    async def is_nothing(self) -> bool:
        return bool(self.all) and self.all[-1] == []


async def fails(_: EvaluationInstruction) -> Evaluation:
    return FAILED


async def works(_: EvaluationInstruction) -> Evaluation:
    return NOTHING_NEW


async def test_a_sensor_that_fails_or_recovers_wakes_those_that_watch(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    location = stage.location(WATCH, FLAKY)
    told = Told(location)
    watch_id, _ = await stage.add(WATCH, FLAKY)
    async with evaluating(database, bus, location):
        await until(told.is_nothing)
        location.code["flaky"] = fails
        await until(told.is_trouble)
        location.code["flaky"] = works
        await until(told.is_nothing)
    causes = [tick["cause"] for tick in await stage.ticks(watch_id)]
    assert causes[1:] == ["EVENT"] * len(causes[1:])


async def test_what_went_wrong_while_nobody_evaluated_is_told_at_once(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    location = stage.location(WATCH, FLAKY)
    told = Told(location)
    _, flaky_id = await stage.add(WATCH, FLAKY)
    async with evaluating(database, bus, location, settings(poll_seconds=0.3)):
        await until(told.is_nothing)
    await stage.stop(flaky_id)
    await stage.changed(
        flaky_id,
        "status_source = 'FAILURE_POLICY', status_note = 'Paused.', consecutive_failures = 50",
    )
    async with evaluating(database, bus, location, settings(poll_seconds=0.3)):
        await until(told.is_paused)
