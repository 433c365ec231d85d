"""Sensors that react to events, over the API: where they begin, what became of each event, a cursor of their own."""

from typing import Any
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.domain.catalog import AssetMonitor, Monitor, RunMonitor, SensorKind, SensorStatus
from vedette.domain.runs import RunStatus
from vedette.graphql import ids
from vedette.storage.database import Database

CURSOR = """mutation($input: SetSensorCursorInput!) { setSensorCursor(input: $input) {
    sensor { cursor { value version } } errors { __typename message path } } }"""
START = """mutation($id: ID!) { startSensor(input: {sensorId: $id}) {
    sensor { kind cursor { value version updatedBy { ... on Actor { name } } } } } }"""
REACTIONS = """query($id: ID!) { tick(id: $id) { reactionCount launchedCount
    originRuns { id }
    reactions { edges { node {
        outcome attempt runStatus assetKey skipReason error { message } run { id } tick { number } } } } } }"""


async def seeded(database: Database, monitors: Monitor | None = None, **spec: Any) -> UUID:
    await seeds.code_location(database)
    watched = monitors or RunMonitor(RunStatus.FAILURE)
    return await seeds.sensor(database, kind=SensorKind.RUN_STATUS, monitors=watched, **spec)


async def at(database: Database, stream: str, position: int) -> None:
    await seeds.execute(
        database, "UPDATE streams SET position = :position WHERE name = :stream", position=position, stream=stream
    )


@pytest.mark.parametrize(("monitor", "position"), [(RunMonitor(RunStatus.FAILURE), 7), (AssetMonitor((("lake",),)), 9)])
async def test_a_start_begins_with_what_happens_from_then_on_and_a_second_goes_on(
    api: Api, database: Database, monitor: Monitor, position: int
) -> None:
    sensor = await seeded(database, monitor)
    await at(database, "runs", 7)
    await at(database, "assets", 9)
    key = ids.encode("Sensor", sensor)
    shown = (await api.query(START, id=key))["startSensor"]["sensor"]
    cursor = {"value": f'{{"position":{position}}}', "version": 1, "updatedBy": {"name": "anonymous"}}
    assert shown["cursor"] == cursor
    await at(database, "runs", 20)
    await api.query("mutation($id: ID!) { stopSensor(input: {sensorId: $id}) { sensor { id } } }", id=key)
    assert (await api.query(START, id=key))["startSensor"]["sensor"]["cursor"] == cursor


async def test_its_cursor_can_be_set_back_or_to_now_and_to_nothing_else(api: Api, database: Database) -> None:
    key = ids.encode("Sensor", await seeded(database, default_status=SensorStatus.RUNNING))
    await at(database, "runs", 7)

    async def put(cursor: str | None) -> Any:
        return (await api.query(CURSOR, input={"sensorId": key, "cursor": cursor}))["setSensorCursor"]

    assert (await put('{"position":3}'))["sensor"]["cursor"] == {"value": '{"position":3}', "version": 1}
    assert (await put(None))["sensor"]["cursor"] == {"value": '{"position":7}', "version": 2}
    for wrong in ["5", "", '{"position":-1}', '{"position":1,"more":2}', '{"position":1,"held":{"a":{"position":0}}}']:
        [error] = (await put(wrong))["errors"]
        assert (error["__typename"], error["path"]) == ("WrongState", ["cursor"])
        assert "position in their stream" in error["message"]


async def test_the_cursor_of_one_that_watches_several_assets_says_what_it_has_consumed(
    api: Api, database: Database
) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database, kind=SensorKind.MULTI_ASSET, watched_assets=(("a",),))
    key = ids.encode("Sensor", sensor)

    async def put(cursor: str | None) -> Any:
        return (await api.query(CURSOR, input={"sensorId": key, "cursor": cursor}))["setSensorCursor"]

    for cursor in ("""{"AssetKey(['a'])":["p",3,{"q":1}]}""", "{}", None):
        assert (await put(cursor))["sensor"]["cursor"]["value"] == cursor
    for wrong in ["5", "", "[]", '{"position":3}', """{"AssetKey(['a'])":["p","q",{}]}"""]:
        [error] = (await put(wrong))["errors"]
        assert (error["__typename"], error["path"]) == ("WrongState", ["cursor"])
        assert "what it has consumed" in error["message"]


async def test_a_tick_and_a_run_tell_of_the_reactions(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    run = await seeds.run(database, 1, "FAILURE")
    tick = await seeds.tick(database, sensor, 1, "SUCCESS", launched_count=0, reaction_count=1)
    for index, (outcome, about) in enumerate([("REACTED", run), ("SKIPPED", run), ("REACTED", None)]):
        await seeds.execute(
            database,
            """INSERT INTO reactions (tick_id, index, status, sensor_id, position, outcome, attempt, run_id, run_status,
                asset_key, skip_reason)
            VALUES (:tick, :index, 'SUCCESS', :sensor, 5, :outcome, 2, :run, 'FAILURE', :asset, 'no need')""",
            tick=tick, index=index, sensor=sensor, outcome=outcome, run=about, asset=None if about else "lake/a\\/b",
        )  # fmt: skip
    shown = (await api.query(REACTIONS, id=ids.encode("Tick", tick)))["tick"]
    run_id = {"id": ids.encode("Run", run)}
    first = {
        "outcome": "REACTED", "attempt": 2, "runStatus": "FAILURE", "assetKey": None, "skipReason": "no need",
        "error": None, "run": run_id, "tick": {"number": 1},
    }  # fmt: skip
    assert [edge["node"] for edge in shown["reactions"]["edges"]] == [
        first, first | {"outcome": "SKIPPED"}, first | {"assetKey": ["lake", "a/b"], "run": None}
    ]  # fmt: skip
    assert (shown["reactionCount"], shown["launchedCount"], shown["originRuns"]) == (1, 0, [run_id])
    data = await api.query(
        "query($id: ID!) { run(id: $id) { reactions { edges { node { outcome } } } } }", id=run_id["id"]
    )
    assert [edge["node"]["outcome"] for edge in data["run"]["reactions"]["edges"]] == ["REACTED", "SKIPPED"]


async def test_ticks_that_only_reacted_have_no_runs(api: Api, database: Database) -> None:
    sensor = await seeded(database)
    await seeds.tick(database, sensor, 1, "SUCCESS", launched_count=0, reaction_count=1)
    await seeds.tick(database, sensor, 2, "SUCCESS")
    listed = "query($has: Boolean) { ticks(filter: {hasRuns: $has}) { edges { node { number } } } }"
    for has, number in ((True, 2), (False, 1)):
        data = await api.query(listed, has=has)
        assert [edge["node"]["number"] for edge in data["ticks"]["edges"]] == [number]
