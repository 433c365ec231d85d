import asyncio
import itertools
from typing import Any

import pytest

import seeds
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.ids import new_id
from vedette.graphql import ids
from vedette.settings import Settings
from vedette.storage.database import Database

TICKS = """
subscription($after: StreamPosition, $filter: TickFilter) { ticks(after: $after, filter: $filter) {
  __typename
  ... on TickChanged { position tick { number status finishedAt launchedCount sensor { name } } }
  ... on StreamGap { position message }
} }
"""
RUNS = """
subscription($after: StreamPosition, $filter: RunFilter) { runs(after: $after, filter: $filter) {
  ... on RunChanged { position run { id status finishedAt } } } }
"""
SENSORS = """
subscription($after: StreamPosition, $filter: SensorFilter) { sensors(after: $after, filter: $filter) {
  ... on SensorChanged { position sensor { name status } } } }
"""
EVENTS = """
subscription($id: ID!, $after: StreamPosition) { runEvents(runId: $id, after: $after) {
  ... on RunEventAdded { position event { position kind message } } } }
"""


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only knocks are in time."""
    return Settings(poll_seconds=600)


async def seeded(database: Database) -> Any:
    await seeds.code_location(database)
    return await seeds.sensor(database, default_status=SensorStatus.RUNNING)


def told(items: list[Any]) -> list[tuple[int, int, str]]:
    return [
        (int(item["ticks"]["position"]), item["ticks"]["tick"]["number"], item["ticks"]["tick"]["status"])
        for item in items
    ]


async def test_without_a_position_it_begins_now(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    await seeds.tick(database, sensor, 1)
    async with api.subscribe(TICKS) as subscription, asyncio.TaskGroup() as tasks:
        await eventually(lambda: is_listened_to(bus, topics.TICKS))

        async def tick_on() -> None:
            for number in itertools.count(2):
                await seeds.tick(database, sensor, number)
                bus.knock(topics.TICKS)

        ticking = tasks.create_task(tick_on())
        item, following = await subscription.take(2)
        ticking.cancel()
    assert item["ticks"]["tick"]["number"] >= 2
    assert following["ticks"]["tick"]["number"] == item["ticks"]["tick"]["number"] + 1
    assert item["ticks"]["tick"]["sensor"] == {"name": "inbox"}


async def test_it_resumes_with_nothing_missed_and_nothing_twice(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    for number in range(1, 151):
        await seeds.tick(database, sensor, number)
    async with api.subscribe(TICKS, after="0") as one, api.subscribe(TICKS, after="0") as cut:
        complete = await one.take(150)
        resumed = await cut.take(70)
        await cut.socket.close()
        await seeds.tick(database, sensor, 151)
        bus.knock(topics.TICKS)
        complete += await one.take(1)
    async with api.subscribe(TICKS, after=resumed[-1]["ticks"]["position"]) as again:
        resumed += await again.take(81)
    assert told(resumed) == told(complete) == [(number, number, "SKIPPED") for number in range(1, 152)]


async def test_a_tick_that_started_is_shown_as_it_was_then(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    tick = await seeds.tick(database, sensor, 1, "STARTED")
    await seeds.end_tick(database, tick, "SUCCESS")
    async with api.subscribe(TICKS, after="0") as subscription:
        started, ended = (item["ticks"]["tick"] for item in await subscription.take(2))
    assert (started["status"], started["finishedAt"], started["launchedCount"]) == ("STARTED", None, 0)
    assert (ended["status"], ended["launchedCount"]) == ("SUCCESS", 1)
    assert ended["finishedAt"] is not None


async def test_only_what_passes_the_filter_is_told(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    [other] = await seeds.sensors(database, [SensorSpec(name="outbox")])
    tick = await seeds.tick(database, sensor, 1, "STARTED")
    await seeds.end_tick(database, tick, "SUCCESS")
    await seeds.tick(database, other, 1, "FAILURE")
    await seeds.tick(database, sensor, 2, "FAILURE")
    for wanted, positions in (
        ({"sensorId": ids.encode("Sensor", sensor)}, [1, 2, 4]),
        ({"sensorName": "outbox"}, [3]),
        ({"status": ["STARTED"]}, [1]),
        ({"status": ["FAILURE"]}, [3, 4]),
        ({"hasRuns": True}, [2]),
        ({"hasRuns": False}, [1, 3, 4]),
        ({"sensorName": "outbox", "status": ["FAILURE"], "since": "2026-01-01T00:00:00Z"}, [3]),
    ):
        async with api.subscribe(TICKS, after="0", filter=wanted) as subscription:
            items = await subscription.take(len(positions))
        assert [int(item["ticks"]["position"]) for item in items] == positions


async def test_purged_history_is_told_as_a_gap(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    for number in range(1, 6):
        await seeds.tick(database, sensor, number)
    await seeds.execute(database, "DELETE FROM tick_changes WHERE position <= 3")
    await seeds.execute(database, "UPDATE streams SET purged = 3 WHERE name = 'ticks'")
    async with api.subscribe(TICKS, after="1") as subscription:
        gap, *rest = await subscription.take(3)
    assert gap["ticks"]["__typename"] == "StreamGap"
    assert gap["ticks"]["position"] == "3"
    assert told(rest) == [(4, 4, "SKIPPED"), (5, 5, "SKIPPED")]
    async with api.subscribe(TICKS, after="3") as subscription:
        assert told(await subscription.take(1)) == [(4, 4, "SKIPPED")]


async def test_a_position_that_is_not_there_is_told_as_a_gap(api: Api, database: Database) -> None:
    """It should not be. Where it is, the client must hear of it."""
    sensor = await seeded(database)
    for number in range(1, 6):
        await seeds.tick(database, sensor, number)
    await seeds.execute(database, "DELETE FROM tick_changes WHERE position IN (1, 4)")
    async with api.subscribe(TICKS, after="0") as subscription:
        items = [item["ticks"] for item in await subscription.take(5)]
    assert [(item["__typename"], item["position"]) for item in items] == [
        ("StreamGap", "1"),
        ("TickChanged", "2"),
        ("TickChanged", "3"),
        ("StreamGap", "4"),
        ("TickChanged", "5"),
    ]


async def test_a_wrong_position_is_refused(api: Api) -> None:
    for after in ("99", "-1", "x", "9" * 30):
        async with api.subscribe(TICKS, after=after) as subscription:
            message = await subscription.receive()
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        assert [error["extensions"]["code"] for error in errors] == ["BAD_POSITION"]


async def test_what_a_stream_could_not_do_is_masked(api: Api, database: Database) -> None:
    await seeds.tick(database, await seeded(database), 1)
    await seeds.execute(database, "ALTER TABLE ticks RENAME COLUMN cursor_before TO secret")
    async with api.subscribe(TICKS, after="0") as subscription:
        message = await subscription.receive()
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["INTERNAL"]
    assert "SELECT" not in errors[0]["message"]


async def test_runs_are_told_as_they_change(api: Api, database: Database, bus: Bus) -> None:
    run = await seeds.run(database, 1)
    await seeds.run(database, 2, job_name="other")
    await seeds.run_event(database, run, "RUN_STARTED", "STARTED")
    await seeds.execute(database, "UPDATE runs SET status = 'SUCCESS', finished_at = now()")
    async with api.subscribe(RUNS, after="0", filter={"jobName": "process"}) as subscription:
        items = [item["runs"] for item in await subscription.take(2)]
        await seeds.run_event(database, run, "RUN_SUCCESS", "SUCCESS")
        bus.knock(topics.RUNS)
        items.append((await subscription.next())["runs"])
    assert [(item["position"], item["run"]["status"]) for item in items] == [
        ("1", "QUEUED"), ("3", "STARTED"), ("4", "SUCCESS")
    ]  # fmt: skip
    assert [item["run"]["finishedAt"] is None for item in items] == [True, True, False]


async def test_a_sensor_that_changed_is_told_as_it_is_now(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    stop = "mutation($id: ID!) { stopSensor(input: {sensorId: $id}) { errors { message } } }"
    start = stop.replace("stop", "start")
    async with api.subscribe(SENSORS, after="0", filter={"status": "STOPPED"}) as subscription:
        for mutation in (stop, start, stop):
            await api.query(mutation, id=ids.encode("Sensor", sensor))
        items = [(await subscription.next())["sensors"]]
        while items[-1]["position"] != "3":
            items.append((await subscription.next())["sensors"])
    assert {item["sensor"]["status"] for item in items} == {"STOPPED"}


async def test_events_of_a_run_end_with_it(api: Api, database: Database, bus: Bus) -> None:
    run = await seeds.run(database, 1)
    async with api.subscribe(EVENTS, id=ids.encode("Run", run)) as subscription:
        items = await subscription.take(1)
        for number in range(250):
            await seeds.run_event(database, run, "LOG", message=str(number), level="INFO", logger="x")
        bus.knock(topics.run_events(run))
        items += await subscription.take(250)
        await seeds.run_event(database, run, "RUN_SUCCESS", "SUCCESS")
        bus.knock(topics.run_events(run))
        items += await subscription.take(1)
        assert await subscription.next() is None
    events = [item["runEvents"]["event"] for item in items]
    assert [int(event["position"]) for event in events] == [*range(1, 253)]
    assert [event["message"] for event in events[1:-1]] == [str(number) for number in range(250)]
    async with api.subscribe(EVENTS, id=ids.encode("Run", run), after="251") as subscription:
        assert (await subscription.next())["runEvents"]["event"]["kind"] == "RUN_SUCCESS"
        assert await subscription.next() is None


async def test_events_of_no_run_are_an_error(api: Api) -> None:
    async with api.subscribe(EVENTS, id=ids.encode("Run", new_id())) as subscription:
        message = await subscription.receive()
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert errors[0]["extensions"]["code"] == "NOT_FOUND"


async def test_clients_that_drop_leave_nothing_behind(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    for number in range(1, 301):
        await seeds.tick(database, sensor, number)
    before = len(asyncio.all_tasks())

    async def drop(after: str | None) -> None:
        async with api.connect(open_timeout=30, close_timeout=0.1) as socket:
            subscription = Subscription(socket)
            await subscription.start(TICKS, after=after)
            if after is not None:
                await subscription.take(3)
            socket.transport.abort()

    for _ in range(5):
        # Some wait for news, some are in the midst of a page.
        await asyncio.gather(*(drop(None if number % 2 else "0") for number in range(20)))
    await eventually(lambda: not is_listened_to(bus) and len(asyncio.all_tasks()) <= before)
    # Every connection is back: all of the pool can be taken at once.
    assert database._engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # QueuePool has it


async def test_a_subscription_that_is_completed_by_its_client_is_forgotten(api: Api, bus: Bus) -> None:
    async with api.subscribe(TICKS) as subscription:
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        await subscription.send({"id": "1", "type": "complete"})
        await eventually(lambda: not is_listened_to(bus))
        await subscription.send({"id": "1", "type": "subscribe", "payload": {"query": "{ codeLocations { id } }"}})
        assert await subscription.next() == {"codeLocations": []}


LINES = """
subscription($id: ID!, $after: StreamPosition) { tickLogs(tickId: $id, after: $after) {
  ... on TickLogAdded { position record { level message } } } }
