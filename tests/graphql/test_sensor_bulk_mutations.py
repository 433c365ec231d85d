"""Many sensors changed by one mutation: all that exist, together; each told apart, and in the audit log."""

from typing import Any
from uuid import UUID

import seeds
from serving import Api
from statements import counted_statements
from vedette.domain.catalog import SensorSpec, SensorStatus
from vedette.domain.ids import new_id
from vedette.graphql import ids
from vedette.storage.database import Database

CHANGE = """mutation($input: %s!) { %s(input: $input) {
  results { sensorId status error { __typename message } } errors { __typename message path } } }"""
LOG = "{ auditLog { edges { node { mutation result subjectId input before after } } } }"


async def change(api: Api, name: str, keys: list[UUID], **more: Any) -> Any:
    kind = f"{name[0].upper()}{name[1:]}Input"
    given = {"sensorIds": [ids.encode("Sensor", key) for key in keys], **more}
    return (await api.query(CHANGE % (kind, name), input=given))[name]


async def seeded(database: Database, count: int) -> list[UUID]:
    await seeds.code_location(database)
    specs = [SensorSpec(name=f"s{n:04}", default_status=SensorStatus.RUNNING) for n in range(count)]
    return await seeds.sensors(database, specs)


async def statuses(database: Database) -> list[tuple[str, str, str | None]]:
    rows = await seeds.execute(database, "SELECT status, status_source, status_note FROM sensors ORDER BY name")
    return [tuple(row) for row in rows]


async def test_many_are_changed_by_as_many_statements_as_one(api: Api, database: Database) -> None:
    keys = await seeded(database, 400)
    with counted_statements() as for_one:
        await change(api, "stopSensors", keys[:1])
    with counted_statements() as for_all:
        payload = await change(api, "stopSensors", keys, note="night")
    assert len(for_all) == len(for_one) < 12
    assert {each["status"] for each in payload["results"]} == {"STOPPED"}
    assert [ids.decode_uuid("Sensor", each["sensorId"]) for each in payload["results"]] == keys
    assert await statuses(database) == [("STOPPED", "USER", "night")] * 400
    await change(api, "startSensors", keys[:200])
    assert await statuses(database) == [("RUNNING", "USER", None)] * 200 + [("STOPPED", "USER", "night")] * 200
    payload = await change(api, "resetSensors", keys)
    assert {each["status"] for each in payload["results"]} == {"RUNNING"}
    assert await statuses(database) == [("RUNNING", "CODE", None)] * 400


async def test_what_is_gone_is_told_and_hinders_nothing(api: Api, database: Database) -> None:
    [one, two] = await seeded(database, 2)
    gone = new_id()
    payload = await change(api, "stopSensors", [one, gone, two, one])
    assert payload["errors"] == []
    assert [each["status"] for each in payload["results"]] == ["STOPPED", None, "STOPPED", "STOPPED"]
    assert payload["results"][1]["error"]["__typename"] == "NotFound"
    entries = [edge["node"] for edge in (await api.query(LOG))["auditLog"]["edges"]][::-1]
    told = [(each["subjectId"], each["result"], each["input"]["sensorIds"]) for each in entries]
    named = [ids.encode("Sensor", key) for key in (one, gone, two)]
    assert told == [(key, result, [key]) for key, result in zip(named, ("DONE", "NotFound", "DONE"), strict=True)]
    assert (entries[0]["before"]["status"], entries[0]["after"]["status"]) == ("RUNNING", "STOPPED")
    assert entries[1]["after"] is None
    payload = await change(api, "stopSensors", [gone])
    assert [each["__typename"] for each in payload["errors"]] == ["NotFound"]


async def test_their_number_has_a_limit_and_costs(api: Api, database: Database) -> None:
    await seeded(database, 1)
    for keys in ([], [new_id()] * 1001):
        [error] = (await change(api, "startSensors", keys))["errors"]
        assert (error["__typename"], error["path"]) == ("InvalidInput", ["sensorIds"])
        assert "Between 1 and 1000 sensors" in error["message"]
    named = [ids.encode("Sensor", new_id()) for _ in range(300)]
    document = CHANGE % ("StartSensorsInput", "startSensors")
    costs = [
        (await api.answer(document, input={"sensorIds": one}))["extensions"]["cost"]["requested"]
        for one in (named, named[:1])
    ]
    assert costs[0] - costs[1] == 299


async def test_a_twin_has_the_same_outcome(api: Api, database: Database) -> None:
    keys = await seeded(database, 3)
    first = await change(api, "stopSensors", keys, idempotencyKey="k")
    changes = await seeds.execute(database, "SELECT count(*) FROM sensor_changes")
    assert await change(api, "stopSensors", keys, idempotencyKey="k") == first
    assert await seeds.execute(database, "SELECT count(*) FROM sensor_changes") == changes
