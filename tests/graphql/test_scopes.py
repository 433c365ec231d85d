"""Whoever is confined to some code locations finds nothing of the others: on no page, by no id, in no stream."""

import asyncio
from typing import Any, NamedTuple

import pytest

import seeds
from graphql_documents import MUTATIONS
from serving import Api, Subscription, eventually, is_listened_to
from vedette.bus import Bus, topics
from vedette.domain.access import Role
from vedette.domain.catalog import AssetSpec, JobSpec, OpSpec, SensorSpec
from vedette.domain.partitions import DynamicPartitions, PartitionChange, PartitionChangeKind
from vedette.graphql import ids
from vedette.graphql.schema import schema
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.runs import run_limits
from vedette.storage.ticks import partition_verdicts

# As many as the statements of an answer would show if each row were looked at by itself.
MANY = 30


class Place(NamedTuple):
    """Global ids of what one code location has."""

    location: str
    sensor: str
    job: str
    run: str
    tick: str


@pytest.fixture
def settings() -> Settings:
    return Settings(poll_seconds=0.2, evaluation_wait_seconds=0.3, authentication="tokens")


async def place(database: Database, name: str) -> Place:
    location = await seeds.code_location(database, name)
    partitions = DynamicPartitions(f"{name} images")
    job = await seeds.job(database, JobSpec(name="process", ops=(OpSpec("load"),), partitions=partitions), name)
    [sensor] = await seeds.sensors(database, [SensorSpec(name="inbox", job_names=("process",))], name)
    tick = await seeds.tick(database, sensor, 1)
    run = await seeds.run(database, 1 if name == "mine" else 2, "FAILURE", sensor_id=sensor, code_location=name)
    await seeds.assets(database, [AssetSpec((f"{name} table",), group="g")], name)
    await seeds.asset_event(database, f"{name} table", description=f"made by {name}")
    change = PartitionChange(PartitionChangeKind.ADD, partitions.name, ("a.png",))
    async with database.writing() as connection:
        await partition_verdicts.change_by_hand(connection, change)
    return Place(
        ids.encode("CodeLocation", location),
        ids.encode("Sensor", sensor),
        ids.encode("Job", job),
        ids.encode("Run", run),
        ids.encode("Tick", tick),
    )


class World(NamedTuple):
    """Two code locations, and the API for an operator who is confined to the first."""

    mine: Place
    theirs: Place
    confined: Api
    boss: Api


@pytest.fixture
async def world(api: Api, database: Database) -> World:
    await seeds.token(database, "confined", Role.ADMIN, ("mine",))
    await seeds.token(database, "boss", Role.ADMIN)
    mine, theirs = await place(database, "mine"), await place(database, "theirs")
    return World(mine, theirs, api.shown("vdt_confined"), api.shown("vdt_boss"))


async def ids_of(database: Database, place: Place, name: str) -> dict[str, str]:
    """Return a global id of each kind of thing that belongs to a code location."""
    sensor = ids.decode_uuid("Sensor", place.sensor)
    change = "INSERT INTO cursor_changes (sensor_id, version, id, value) VALUES (:id, 1, :id, 'a')"
    await seeds.execute(database, change, id=sensor)
    token = await seeds.token(database, f"{name} token", Role.VIEWER, (name,))
    async with database.writing() as connection:
        limit = await run_limits.put(connection, ("job", name, "process"), 2, "somebody")
    return {
        "CodeLocation": place.location,
        "Sensor": place.sensor,
        "Job": place.job,
        "Run": place.run,
        "Tick": place.tick,
        "Asset": ids.encode("Asset", f"{name} table"),
        "CursorChange": ids.encode("CursorChange", f"{sensor}:1"),
        "ApiToken": ids.encode("ApiToken", token),
        "RunLimit": ids.encode("RunLimit", limit),
    }


# The processes of a deployment serve all of its code locations.
SHARED = {"Worker"}


async def test_no_id_of_whatever_kind_opens_what_is_outside(world: World, database: Database) -> None:
    mine = await ids_of(database, world.mine, "mine")
    theirs = await ids_of(database, world.theirs, "theirs")
    entities = schema._schema.get_possible_types(schema._schema.type_map["Node"])  # type: ignore[arg-type]  # an interface
    assert set(mine) == set(theirs) == {entity.name for entity in entities} - SHARED
    text = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    for given, expected in (
        (theirs, [None] * len(theirs)),
        (mine, [{"__typename": k, "id": v} for k, v in mine.items()]),
    ):
        assert (await world.confined.query(text, ids=list(given.values())))["nodes"] == expected
    everything = (await world.boss.query(text, ids=list(theirs.values())))["nodes"]
    assert [node["__typename"] for node in everything] == list(theirs)


async def test_the_id_of_a_token_is_for_admins(api: Api, world: World, database: Database) -> None:
    token = ids.encode("ApiToken", await seeds.token(database, "viewer"))
    await seeds.token(database, "operator", Role.OPERATOR)
    for name, found in (("viewer", None), ("operator", None), ("boss", {"id": token})):
        text = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
        assert await api.shown(f"vdt_{name}").query(text, id=token) == {"node": found, "nodes": [found]}


