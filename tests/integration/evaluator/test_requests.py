"""Evaluations asked for by mutation: previews record nothing, ticks are real, both wait for their turn."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from integration.evaluator.stage import NOTHING_NEW, Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.bus.topics import EVALUATIONS
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction, RequestedRun
from vedette.storage.database import Database
from vedette.storage.ticks import evaluation_requests
from vedette.storage.ticks.evaluation_requests import AskedEvaluation, RequestKind, RequestState

SPEC = SensorSpec("asked", minimum_interval_seconds=30.0)


async def asks(instruction: EvaluationInstruction) -> Evaluation:
    return Evaluation((RequestedRun("load", run_key="k"),), cursor_set=True, cursor=f"{instruction.cursor}+")


async def ask(
    database: Database, bus: Bus, sensor_id: UUID, kind: RequestKind, cursor: str | None = None, use: bool = True
) -> UUID:
    async with database.writing() as connection:
        request_id = await evaluation_requests.ask(connection, sensor_id, kind, cursor, use)
    bus.knock(EVALUATIONS)
    return request_id


async def answered(database: Database, request_id: UUID) -> AskedEvaluation:
    async def settled() -> AskedEvaluation | None:
        async with database.reading() as connection:
            asked = await evaluation_requests.read(connection, request_id)
        assert asked is not None
        return None if asked.state in (None, RequestState.TAKEN) else asked

    found = await until(settled)
    assert found is not None
    return found


async def test_a_preview_answers_and_records_nothing(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    await stage.set_cursor(sensor_id, "now")
    location = stage.location(SPEC)
    location.code["asked"] = asks
    async with evaluating(database, bus, location):
        current = await answered(database, await ask(database, bus, sensor_id, RequestKind.PREVIEW))
        given = await answered(database, await ask(database, bus, sensor_id, RequestKind.PREVIEW, "then", False))
        none = await answered(database, await ask(database, bus, sensor_id, RequestKind.PREVIEW, None, False))
    assert current.answer is not None
    assert (current.state, current.tick_id, current.cursor_version) == (RequestState.DONE, None, 1)
    assert (current.answer.cursor_before, current.answer.cursor_version) == ("now", 1)
    assert current.answer.evaluation == Evaluation((RequestedRun("load", run_key="k"),), cursor_set=True, cursor="now+")
    assert given.answer is not None
    assert (given.answer.cursor_before, given.answer.evaluation.cursor) == ("then", "then+")
    assert none.answer is not None
    assert none.answer.evaluation.cursor == "None+"
    assert await stage.ticks(sensor_id) == []
    assert await stage.rows("SELECT id FROM runs") == []
    assert (await stage.sensor(sensor_id))["cursor"] == "now"


async def test_a_preview_is_told_when_to_believe_that_the_last_tick_ended(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    location = stage.location(SPEC)
    told: list[datetime | None] = []

    async def note(instruction: EvaluationInstruction) -> Evaluation:
        told.append(instruction.last_finished_at)
        return NOTHING_NEW

    location.code["asked"] = note
    then = datetime(2026, 1, 1, tzinfo=UTC)
    async with evaluating(database, bus, location):
        for since in (None, then):
            async with database.writing() as connection:
                asked = await evaluation_requests.ask(connection, sensor_id, RequestKind.PREVIEW, None, True, since)
            bus.knock(EVALUATIONS)
            await answered(database, asked)
    assert told == [None, then]


async def test_a_tick_by_hand_of_a_stopped_sensor_is_a_real_one(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    location = stage.location(SPEC)
    location.code["asked"] = asks
    async with evaluating(database, bus, location):
        asked = await answered(database, await ask(database, bus, sensor_id, RequestKind.TICK))
    [tick] = await stage.ticks(sensor_id)
    assert (asked.state, asked.tick_id) == (RequestState.DONE, tick["id"])
    assert (tick["status"], tick["cause"], tick["launched_count"]) == ("SUCCESS", "MANUAL", 1)
    sensor = await stage.sensor(sensor_id)
    assert (sensor["cursor"], sensor["next_tick_at"]) == ("None+", None)


async def test_a_long_tick_by_hand_is_answered_as_soon_as_it_shows(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    location = stage.location(SPEC)
    go_on = asyncio.Event()

    async def waits(instruction: EvaluationInstruction) -> Evaluation:
        await go_on.wait()
        return NOTHING_NEW

    location.code["asked"] = waits

    async def ended() -> bool:
        return bool((await stage.row("SELECT status FROM ticks"))["status"] == "SKIPPED")

    async with evaluating(database, bus, location):
        asked = await answered(database, await ask(database, bus, sensor_id, RequestKind.TICK))
        [tick] = await stage.ticks(sensor_id)
        assert (asked.tick_id, tick["status"]) == (tick["id"], "STARTED")
        go_on.set()
        await until(ended)


async def test_a_request_waits_for_the_evaluation_in_flight_and_then_has_its_turn(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC)
    location = stage.location(SPEC)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def waits(instruction: EvaluationInstruction) -> Evaluation:
        begun.set()
        await go_on.wait()
        return NOTHING_NEW

    location.code["asked"] = waits

    async def taken() -> bool:
        return len(await stage.rows("SELECT id FROM evaluation_requests WHERE state = 'TAKEN'")) == 2

    async with evaluating(database, bus, location):
        await begun.wait()
        first = await ask(database, bus, sensor_id, RequestKind.TICK)
        second = await ask(database, bus, sensor_id, RequestKind.PREVIEW)
        await until(taken)
        go_on.set()
        assert (await answered(database, first)).tick_id is not None
        assert (await answered(database, second)).answer is not None
    assert [tick["cause"] for tick in await stage.ticks(sensor_id)] == ["INTERVAL", "MANUAL"]
    assert location.at_once == 1
    assert len(location.calls["asked"]) == 3


async def test_a_request_that_finds_no_turn_in_time_is_told_busy(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC)
    location = stage.location(SPEC)
    begun = asyncio.Event()

    async def hangs(instruction: EvaluationInstruction) -> Evaluation:
        begun.set()
        await asyncio.Event().wait()
        return NOTHING_NEW

    location.code["asked"] = hangs
    async with evaluating(database, bus, location, settings(evaluation_wait_seconds=0.3)):
        await begun.wait()
        asked = await answered(database, await ask(database, bus, sensor_id, RequestKind.TICK))
    assert (asked.state, asked.tick_id) == (RequestState.BUSY, None)


async def test_a_withdrawn_request_is_never_evaluated_and_a_taken_one_cannot_be_withdrawn(
    database: Database, bus: Bus
) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    request_id = await ask(database, bus, sensor_id, RequestKind.TICK)
    async with database.writing() as connection:
        assert await evaluation_requests.withdraw(connection, request_id)
        assert not await evaluation_requests.withdraw(connection, request_id)
    location = stage.location(SPEC)
    async with evaluating(database, bus, location):
        later = await ask(database, bus, sensor_id, RequestKind.TICK)
        await answered(database, later)
        async with database.writing() as connection:
            assert not await evaluation_requests.withdraw(connection, later)
    assert len(location.calls["asked"]) == 1


async def test_a_request_for_code_that_is_not_loaded_here_waits(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    location = stage.location(SPEC)
    catalog, location.catalog = location.catalog, None
    async with evaluating(database, bus, location):
        request_id = await ask(database, bus, sensor_id, RequestKind.TICK)
        await asyncio.sleep(0.3)
        async with database.reading() as connection:
            asked = await evaluation_requests.read(connection, request_id)
        assert asked is not None
        assert asked.state is None
        location.catalog = catalog
        bus.knock(EVALUATIONS)
        assert (await answered(database, request_id)).tick_id is not None


async def test_requests_are_deleted_once_the_keys_of_their_mutations_are(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    [sensor_id] = await stage.add(SPEC, status=SensorStatus.STOPPED)
    old, young = [await ask(database, bus, sensor_id, RequestKind.TICK) for _ in range(2)]
    await stage.execute("UPDATE evaluation_requests SET asked_at = now() - interval '26 hours' WHERE id = :id", id=old)

    async def gone() -> bool:
        async with database.reading() as connection:
            return await evaluation_requests.read(connection, old) is None

    async with evaluating(database, bus, stage.location(SPEC)):
        await until(gone)
        assert (await answered(database, young)).tick_id is not None
