"""The audit log: every mutation stands in it, with who, from where, what, before, after and result, for good."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

import seeds
from graphql_documents import INPUTS, MUTATIONS, effects, seeded
from serving import Api, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.access import Role
from vedette.graphql import ids
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database

ENTRY = "position at actor address mutation result subjectId subjectKind codeLocation input before after"
LOG = f"""
query($filter: AuditFilter, $first: Int, $after: String) {{ auditLog(filter: $filter, first: $first, after: $after) {{
  edges {{ node {{ {ENTRY} }} }} pageInfo {{ hasNextPage endCursor }} }} }}
"""
FOLLOW = f"""
subscription($filter: AuditFilter, $after: StreamPosition) {{ auditLog(filter: $filter, after: $after) {{
  __typename ... on AuditEntryAdded {{ position entry {{ {ENTRY} }} }} }} }}
"""


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=1, authentication="tokens")


@pytest.fixture
async def boss(api: Api, database: Database) -> Api:
    await seeds.token(database, "boss", Role.ADMIN)
    return api.shown("vdt_boss")


async def log(api: Api, **wanted: Any) -> list[Any]:
    """Return entries, the oldest first."""
    return [edge["node"] for edge in (await api.query(LOG, filter=wanted))["auditLog"]["edges"]][::-1]


async def act(api: Api, name: str, given: Any) -> Any:
    return (await api.query(MUTATIONS[name], input=given))[name]


async def test_every_mutation_stands_in_it(boss: Api, database: Database, bus: Bus) -> None:
    assert schema._schema.mutation_type is not None
    names = list(schema._schema.mutation_type.fields)
    async with seeded(database, bus) as world:
        for name in names:
            assert (await act(boss, name, INPUTS[name](world)))["errors"] == [], name
            [*_, entry] = await log(boss)
            assert (entry["mutation"], entry["result"]) == (name, "DONE")
            assert (entry["actor"], entry["address"]) == ("boss", "127.0.0.1")
            for key, value in INPUTS[name](world).items():
                assert entry["input"][key] == value, name
    found = await log(boss)
    assert [entry["mutation"] for entry in found] == names
    assert [int(entry["position"]) for entry in found] == list(range(1, len(names) + 1))


async def test_before_and_after_tell_what_was_changed(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        await act(boss, "startSensor", {"sensorId": world.sensor})
        await act(boss, "setSensorCursor", {"sensorId": world.sensor, "cursor": "here"})
        launched = (await act(boss, "launchRun", {"jobName": "process", "runConfig": {"a": 1}}))["run"]["id"]
        await act(boss, "cancelRun", {"runId": launched})
    started, edited, made, canceled = await log(boss)
    assert (started["before"]["status"], started["after"]["status"]) == ("STOPPED", "RUNNING")
    assert (started["subjectId"], started["codeLocation"]) == (world.sensor, "shop")
    assert (edited["before"]["cursor"], edited["after"]["cursor"]) == (None, "here")
    assert (edited["before"]["cursorVersion"], edited["after"]["cursorVersion"]) == (0, 1)
    assert (made["before"], made["after"]["status"], made["subjectId"]) == (None, "QUEUED", launched)
    assert made["input"]["runConfig"] == {"a": 1}
    assert (canceled["before"]["status"], canceled["after"]["status"]) == ("QUEUED", "CANCELED")


async def test_what_came_to_nothing_is_told_with_the_reason(api: Api, boss: Api, database: Database, bus: Bus) -> None:
    await seeds.token(database, "guest")
    async with seeded(database, bus, working=False) as world:
        await act(boss, "setSensorCursor", {"sensorId": world.sensor, "cursor": "a", "expectedVersion": 7})
        await boss.answer(MUTATIONS["startSensor"], input={"sensorId": "nothing"})
        await api.shown("vdt_guest").answer(MUTATIONS["startSensor"], input={"sensorId": world.sensor})
        await act(boss, "tickSensor", {"sensorId": world.sensor})
        keyed = {"sensorId": world.sensor, "idempotencyKey": "k"}
        await act(boss, "startSensor", keyed)
        await act(boss, "startSensor", keyed)
    found = [(entry["actor"], entry["mutation"], entry["result"], entry["after"]) for entry in await log(boss)]
    assert [one[:3] for one in found] == [
        ("boss", "setSensorCursor", "CursorConflict"),
        ("boss", "startSensor", "BAD_ID"),
        ("guest", "startSensor", "FORBIDDEN"),
        ("boss", "tickSensor", "DONE"),
        ("boss", "tickSensor", "EvaluatorUnavailable"),
        ("boss", "startSensor", "DONE"),
        ("boss", "startSensor", "REPEATED"),
    ]
    assert [one[3] for one in found[:3]] == [None, None, None]
    entries = await log(boss)
    assert "idempotencyKey" not in entries[-1]["input"]


async def test_an_effect_that_is_rolled_back_leaves_no_entry_that_says_it_was_done(
    boss: Api, database: Database, bus: Bus
) -> None:
    async with seeded(database, bus) as world:
        # The log cannot be written: then nothing happens.
        await seeds.execute(
            database, "ALTER TABLE outbox ADD CONSTRAINT full_disk CHECK (entry ->> 'result' <> 'DONE')"
        )
        answer = await boss.answer(MUTATIONS["startSensor"], input={"sensorId": world.sensor})
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert [tuple(row) for row in await seeds.execute(database, "SELECT status FROM sensors")] == [("STOPPED",)]
        assert [entry["result"] for entry in await log(boss)] == ["INTERNAL"]


async def test_no_mutation_has_an_effect_that_is_not_told(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        before = await effects(database)
        # Neither the log nor what is on its way there can be written.
        for table, result in (("outbox", "entry ->> 'result'"), ("audit_log", "result")):
            await seeds.execute(database, f"ALTER TABLE {table} ADD CONSTRAINT full_disk CHECK ({result} <> 'DONE')")
        for name, text in MUTATIONS.items():
            answer = await boss.answer(text, input=INPUTS[name](world))
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"], name
            assert await effects(database) == before, name
    # That it failed is told, as it has no effect that could be undone.
    assert [(entry["mutation"], entry["result"]) for entry in await log(boss)] == [
        (name, "INTERNAL") for name in MUTATIONS
    ]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_nobody_takes_back_what_stands_in_it(boss: Api, database: Database, bus: Bus, statement: str) -> None:
    async with seeded(database, bus) as world:
        await act(boss, "startSensor", {"sensorId": world.sensor})
    with pytest.raises(DBAPIError, match="append-only"):
        await seeds.execute(database, statement)
    assert len(await log(boss)) == 1


async def test_it_is_filtered_and_paged(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        for name in ("startSensor", "stopSensor", "startSensor", "stopSensor", "addDynamicPartition"):
            await act(boss, name, INPUTS[name](world))
    assert len(await log(boss, mutation="startSensor")) == 2
    assert len(await log(boss, codeLocation="shop")) == 4
    assert len(await log(boss, actor="boss", result="DONE")) == 5
    assert await log(boss, actor="nobody") == []
    entries = await log(boss)
    assert [entry["position"] for entry in await log(boss, since=entries[2]["at"])] == ["3", "4", "5"]
    assert [entry["position"] for entry in await log(boss, until=entries[2]["at"])] == ["1", "2"]
    first = (await boss.query(LOG, first=2))["auditLog"]
    second = (await boss.query(LOG, first=2, after=first["pageInfo"]["endCursor"]))["auditLog"]
    assert [edge["node"]["position"] for edge in [*first["edges"], *second["edges"]]] == ["5", "4", "3", "2"]


async def test_it_is_followed_live_and_resumed(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        async with boss.subscribe(FOLLOW, filter={"mutation": "stopSensor"}) as subscription, asyncio.TaskGroup():
            await eventually(lambda: is_listened_to(bus, topics.AUDIT))
            await act(boss, "startSensor", {"sensorId": world.sensor})
            await act(boss, "stopSensor", {"sensorId": world.sensor, "note": "full"})
            told = (await subscription.next())["auditLog"]
        assert (told["position"], told["entry"]["input"]["note"]) == ("2", "full")
        async with boss.subscribe(FOLLOW, after="0") as subscription:
            assert [item["auditLog"]["position"] for item in await subscription.take(2)] == ["1", "2"]


async def test_many_at_once_leave_no_gap(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        names = ["startSensor", "stopSensor", "setSensorCursor", "launchRun", "evaluateSensor"] * 6
        given = {
            **{name: {"sensorId": world.sensor} for name in names},
            "launchRun": {"jobName": "process"},
            "setSensorCursor": {"sensorId": world.sensor, "cursor": "a"},
        }
        await asyncio.gather(*(act(boss, name, given[name]) for name in names))
    found = [int(entry["position"]) for entry in await _all(boss)]
    # An evaluation that found no turn in time has a second entry, which says so.
    assert len(found) >= len(names)
    assert found == list(range(1, len(found) + 1))


async def _all(api: Api) -> list[Any]:
    answer = await api.query(LOG, first=100)
    return [edge["node"] for edge in answer["auditLog"]["edges"]][::-1]


async def test_what_is_long_is_cut(boss: Api, database: Database, bus: Bus) -> None:
    async with seeded(database, bus) as world:
        await act(boss, "setSensorCursor", {"sensorId": world.sensor, "cursor": "a" * 5000})
    [entry] = await log(boss)
    assert len(entry["input"]["cursor"]) == 1001
    assert len(entry["after"]["cursor"]) == 1000


async def test_a_token_that_is_made_is_told_without_its_secret(boss: Api, database: Database) -> None:
    text = "mutation($input: CreateTokenInput!) { createToken(input: $input) { secret } }"
    secret = (await boss.query(text, input={"name": "new", "role": "VIEWER"}))["createToken"]["secret"]
    [entry] = await log(boss)
    assert secret not in str(entry)
    assert (entry["after"]["name"], entry["after"]["role"]) == ("new", "VIEWER")


async def test_entries_are_found_by_what_they_are_about_and_by_their_place(
    boss: Api, database: Database, bus: Bus
) -> None:
    async with seeded(database, bus) as world:
        for name in ("stopSensor", "startSensor", "launchRun"):
            await act(boss, name, INPUTS[name](world))
        sensor = INPUTS["stopSensor"](world)["sensorId"]
        found = await log(boss, subjectId=sensor)
        assert [entry["mutation"] for entry in found] == ["stopSensor", "startSensor"]
        assert {entry["subjectKind"] for entry in found} == {"Sensor"}
        assert await log(boss, position=found[0]["position"]) == found[:1]
        assert await log(boss, position=found[0]["position"], subjectId=ids.encode("Sensor", ids.NOTHING)) == []
        assert await boss.code(LOG, filter={"subjectId": "nothing"}) == "BAD_ID"