LISTS = {
    "sensors": "{ sensors { edges { node { id } } pageInfo { hasNextPage } } }",
    "sensors beside": "{ sensors { edges { node { id lastTick { id } codeLocation { name } } } } }",
    "jobs": "{ jobs { edges { node { id sensors { id } } } } }",
    "runs": "{ runs { edges { node { id sensor { id } } } } }",
    "runs over time": """{ runTimeline(since: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z", seconds: 3600) {
        jobs { codeLocation runs { id } } } }""",
    "runs by status": "{ runs(filter: {status: [FAILURE, SUCCESS]}) { edges { node { id } } } }",
    "ticks": "{ ticks { edges { node { id sensor { id } } } } }",
    "ticks by name": '{ ticks(filter: {sensorName: "inbox"}) { edges { node { id } } } }',
    "code locations": "{ codeLocations { id name sensors { edges { node { id } } } jobs { edges { node { id } } } } }",
    "assets": "{ assets { edges { node { id key codeLocation { name } } } } }",
    "partitions": "{ dynamicPartitionsDefinitions { edges { node { name partitions { edges { node { key } } } } } } }",
}


@pytest.mark.parametrize("name", LISTS)
async def test_lists_hold_what_is_mine(world: World, name: str) -> None:
    all_of_it = str(await world.boss.query(LISTS[name]))
    assert any(one in all_of_it for one in (*world.theirs, "theirs images", "theirs table"))
    found = str(await world.confined.query(LISTS[name]))
    assert any(one in found for one in (*world.mine, "mine images", "mine table"))
    assert not any(one in found for one in (*world.theirs, "theirs images", "theirs table"))


async def test_pages_follow_each_other_without_what_is_hidden(world: World, database: Database) -> None:
    specs = [SensorSpec(name=f"s{number:02}", job_names=("process",)) for number in range(MANY)]
    for name in ("mine", "theirs"):
        await seeds.sensors(database, specs, name)
    page = "query($after: String) { sensors(first: 7, after: $after) { edges { node { name codeLocation { name } } } "
    page += "pageInfo { hasNextPage endCursor } } }"
    names: list[str] = []
    after, more = None, True
    while more:
        found = (await world.confined.query(page, after=after))["sensors"]
        assert len(found["edges"]) == 7 or not found["pageInfo"]["hasNextPage"]
        assert {edge["node"]["codeLocation"]["name"] for edge in found["edges"]} == {"mine"}
        names += [edge["node"]["name"] for edge in found["edges"]]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
    assert names == ["inbox", *(spec.name for spec in specs)]


async def test_an_id_outside_opens_nothing(world: World) -> None:
    for mine, theirs in zip(world.mine, world.theirs, strict=True):
        text = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
        assert await world.confined.query(text, id=theirs) == {"node": None, "nodes": [None]}
        assert (await world.confined.query(text, id=mine))["node"] == {"id": mine}
    by_id = """query($sensor: ID!, $job: ID!, $run: ID!, $tick: ID!) {
        sensor(by: {id: $sensor}) { id } job(by: {id: $job}) { id } run(id: $run) { id } tick(id: $tick) { id } }"""
    there = {name: getattr(world.theirs, name) for name in ("sensor", "job", "run", "tick")}
    assert set((await world.confined.query(by_id, **there)).values()) == {None}
    named = '{ sensor(by: {name: {name: "inbox"}}) { id } theirs: dynamicPartitionsDefinition(name: "theirs images") '
    found = await world.confined.query(named + "{ name } }")
    # The other sensor of this name does not make it ambiguous.
    assert found == {"sensor": {"id": world.mine.sensor}, "theirs": None}


def inputs(place: Place) -> dict[str, dict[str, Any]]:
    return {
        "startSensor": {"sensorId": place.sensor},
        "stopSensor": {"sensorId": place.sensor},
        "resetSensor": {"sensorId": place.sensor},
        "startSensors": {"sensorIds": [place.sensor]},
        "stopSensors": {"sensorIds": [place.sensor]},
        "resetSensors": {"sensorIds": [place.sensor]},
        "setSensorCursor": {"sensorId": place.sensor, "cursor": "a"},
        "evaluateSensor": {"sensorId": place.sensor},
        "tickSensor": {"sensorId": place.sensor},
        "launchRun": {"jobId": place.job},
        "cancelRun": {"runId": place.run},
        "rerun": {"runId": place.run},
        "releaseRunKey": {"sensorId": place.sensor, "runKey": "a"},
        "reloadCodeLocation": {"codeLocationId": place.location},
        "addDynamicPartition": {"partitionsDefinition": "theirs images", "key": "b.png"},
        "deleteDynamicPartitions": {"partitionsDefinition": "theirs images", "keys": ["a.png"]},
        "reportAssetEvent": {"assetKey": ["theirs table"]},
        "wipeAssets": {"assetKeys": [["theirs table"]]},
    }


STATE = """SELECT status, cursor_version, (SELECT count(*) FROM evaluation_requests), (SELECT count(*) FROM runs),
    (SELECT count(*) FROM asset_events), (SELECT sum(materialized_position) FROM assets),
    (SELECT sum(key_count) FROM dynamic_partitions_definitions), (SELECT sum(reload_asked) FROM code_locations)
    FROM sensors ORDER BY id"""