"""


async def test_the_lines_of_a_tick_come_while_it_goes_on_and_end_with_it(
    api: Api, database: Database, bus: Bus
) -> None:
    tick = await seeds.tick(database, await seeded(database), 1, "STARTED")

    async def say(*messages: str) -> None:
        statement = """INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
            SELECT :tick, 1 + (SELECT count(*) FROM tick_logs), 'STARTED', now(), 'INFO', 'user', :message"""
        for message in messages:
            await seeds.execute(database, statement, tick=tick, message=message)
        bus.knock(topics.tick_logs(tick))

    def heard(items: list[Any]) -> list[tuple[str, str]]:
        return [(item["tickLogs"]["position"], item["tickLogs"]["record"]["message"]) for item in items]

    await say("a", "b")
    key = ids.encode("Tick", tick)
    async with api.subscribe(LINES, id=key) as first, api.subscribe(LINES, id=key, after="1") as later:
        assert heard(await first.take(2)) == [("1", "a"), ("2", "b")]
        assert heard(await later.take(1)) == [("2", "b")]
        await say("c")
        assert heard(await first.take(1)) == heard(await later.take(1)) == [("3", "c")]
        await seeds.end_tick(database, tick, "SUCCESS")
        bus.knock(topics.tick_logs(tick))
        assert await first.next() is None
        assert await later.next() is None
