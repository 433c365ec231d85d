"""What no commit announces is pushed all the same: lateness in the stream of sensors, repeats as their pulse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import pytest

import seeds
from serving import Api, Subscription, serving
from vedette.bus import Bus
from vedette.domain.access import Role
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.graphql import ids
from vedette.graphql.streams.passing_time import LOOK_SECONDS
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.sensors.passing_time import tell_late

SENSORS = """
subscription($after: StreamPosition, $filter: SensorFilter) { sensors(after: $after, filter: $filter) {
  ... on SensorChanged { position sensor { name condition { kind message } } } } }
"""
PULSES = """
subscription($ids: [ID!]!) { pulses(sensorIds: $ids) {
  sensor { name nextTickAt condition { kind } lastTick { number repeats lastRepeatAt } } } }
"""
INSTANCE = "subscription { instance { queuedRuns workers { role } codeLocations { name } } }"
RUNNING = SensorStatus.RUNNING


@pytest.fixture
def settings() -> Settings:
    """Polling so seldom that only what is looked for is in time."""
    return Settings(poll_seconds=600)


async def seeded(database: Database, *names: str, location: str = "shop") -> list[UUID]:
    await seeds.code_location(database, location)
    specs = [SensorSpec(name=name, default_status=RUNNING) for name in names]
    return await seeds.sensors(database, specs, location)


async def due(database: Database, sensor: UUID, seconds: float) -> None:
    """Have a sensor due in so many seconds, and tell nobody."""
    moment = f"now() + interval '{seconds} seconds'"
    await seeds.execute(database, f"UPDATE sensors SET next_tick_at = {moment} WHERE id = :id", id=sensor)


async def repeat(database: Database, sensor: UUID) -> None:
    """Fold one more tick into the last, as recording does: no row is added, nobody is told."""
    fold = "UPDATE ticks SET repeats = repeats + 1, last_repeat_at = now() FROM sensors WHERE ticks.id = last_tick_id"
    await seeds.execute(database, f"{fold} AND sensors.id = :id", id=sensor)
    at = "last_tick_at = now(), next_tick_at = now() + interval '1 minute'"
    await seeds.execute(database, f"UPDATE sensors SET {at} WHERE id = :id", id=sensor)


async def standing(told: Subscription) -> tuple[str, str]:
    found = (await told.next())["sensors"]["sensor"]
    return found["name"], found["condition"]["kind"]


async def pulse(told: Subscription) -> tuple[str, int]:
    found = (await told.next())["pulses"]["sensor"]
    return found["name"], found["lastTick"]["repeats"]


async def test_a_sensor_that_becomes_late_is_told_and_again_when_it_is_no_more(api: Api, database: Database) -> None:
    late, other = await seeded(database, "late", "other")
    async with api.subscribe(SENSORS, after="0") as told, api.subscribe(SENSORS, filter={"nameContains": "o"}) as some:
        await due(database, late, -4.8)
        assert await standing(told) == ("late", "OVERDUE")
        await due(database, late, 60)
        assert await standing(told) == ("late", "WAITING")
        await due(database, other, -6)
        assert await standing(told) == await standing(some) == ("other", "OVERDUE")
    # It is in the stream for whoever resumes, each change once.
    assert await seeds.execute(database, "SELECT position, sensor_id FROM sensor_changes ORDER BY position") == [
        (1, late), (2, late), (3, other)
    ]  # fmt: skip


async def test_that_its_evaluator_died_is_told_while_it_is_late(api: Api, database: Database) -> None:
    [sensor] = await seeded(database, "late")
    worker = "INSERT INTO workers (id, role, host, pid, lock_key, code_locations) "
    worker += "VALUES (:id, 'EVALUATE', 'here', 1, 1, '{shop}')"
    await seeds.execute(database, worker, id=sensor)
    held = "INSERT INTO leases (name, holder, epoch, expires_at) VALUES ('sensors/0', :id, 1, now() + interval '1 day')"
    await seeds.execute(database, held, id=sensor)
    async with api.subscribe(SENSORS, after="0") as told:
        await due(database, sensor, -6)
        busy = (await told.next())["sensors"]["sensor"]["condition"]["message"]
        await seeds.execute(database, "UPDATE leases SET expires_at = now()")
        alone = (await told.next())["sensors"]["sensor"]["condition"]["message"]
    assert "its evaluator is alive but late" in busy
    assert "no evaluator is alive" in alone


async def test_a_change_is_told_once_however_many_servers_look(database: Database) -> None:
    sensors = await seeded(database, *(f"s{number}" for number in range(50)))
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '1 minute'")
    told = await asyncio.gather(*(tell_late(database) for _ in range(4)))
    told.append(await tell_late(database))
    assert sum(told) == 50
    rows = await seeds.execute(database, "SELECT sensor_id FROM sensor_changes")
    assert sorted(row[0] for row in rows) == sorted(sensors)


async def test_nothing_is_told_of_those_that_are_not_to_be_evaluated(database: Database) -> None:
    await seeded(database, "stopped", "unloaded")
    await seeds.execute(database, "UPDATE sensors SET next_tick_at = now() - interval '1 minute'")
    await seeds.execute(database, "UPDATE sensors SET status = 'STOPPED' WHERE name = 'stopped'")
    await seeds.execute(database, "UPDATE sensors SET loaded = false WHERE name = 'unloaded'")
    assert await tell_late(database) == 0


async def test_a_repeat_is_told_and_no_row_is_added_for_it(api: Api, database: Database) -> None:
    [sensor] = await seeded(database, "quiet")
    await seeds.tick(database, sensor, 1)
    async with api.subscribe(PULSES, ids=[ids.encode("Sensor", sensor)]) as told:
        assert await pulse(told) == ("quiet", 0)
        await repeat(database, sensor)
        assert await pulse(told) == ("quiet", 1)
        # Looks that find nothing tell nothing.
        await asyncio.sleep(2 * LOOK_SECONDS)
        await repeat(database, sensor)
        await repeat(database, sensor)
        assert (await pulse(told))[1] in {2, 3}
    [(ticks, changes)] = await seeds.execute(
        database, "SELECT (SELECT count(*) FROM tick_changes), (SELECT count(*) FROM sensor_changes)"
    )
    assert (ticks, changes) == (1, 0)


async def test_followers_share_what_is_read_and_each_begins_with_how_all_stand(api: Api, database: Database) -> None:
    one, other = await seeded(database, "one", "other")
    for sensor in (one, other):
        await seeds.tick(database, sensor, 1)
    wanted = [ids.encode("Sensor", sensor) for sensor in (one, other, one)]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(api.subscribe(PULSES, ids=wanted)) for _ in range(3)]
        for client in clients:
            assert {await pulse(client) for _ in range(2)} == {("one", 0), ("other", 0)}
        await repeat(database, other)
        assert [await pulse(client) for client in clients] == [("other", 1)] * 3
        late = await stack.enter_async_context(api.subscribe(PULSES, ids=wanted))
        assert {await pulse(late) for _ in range(2)} == {("one", 0), ("other", 1)}
        await repeat(database, one)
        assert [await pulse(client) for client in (*clients, late)] == [("one", 1)] * 4


async def test_more_sensors_than_a_page_has_are_refused(api: Api, database: Database) -> None:
    [sensor] = await seeded(database, "one")
    async with api.subscribe(PULSES, ids=[ids.encode("Sensor", sensor)] * 101) as told:
        message = await told.receive()
    [error] = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert (error["extensions"]["code"], error["extensions"]["limit"]) == ("LIMIT_EXCEEDED", "max_page_size")


async def test_the_instance_is_told_at_once_and_again(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    async with api.subscribe(INSTANCE) as one, api.subscribe(INSTANCE) as other:
        for told in (one, other):
            first = (await told.next())["instance"]
            assert (first["queuedRuns"], first["codeLocations"]) == (0, [{"name": "shop"}])
        await seeds.run(database, 1)
        for told in (one, other):
            while (await told.next())["instance"]["queuedRuns"] == 0:
                pass


async def test_nothing_is_looked_for_while_nobody_follows(api: Api, database: Database) -> None:
    [sensor] = await seeded(database, "late")
    async with api.subscribe(SENSORS, after="0") as told:
        await due(database, sensor, -6)
        assert await standing(told) == ("late", "OVERDUE")
    await due(database, sensor, 60)
    await asyncio.sleep(2 * LOOK_SECONDS)
    assert await seeds.execute(database, "SELECT told_late IS NULL FROM sensors") == [(False,)]
    # Whoever resumes is told what has become of it.
    async with api.subscribe(SENSORS, after="1") as told:
        assert await standing(told) == ("late", "WAITING")


@asynccontextmanager
async def guarded(database: Database, bus: Bus) -> AsyncIterator[Api]:
    async with serving(database, bus, Settings(poll_seconds=600, authentication="tokens")) as api:
        yield api


async def test_a_scoped_token_sees_the_pulse_and_lateness_of_its_own(database: Database, bus: Bus) -> None:
    [mine] = await seeded(database, "mine", location="mine")
    [theirs] = await seeded(database, "theirs", location="theirs")
    for sensor in (mine, theirs):
        await seeds.tick(database, sensor, 1)
    await seeds.token(database, "confined", Role.VIEWER, ("mine",))
    wanted = [ids.encode("Sensor", sensor) for sensor in (theirs, mine)]
    async with guarded(database, bus) as api:
        confined = api.shown("vdt_confined")
        async with confined.subscribe(PULSES, ids=wanted) as told, confined.subscribe(SENSORS, after="0") as changed:
            assert await pulse(told) == ("mine", 0)
            for sensor in (theirs, mine):
                await repeat(database, sensor)
            assert await pulse(told) == ("mine", 1)
            for sensor in (theirs, mine):
                await due(database, sensor, -6)
            assert await standing(changed) == ("mine", "OVERDUE")


async def test_a_revoked_token_ends_its_pulse(database: Database, bus: Bus) -> None:
    [sensor] = await seeded(database, "one")
    await seeds.token(database, "boss", Role.ADMIN)
    gone = ids.encode("ApiToken", await seeds.token(database, "gone"))
    revoke = "mutation($input: RevokeTokenInput!) { revokeToken(input: $input) { errors { __typename } } }"
    async with (
        guarded(database, bus) as api,
        api.shown("vdt_gone").subscribe(PULSES, ids=[ids.encode("Sensor", sensor)]) as cut,
    ):
        await cut.next()
        await api.shown("vdt_boss").query(revoke, input={"tokenId": gone})
        async with asyncio.timeout(5):
            await cut.socket.wait_closed()
        assert cut.socket.close_code == 4403


async def test_a_database_that_is_away_is_no_end(api: Api, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    [sensor] = await seeded(database, "late")
    async with api.subscribe(SENSORS, after="0") as told:
        await seeds.execute(database, "ALTER TABLE sensors RENAME COLUMN told_late TO away")
        await due(database, sensor, -6)
        await asyncio.sleep(2 * LOOK_SECONDS)
        await seeds.execute(database, "ALTER TABLE sensors RENAME COLUMN away TO told_late")
        assert await standing(told) == ("late", "OVERDUE")
