import base64
from uuid import uuid4

from graphql import is_object_type

import seeds
from serving import Api
from vedette.domain.catalog import AssetSpec, JobSpec
from vedette.graphql import ids
from vedette.graphql.schema import schema
from vedette.storage.database import Database
from vedette.storage.runs import run_limits

NODE = "query($id: ID!) { node(id: $id) { id __typename } }"


# The id of the run that a mark of a timeline stands for.
MARKS = {"TimelineRun"}


def with_ids() -> set[str]:
    """Return the names of the types that have an id of their own."""
    kinds = schema._schema.type_map.values()
    return {kind.name for kind in kinds if is_object_type(kind) and "id" in kind.fields} - MARKS


async def test_everything_with_an_id_is_found_again_by_it(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process"))
    await seeds.assets(database, [AssetSpec(("raw", "orders"))])
    sensor = await seeds.sensor(database)
    tick = await seeds.tick(database, sensor, 1, "SUCCESS")
    await seeds.run(database, 1, sensor_id=sensor, tick_id=tick)
    await seeds.execute(
        database, "INSERT INTO cursor_changes (sensor_id, version, id, value) VALUES (:id, 1, :id, 'a')", id=sensor
    )
    await seeds.token(database, "dashboard")
    async with database.writing() as connection:
        await run_limits.put(connection, ("tag", "team", "data"), 2, "somebody")
    await seeds.execute(
        database,
        """INSERT INTO workers (id, role, host, pid, lock_key, tasks)
            VALUES (gen_random_uuid(), 'LAUNCH', 'here', 1, 1, 7)""",
    )
    data = await api.query(
        """{
        codeLocations { id } instance { workers { id role runsHeld sensorsHeld healthy tasks } }
        assets { edges { node { id } } } runLimits { edges { node { id } } } tokens { edges { node { id } } }
        jobs { edges { node { id } } } sensors { edges { node { id cursorHistory { edges { node { id } } } } } }
        ticks { edges { node { id } } } runs { edges { node { id } } } }"""
    )
    found = {
        "Asset": data["assets"]["edges"][0]["node"]["id"],
        "CodeLocation": data["codeLocations"][0]["id"],
        "Worker": data["instance"]["workers"][0]["id"],
        "Job": data["jobs"]["edges"][0]["node"]["id"],
        "Sensor": data["sensors"]["edges"][0]["node"]["id"],
        "CursorChange": data["sensors"]["edges"][0]["node"]["cursorHistory"]["edges"][0]["node"]["id"],
        "Tick": data["ticks"]["edges"][0]["node"]["id"],
        "Run": data["runs"]["edges"][0]["node"]["id"],
        "RunLimit": data["runLimits"]["edges"][0]["node"]["id"],
        "ApiToken": data["tokens"]["edges"][0]["node"]["id"],
    }
    assert data["instance"]["workers"][0] | {"id": ""} == {
        "id": "", "role": "LAUNCH", "runsHeld": 0, "sensorsHeld": None, "healthy": True, "tasks": 7
    }  # fmt: skip
    entities = schema._schema.get_possible_types(schema._schema.type_map["Node"])  # type: ignore[arg-type]  # an interface
    assert set(found) == {entity.name for entity in entities} == with_ids()
    for kind, key in found.items():
        assert (await api.query(NODE, id=key))["node"] == {"id": key, "__typename": kind}
    several = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    gone = ids.encode("Run", uuid4())
    data = await api.query(several, ids=[found["Run"], gone, found["Sensor"]])
    assert data["nodes"] == [{"__typename": "Run"}, None, {"__typename": "Sensor"}]


async def test_what_is_gone_is_null(api: Api) -> None:
    assert (await api.query(NODE, id=ids.encode("Tick", uuid4())))["node"] is None
    assert (await api.query("query($id: ID!) { run(id: $id) { id } }", id=ids.encode("Run", uuid4())))["run"] is None
    assert (await api.query('{ sensor(by: {name: {name: "no"}}) { id } }'))["sensor"] is None
    assert (await api.query('{ job(by: {name: {name: "no"}}) { id } }'))["job"] is None


KEY = "01890a5d-ac96-774b-bcce-b302099a8057"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NO_IDS = [
    "",
    "nonsense",
    "é",
    "1",
    "a" * 10_000,
    encoded("Tick"),
    encoded("Tick:"),
    encoded("Tick:1"),
    encoded(f"Tick:{KEY}".upper()),
    encoded(f"Tick:{KEY.replace('-', '')}"),
    encoded(f"Nothing:{KEY}"),
    encoded(f"CursorChange:{KEY}"),
    encoded(f"CursorChange:{KEY}:-1"),
    encoded(f"CursorChange:{KEY}:99999999999"),
    base64.urlsafe_b64encode(f"Tick:{KEY}x".encode()).decode() + "==",
]


async def test_what_is_no_id_is_refused_as_such(api: Api) -> None:
    for wrong in NO_IDS:
        assert await api.code(NODE, id=wrong) == "BAD_ID"


FIELDS_WITH_IDS = [
    "query($id: ID!) { tick(id: $id) { id } }",
    "query($id: ID!) { run(id: $id) { id } }",
    "query($id: ID!) { job(by: {id: $id}) { id } }",
    "query($id: ID!) { ticks(filter: {sensorId: $id}) { edges { cursor } } }",
    "query($id: ID!) { runs(filter: {tickId: $id}) { edges { cursor } } }",
    "mutation($id: ID!) { startSensor(input: {sensorId: $id}) { errors { message } } }",
    "mutation($id: ID!) { cancelRun(input: {runId: $id}) { errors { message } } }",
    "mutation($id: ID!) { reloadCodeLocation(input: {codeLocationId: $id}) { errors { message } } }",
]


async def test_an_id_opens_only_what_it_names(api: Api) -> None:
    for document in FIELDS_WITH_IDS:
        assert await api.code(document, id=ids.encode("Worker", uuid4())) == "BAD_ID"


async def test_a_name_that_several_code_locations_use_needs_the_code_location(api: Api, database: Database) -> None:
    for location in ("shop", "farm"):
        await seeds.code_location(database, location)
        await seeds.sensor(database, "inbox", location)
        await seeds.job(database, JobSpec(name="process"), location)
    assert await api.code('{ sensor(by: {name: {name: "inbox"}}) { id } }') == "AMBIGUOUS"
    assert await api.code('{ job(by: {name: {name: "process"}}) { id } }') == "AMBIGUOUS"
    data = await api.query(
        """{
        sensor(by: {name: {name: "inbox", codeLocation: "farm"}}) { name codeLocation { name } }
        job(by: {name: {name: "process", codeLocation: "shop"}}) { name codeLocation { name } } }"""
    )
    assert data["sensor"]["codeLocation"]["name"] == "farm"
    assert data["job"]["codeLocation"]["name"] == "shop"