async def test_mutations_find_nothing_outside_and_change_nothing(world: World, database: Database) -> None:
    before = await seeds.execute(database, STATE)
    for name, given in inputs(world.theirs).items():
        payload = (await world.confined.query(MUTATIONS[name], input=given))[name]
        assert [error["__typename"] for error in payload["errors"]] == ["NotFound"], name
        # Said as it is of an id that never was.
        if "sensorId" in given and name != "releaseRunKey":
            assert (
                payload["errors"][0]["message"]
                == f"There is no sensor {world.theirs.sensor}; `sensors` lists them all."
            )
    assert await seeds.execute(database, STATE) == before


async def test_what_is_mine_can_be_changed(world: World) -> None:
    for name in ("startSensor", "setSensorCursor", "launchRun", "rerun"):
        payload = (await world.confined.query(MUTATIONS[name], input=inputs(world.mine)[name]))[name]
        assert payload["errors"] == [], name
    given = {"partitionsDefinition": "mine images", "key": "b.png"}
    payload = (await world.confined.query(MUTATIONS["addDynamicPartition"], input=given))["addDynamicPartition"]
    assert payload["errors"] == []


async def test_streams_tell_of_what_is_mine(world: World, database: Database, bus: Bus) -> None:
    text = "subscription { ticks { ... on TickChanged { tick { number sensor { codeLocation { name } } } } } }"
    async with world.confined.subscribe(text) as mine, world.boss.subscribe(text) as all_of_them:
        await eventually(lambda: is_listened_to(bus, topics.TICKS))
        for number, one in enumerate((world.theirs, world.mine, world.theirs, world.mine), start=2):
            await seeds.tick(database, ids.decode_uuid("Sensor", one.sensor), number)
        bus.knock(topics.TICKS)
        told = [item["ticks"]["tick"]["number"] for item in await all_of_them.take(4)]
        assert told == [2, 3, 4, 5]
        found = await mine.take(2)
    assert [item["ticks"]["tick"] for item in found] == [
        {"number": number, "sensor": {"codeLocation": {"name": "mine"}}} for number in (3, 5)
    ]


async def test_assets_of_others_are_not_there(world: World, database: Database, bus: Bus) -> None:
    one = "query($key: [String!]!) { asset(key: $key) { key } }"
    assert await world.confined.query(one, key=["theirs table"]) == {"asset": None}
    assert (await world.confined.query(one, key=["mine table"]))["asset"] == {"key": ["mine table"]}
    launch = {"assetSelection": [["theirs table"]]}
    payload = (await world.confined.query(MUTATIONS["launchRun"], input=launch))["launchRun"]
    assert "does not exist" in payload["errors"][0]["message"]
    text = "subscription($after: StreamPosition) { assetEvents(after: $after) { ... on AssetEventAdded { position } } }"
    async with world.confined.subscribe(text, after="0") as mine, world.boss.subscribe(text, after="0") as both:
        assert [item["assetEvents"]["position"] for item in await both.take(2)] == ["1", "2"]
        assert [item["assetEvents"]["position"] for item in await mine.take(1)] == ["1"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("subscription($id: ID!) { runEvents(runId: $id) { __typename } }", "run"),
        ("subscription($id: ID!) { tickLogs(tickId: $id) { __typename } }", "tick"),
    ],
)
async def test_what_one_thing_says_is_not_told_outside(world: World, text: str, what: str) -> None:
    async with world.confined.connect() as socket:
        subscription = Subscription(socket)
        await subscription.start(text, id=getattr(world.theirs, what))
        message = await subscription.receive()
    assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_what_is_answered_at_the_same_time_is_not_shared_beyond_a_reach(world: World) -> None:
    text = LISTS["sensors"]
    asking = [world.boss, world.confined] * 10
    answers = await asyncio.gather(*(one.query(text) for one in asking))
    for one, answer in zip(asking, answers, strict=True):
        assert len(answer["sensors"]["edges"]) == (2 if one is world.boss else 1)


CREATE = "mutation($input: CreateTokenInput!) { createToken(input: $input) { secret errors { __typename } } }"


async def test_a_confined_admin_manages_what_reaches_no_further(world: World, database: Database) -> None:
    await seeds.token(database, "elsewhere", Role.VIEWER, ("theirs",))
    listed = "{ tokens { edges { node { name } } } }"
    names = [edge["node"]["name"] for edge in (await world.confined.query(listed))["tokens"]["edges"]]
    assert names == ["confined"]
    wide = {"name": "wide", "role": "VIEWER"}
    for given in (wide, {**wide, "codeLocations": ["mine", "theirs"]}):
        made = (await world.confined.query(CREATE, input=given))["createToken"]
        assert (made["secret"], [error["__typename"] for error in made["errors"]]) == (None, ["InvalidInput"])
    made = (await world.confined.query(CREATE, input={**wide, "codeLocations": ["mine"]}))["createToken"]
    assert made["errors"] == []
