"""Sensors that watch several assets: a materialization wakes them, and they are told how all of them stand."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from integration.evaluator.runs import materialize
from integration.evaluator.stage import FakeLocation, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.domain.assets import AssetEvent, AssetEventKind
from vedette.domain.catalog import SensorKind, SensorSpec
from vedette.domain.ids import new_id
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.domain.watched_assets import AssetCursor, cursor_name, cursor_text
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.database import Database

A, B = ("a",), ("b",)


def watching(kind: SensorKind = SensorKind.MULTI_ASSET) -> SensorSpec:
    return SensorSpec("both", kind, watched_assets=(A, B), job_names=("load",), minimum_interval_seconds=3600.0)


async def consumes(instruction: EvaluationInstruction) -> Evaluation:
    """Ask for a run once both are there, and consume them, as authors do."""
    newest = [asset.new[-1] if asset.new else None for asset in instruction.watched]
    told = " ".join(str(len(asset.new)) for asset in instruction.watched)
    if any(one is None for one in newest):
        return Evaluation(skip_reason=f"Waiting: {told}.")
    cursor = {
        cursor_name(asset.key): AssetCursor(None, one.position)
        for asset, one in zip(instruction.watched, newest, strict=True)
        if one is not None
    }
    return Evaluation(run_requests=(RequestedRun("load"),), cursor_set=True, cursor=cursor_text(cursor))


@pytest.fixture
def stage(database: Database) -> Stage:
    return Stage(database)


def ended(stage: Stage, sensor_id: UUID, reason: str | None) -> Callable[[], Awaitable[bool]]:
    """Ask whether the last tick is a skip for that reason, or a success."""

    async def ask() -> bool:
        tick = await stage.last_tick(sensor_id)
        return tick is not None and tick["status"] != "STARTED" and tick["skip_reason"] == reason

    return ask


async def begun(stage: Stage, spec: SensorSpec) -> tuple[UUID, FakeLocation]:
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)
    location.code[spec.name] = consumes
    return sensor_id, location


async def test_a_materialization_wakes_it_and_all_new_ones_are_told_together(
    stage: Stage, database: Database, bus: Bus
) -> None:
    sensor_id, location = await begun(stage, watching())
    async with evaluating(database, bus, location):
        await until(ended(stage, sensor_id, "Waiting: 0 0."))
        await materialize(stage, bus, A)
        await until(ended(stage, sensor_id, "Waiting: 1 0."))
        await materialize(stage, bus, ("other",))
        await materialize(stage, bus, A)
        await until(ended(stage, sensor_id, "Waiting: 2 0."))
        await materialize(stage, bus, B)
        await until(ended(stage, sensor_id, None))
        assert len(await stage.rows("SELECT id FROM runs WHERE sensor_id = :id", id=sensor_id)) == 1
        assert (await stage.sensor(sensor_id))[
            "cursor"
        ] == """{"AssetKey(['a'])":[null,3,{}],"AssetKey(['b'])":[null,4,{}]}"""
        await materialize(stage, bus, B)
        await until(ended(stage, sensor_id, "Waiting: 0 1."))
    causes = [tick["cause"] for tick in await stage.ticks(sensor_id)]
    assert causes[1:] == ["EVENT"] * (len(causes) - 1)


async def test_a_lost_knock_is_made_up_for(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id, location = await begun(stage, watching())
    async with evaluating(database, bus, location, settings(poll_seconds=0.3)):
        await until(ended(stage, sensor_id, "Waiting: 0 0."))
        async with database.writing() as connection:
            event = AssetEvent(AssetEventKind.MATERIALIZATION, A)
            await asset_events.append(connection, [ToldEvent(new_id(), 0, event)])
        await until(ended(stage, sensor_id, "Waiting: 1 0."))


async def test_what_happened_while_nobody_evaluated_is_seen_at_once(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id, location = await begun(stage, watching())
    async with evaluating(database, bus, location):
        await until(ended(stage, sensor_id, "Waiting: 0 0."))
    await materialize(stage, bus, A)
    async with evaluating(database, bus, location):
        await until(ended(stage, sensor_id, "Waiting: 1 0."))


async def test_what_comes_during_an_evaluation_makes_it_due_again(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id, location = await begun(stage, watching())

    came: list[bool] = []

    async def meanwhile(instruction: EvaluationInstruction) -> Evaluation:
        if instruction.watched[0].new and not came:
            came.append(True)
            await materialize(stage, bus, B)
        return await consumes(instruction)

    async with evaluating(database, bus, location):
        await until(ended(stage, sensor_id, "Waiting: 0 0."))
        location.code["both"] = meanwhile
        await materialize(stage, bus, A)
        await until(ended(stage, sensor_id, None))
    assert came
    assert len(await stage.rows("SELECT id FROM runs WHERE sensor_id = :id", id=sensor_id)) == 1


async def test_a_freshness_sensor_is_told_the_newest_of_each(stage: Stage, database: Database, bus: Bus) -> None:
    sensor_id, location = await begun(stage, watching(SensorKind.FRESHNESS))

    async def tells(instruction: EvaluationInstruction) -> Evaluation:
        newest = [asset.newest.position if asset.newest else None for asset in instruction.watched]
        made = [asset.partitions for asset in instruction.watched]
        return Evaluation(skip_reason=f"{newest} {made}")

    location.code["both"] = tells
    async with evaluating(database, bus, location):
        await until(ended(stage, sensor_id, "[None, None] [(), ()]"))
        await materialize(stage, bus, A)
        await materialize(stage, bus, B, "p")
        await until(ended(stage, sensor_id, "[1, 2] [(), ('p',)]"))
        async with database.writing() as connection:
            event = AssetEvent(AssetEventKind.OBSERVATION, A)
            await asset_events.append(connection, [ToldEvent(new_id(), 0, event)])
        await materialize(stage, bus, B, "q")
        await until(ended(stage, sensor_id, "[3, 4] [(), ('p', 'q')]"))
