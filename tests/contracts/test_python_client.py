"""`vedette.client` on a running server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

import seeds
from contracts.restarting import Restarting, restarting
from graphql_documents import World, seeded
from vedette.bus import Bus, topics
from vedette.client import Client
from vedette.client.errors import HistoryGone, Missing, MutationFailed, ServerUnreachable
from vedette.client.generated.enums import RunStatus, SensorStatus, TickStatus
from vedette.client.generated.input_types import ReportAssetEventInput, RunFilter
from vedette.domain.catalog import AssetSpec, JobSpec
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=5)


@pytest.fixture
async def server(database: Database, bus: Bus, settings: Settings) -> AsyncIterator[Restarting]:
    async with restarting(database, bus, settings) as server:
        yield server


@pytest.fixture
async def world(database: Database, bus: Bus) -> AsyncIterator[World]:
    async with seeded(database, bus) as world:
        yield world


@pytest.fixture
async def client(server: Restarting, world: World) -> AsyncIterator[Client]:
    async with Client(server.address) as client:
        yield client


async def test_a_service_starts_stops_and_evaluates_sensors(client: Client) -> None:
    assert (await client.start_sensor("inbox")).status is SensorStatus.RUNNING
    assert (await client.stop_sensor("shop/inbox", "full")).status is SensorStatus.STOPPED
    assert (await client.reset_sensor("inbox")).status is SensorStatus.STOPPED
    assert [sensor.name async for sensor in client.sensors()] == ["inbox"]
    changed = await client.set_cursor("inbox", "a", expected_version=0)
    assert (changed.cursor.value, changed.cursor.version) == ("a", 1)
    assert (await client.evaluate_sensor("inbox")).skip_reason == "nothing new"
    tick = await client.tick_sensor("inbox")
    assert tick.status is TickStatus.SKIPPED
    assert await client.tick(tick.id) == tick
    assert [one.id async for one in client.ticks()] == [tick.id]


async def test_what_is_refused_or_missing_is_raised_typed(client: Client) -> None:
    with pytest.raises(MutationFailed, match="version 0, not 7") as failed:
        await client.set_cursor("inbox", "a", expected_version=7)
    assert [(problem.kind, problem.path) for problem in failed.value.problems] == [
        ("CursorConflict", ("expectedVersion",))
    ]
    with pytest.raises(Missing, match="no sensor 'outbox'"):
        await client.start_sensor("outbox")


async def test_a_service_launches_repeats_and_cancels_runs(client: Client, world: World) -> None:
    run = await client.launch_run("process", {"size": 1}, tags={"team": "data"}, run_key="today")
    assert (run.status, run.run_config, run.run_key) == (RunStatus.QUEUED, {"size": 1}, "today")
    assert (await client.cancel_run(run.id)).status is RunStatus.CANCELED
    assert (await client.rerun(world.ended)).id != world.ended
    canceled = [one.id async for one in client.runs(RunFilter(status=[RunStatus.CANCELED]))]
    assert canceled == [run.id]


async def end(database: Database, bus: Bus, run_id: str) -> None:
    key = ids.decode_uuid("Run", run_id)
    await seeds.run_event(database, key, "RUN_SUCCESS", "SUCCESS")
    bus.knock(topics.run_events(key))


async def test_a_run_is_waited_for_across_a_restart(
    client: Client, server: Restarting, database: Database, bus: Bus, world: World
) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(client.wait_for_run(world.queued))
        async with aclosing(client.follow_run(world.queued)) as events:
            assert (await anext(events)).kind.value == "RUN_QUEUED"
            await server.stop()
            await end(database, bus, world.queued)
            await server.start()
            assert [event.kind.value async for event in events] == ["RUN_SUCCESS"]
    assert waiting.result().status is RunStatus.SUCCESS


async def test_ticks_are_followed_without_a_gap_across_a_restart(
    client: Client, server: Restarting, database: Database, bus: Bus, world: World
) -> None:
    sensor = ids.decode_uuid("Sensor", world.sensor)

    async def tick(number: int) -> None:
        await seeds.tick(database, sensor, number)
        bus.knock(topics.TICKS)

    seen: list[int] = []
    async with asyncio.timeout(30), aclosing(client.follow_ticks(after="0")) as changes:
        for number in (1, 2):
            await tick(number)
            seen.append((await anext(changes)).tick.number)
        await server.stop()
        await tick(3)
        await server.start()
        await tick(4)
        seen += [(await anext(changes)).tick.number, (await anext(changes)).tick.number]
    assert seen == [1, 2, 3, 4]


async def test_history_that_is_gone_is_said_with_where_to_go_on(
    client: Client, database: Database, world: World
) -> None:
    sensor = ids.decode_uuid("Sensor", world.sensor)
    for number in range(1, 4):
        await seeds.tick(database, sensor, number)
    await seeds.execute(database, "DELETE FROM tick_changes WHERE position <= 2")
    await seeds.execute(database, "UPDATE streams SET purged = 2 WHERE name = 'ticks'")
    with pytest.raises(HistoryGone) as gone:
        await anext(client.follow_ticks(after="0"))
    assert (await anext(client.follow_ticks(after=gone.value.position))).tick.number == 3


async def test_a_mutation_waits_for_a_server_that_comes_back(client: Client, server: Restarting, world: World) -> None:
    await server.stop()
    canceled, _ = await asyncio.gather(client.cancel_run(world.queued), server.start())
    assert canceled.status is RunStatus.CANCELED


async def test_a_server_that_is_not_there_is_said_so(server: Restarting) -> None:
    await server.stop()
    async with Client(server.address, patience_seconds=0) as client:
        with pytest.raises(ServerUnreachable, match="No Vedette server answers"):
            await client.sensor("inbox")
    await server.start()


async def test_a_service_materializes_reports_and_follows_assets(
    client: Client, world: World, database: Database
) -> None:
    await seeds.job(database, JobSpec(name="__ASSET_JOB"))
    spec = AssetSpec(("raw", "orders"), op_name="raw__orders", jobs=("__ASSET_JOB",))
    await seeds.assets(database, [spec])
    run = await client.materialize(["raw/orders"], tags={"team": "data"})
    assert run.job_name == "__ASSET_JOB"
    told = await client.report_asset_event(
        ReportAssetEventInput(asset_key=["raw", "orders"], metadata={"rows": 3}, partition_key="p")
    )
    assert (told.typename__, told.metadata) == ("Materialization", {"rows": 3})
    asset = await client.asset("raw/orders")
    assert asset.latest_materialization is not None
    assert asset.latest_materialization.partition_key == "p"
    assert ["raw", "orders"] in [one.key async for one in client.assets()]
    async with aclosing(client.follow_asset_events(after=str(int(told.position) - 1))) as changes:
        first = await anext(changes)
    assert first == (told.position, told)
    with pytest.raises(Missing, match="no asset 'none'"):
        await client.asset("none")
    with pytest.raises(MutationFailed, match="does not exist"):
        await client.materialize([["none"]])
