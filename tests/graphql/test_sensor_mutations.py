import json
from typing import Any
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.bus import Bus, topics
from vedette.domain.catalog import SensorStatus
from vedette.graphql import ids
from vedette.storage.database import Database

SENSOR = """sensor {
  status statusReason { source actor note } nextTickAt cursor { value version updatedBy { ... on Actor { name } } }
}"""
ERRORS = "errors { __typename message path ... on CursorConflict { current { value version } } }"


async def do(api: Api, mutation: str, sensor: UUID, rest: str = "") -> Any:
    document = f"mutation($id: ID!) {{ {mutation}(input: {{sensorId: $id {rest}}}) {{ {SENSOR} {ERRORS} }} }}"
    return (await api.query(document, id=ids.encode("Sensor", sensor)))[mutation]


async def seeded(database: Database, **spec: Any) -> UUID:
    await seeds.code_location(database)
    return await seeds.sensor(database, **spec)


async def test_starting_and_stopping_keeps_all_else(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    await do(api, "setSensorCursor", sensor, 'cursor: "42"')
    cursor = {"value": "42", "version": 1, "updatedBy": {"name": "anonymous"}}

    started = (await do(api, "startSensor", sensor))["sensor"]
    assert started["status"] == "RUNNING"
    assert started["statusReason"] == {"source": "USER", "actor": "anonymous", "note": None}
    assert started["cursor"] == cursor
    assert started["nextTickAt"] is not None

    stopped = (await do(api, "stopSensor", sensor, 'note: "too loud"'))["sensor"]
    assert stopped["status"] == "STOPPED"
    assert stopped["statusReason"]["note"] == "too loud"
    assert stopped["cursor"] == cursor
    assert stopped["nextTickAt"] is None


async def test_starting_what_runs_moves_no_due_time(api: Api, database: Database) -> None:
    sensor = await seeded(database, default_status=SensorStatus.RUNNING)
    before = await api.query("{ sensors { edges { node { nextTickAt } } } }")
    started = (await do(api, "startSensor", sensor))["sensor"]
    assert started["nextTickAt"] == before["sensors"]["edges"][0]["node"]["nextTickAt"]
    assert started["statusReason"]["source"] == "USER"


async def test_a_reset_gives_back_what_the_code_says(api: Api, database: Database) -> None:
    sensor = await seeded(database, default_status=SensorStatus.RUNNING)
    await do(api, "stopSensor", sensor)
    reset = (await do(api, "resetSensor", sensor))["sensor"]
    assert reset["status"] == "RUNNING"
    assert reset["statusReason"] == {"source": "CODE", "actor": None, "note": None}


async def test_a_cursor_is_set_if_it_has_the_version_expected(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    assert (await do(api, "setSensorCursor", sensor, 'cursor: "a", expectedVersion: 0'))["errors"] == []
    conflict = await do(api, "setSensorCursor", sensor, 'cursor: "b", expectedVersion: 0')
    [error] = conflict["errors"]
    assert error["__typename"] == "CursorConflict"
    assert error["current"] == {"value": "a", "version": 1}
    assert error["path"] == ["expectedVersion"]
    assert (await do(api, "setSensorCursor", sensor, 'cursor: "", expectedVersion: 1'))["sensor"]["cursor"][
        "value"
    ] == ""
    assert (await do(api, "setSensorCursor", sensor, "cursor: null"))["sensor"]["cursor"]["value"] is None
    data = await api.query(
        """{ sensors { edges { node { cursorHistory(first: 2) {
        edges { node { version value by { ... on Actor { name } } } } pageInfo { hasNextPage } } } } } }"""
    )
    history = data["sensors"]["edges"][0]["node"]["cursorHistory"]
    assert [(edge["node"]["version"], edge["node"]["value"]) for edge in history["edges"]] == [(3, None), (2, "")]
    assert history["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("mutation", ["startSensor", "stopSensor", "resetSensor", "setSensorCursor"])
async def test_a_sensor_that_does_not_exist_is_a_typed_error(api: Api, mutation: str) -> None:
    answer = await do(api, mutation, UUID(int=0))
    assert answer["sensor"] is None
    assert [error["__typename"] for error in answer["errors"]] == ["NotFound"]


async def test_each_change_is_told_to_whoever_watches(api: Api, database: Database, bus: Bus) -> None:
    sensor = await seeded(database)
    with bus.listen(topics.SENSORS) as listener:
        for number, mutation in enumerate(["startSensor", "stopSensor", "resetSensor", "setSensorCursor"], start=1):
            await do(api, mutation, sensor)
            assert await listener.wait(5) == {topics.SENSORS}
            changes = await seeds.execute(database, "SELECT max(position) FROM sensor_changes")
            assert changes == [(number,)]


@pytest.mark.parametrize("cursor", ["a\x00b", "\ud800"])
async def test_text_that_postgres_cannot_hold_is_refused(api: Api, database: Database, cursor: str) -> None:
    sensor = await seeded(database)
    document = """mutation($id: ID!, $cursor: String) {
        setSensorCursor(input: {sensorId: $id, cursor: $cursor}) { errors { message } } }"""
    content = json.dumps({"query": document, "variables": {"id": ids.encode("Sensor", sensor), "cursor": cursor}})
    response = await api.client.post(api.url, content=content, headers={"content-type": "application/json"})
    assert response.status_code in {200, 400}
    assert response.json()["errors"][0]["extensions"]["code"] in {"BAD_INPUT", "BAD_REQUEST"}
    literal = 'mutation { setSensorCursor(input: {sensorId: "x", cursor: "\\u0000"}) { errors { message } } }'
    assert await api.code(literal) == "INVALID_DOCUMENT"
