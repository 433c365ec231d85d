"""Sensors that react to runs: every one that concerns them, in order, exactly once, each by itself."""

from uuid import UUID

from integration.evaluator.runs import (
    become,
    materialize,
    outcomes,
    reacting,
    reactions,
    run_of,
    watching,
    watching_assets,
)
from integration.evaluator.stage import Stage, evaluating, settings, until
from vedette.bus import Bus
from vedette.domain.ids import new_id
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import RequestedRun
from vedette.storage import outbox
from vedette.storage.database import Database


async def begun(stage: Stage, sensor_id: UUID) -> bool:
    return (await stage.sensor(sensor_id))["cursor"] is not None


async def test_every_run_that_concerns_it_is_handled_in_order_and_once(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms")
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)
    seen: list[UUID] = []

    async def react(event: SensorEvent) -> None:
        seen.append(run_of(event).id)

    location.code["alarms"] = reacting(react)
    before = await become(stage, bus, "load")
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        expected = []
        for _ in range(5):
            expected += await become(stage, bus, "load", "other", "load")
            await become(stage, bus, "load", status=RunStatus.SUCCESS)
            await become(stage, bus, "load", location="elsewhere")
        await until(lambda: _handled(stage, sensor_id, len(expected)))
    assert seen == expected
    assert outcomes(await reactions(stage, sensor_id)) == [(run_id, "REACTED") for run_id in expected]
    assert before[0] not in seen
    first, *ticks = await stage.ticks(sensor_id)
    assert (first["status"], first["skip_reason"]) == ("SKIPPED", "It reacts to what happens from now on.")
    assert all(tick["status"] == "SUCCESS" and tick["cause"] == "EVENT" for tick in ticks if tick["reaction_count"])
    assert sum(tick["reaction_count"] for tick in ticks) == len(expected)


async def _handled(stage: Stage, sensor_id: UUID, count: int) -> bool:
    return len(await reactions(stage, sensor_id)) >= count


async def test_a_lost_knock_is_made_up_for(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms", minimum_interval_seconds=3600.0)
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def react(event: SensorEvent) -> None: ...

    location.code["alarms"] = reacting(react)
    async with evaluating(database, bus, location, settings(poll_seconds=0.3)):
        await until(lambda: begun(stage, sensor_id))
        missed = await become(stage, bus, "load", knocks=False)
        await until(lambda: _handled(stage, sensor_id, 1))
    assert outcomes(await reactions(stage, sensor_id)) == [(missed[0], "REACTED")]


async def test_a_poison_run_is_tried_again_then_passed_and_holds_up_its_job_alone(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms", attempts=2)
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)
    calls: list[tuple[UUID, int]] = []
    loads: dict[UUID, None] = {}

    async def react(event: SensorEvent) -> Exception | None:
        calls.append((run_of(event).id, event.attempt))
        if run_of(event).job_name == "load":
            loads[run_of(event).id] = None
        return ValueError() if list(loads)[1:2] == [run_of(event).id] else None

    location.code["alarms"] = reacting(react)
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        first, bad, behind, other = await become(stage, bus, "load", "load", "load", "other")
        await until(lambda: _handled(stage, sensor_id, 5))
    assert calls == [(first, 1), (bad, 1), (other, 1), (bad, 2), (behind, 1)]
    assert outcomes(await reactions(stage, sensor_id)) == [
        (first, "REACTED"), (bad, "FAILED"), (other, "REACTED"), (bad, "GIVEN_UP"), (behind, "REACTED")
    ]  # fmt: skip
    failures = [tick for tick in await stage.ticks(sensor_id) if tick["status"] == "FAILURE"]
    assert all("poison" in str(tick["error"]) for tick in failures)
    assert len(failures) == 2


async def test_requests_of_an_event_are_launched_with_the_step_past_it(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("again", "load")
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def react(event: SensorEvent) -> tuple[Reaction, RequestedRun]:
        return Reaction(event.position, ReactionOutcome.REQUESTED, requested=1), RequestedRun(
            "load", str(run_of(event).id)
        )

    location.code["again"] = reacting(react)
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        ids = await become(stage, bus, "load", "load", "other", "load")
        await until(lambda: _handled(stage, sensor_id, 3))
    keys = [
        row["run_key"]
        for row in await stage.rows("SELECT run_key FROM runs WHERE sensor_id = :id ORDER BY id", id=sensor_id)
    ]
    assert keys == [str(ids[0]), str(ids[1]), str(ids[3])]


async def test_what_happens_while_it_is_stopped_is_handled_once_it_is_started(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms")
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def react(event: SensorEvent) -> None: ...

    location.code["alarms"] = reacting(react)
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        await stage.stop(sensor_id)
        bus.knock("edits", "sensors")
        missed = await become(stage, bus, "load", "load")
        await stage.start(sensor_id)
        bus.knock("edits", "sensors")
        await until(lambda: _handled(stage, sensor_id, 2))
    assert outcomes(await reactions(stage, sensor_id)) == [(run_id, "REACTED") for run_id in missed]


async def test_a_cursor_set_back_shows_it_again_what_came_since(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms")
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)
    seen: list[UUID] = []

    async def react(event: SensorEvent) -> None:
        seen.append(run_of(event).id)

    location.code["alarms"] = reacting(react)
    async with evaluating(database, bus, location, settings()):
        await until(lambda: begun(stage, sensor_id))
        ids = await become(stage, bus, "load", "load")
        await until(lambda: _handled(stage, sensor_id, 2))
        await stage.set_cursor(sensor_id, '{"position":1}')
        bus.knock("edits", "sensors")
        await until(lambda: _handled(stage, sensor_id, 3))
    assert seen == [*ids, ids[1]]


async def test_a_run_that_is_gone_is_passed(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching("alarms")
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)

    async def react(event: SensorEvent) -> None: ...

    location.code["alarms"] = reacting(react)
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        async with stage.database.writing() as connection:
            await outbox.add_runs(connection, [(new_id(), "FAILURE")])
            await outbox.forward(connection)
        ids = await become(stage, bus, "load")
        await until(lambda: _handled(stage, sensor_id, 1))
    assert outcomes(await reactions(stage, sensor_id)) == [(ids[0], "REACTED")]


async def test_every_materialization_of_its_asset_is_handled_in_order_and_once(database: Database, bus: Bus) -> None:
    stage = Stage(database)
    spec = watching_assets("loads", ("lake", "orders"))
    [sensor_id] = await stage.add(spec)
    location = stage.location(spec)
    seen: list[str | None] = []

    async def react(event: SensorEvent) -> Exception | None:
        assert event.asset is not None
        partition = event.asset.event.partition_key
        seen.append(partition)
        return ValueError() if partition == "b" and event.attempt == 1 else None

    location.code["loads"] = reacting(react)
    await materialize(stage, bus, ("lake", "orders"), "before")
    async with evaluating(database, bus, location):
        await until(lambda: begun(stage, sensor_id))
        for partition in "abc":
            await materialize(stage, bus, ("lake", "other"), "not its own")
            await materialize(stage, bus, ("lake", "orders"), partition)
        await until(lambda: _handled(stage, sensor_id, 4))
    assert seen[0] == "a"
    rows = await reactions(stage, sensor_id)
    assert [row["outcome"] for row in rows] == ["REACTED", "FAILED", "REACTED", "REACTED"]
    assert {row["asset_key"] for row in rows} == {"lake/orders"}
    assert [partition for partition in seen if partition] == ["a", "b", "b", "c"]
