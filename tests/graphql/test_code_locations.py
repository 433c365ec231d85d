import asyncio
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.bus import Bus, topics
from vedette.domain.catalog import JobSpec, OpSpec
from vedette.graphql import ids
from vedette.storage.database import Database

RELOAD = """
mutation($id: ID!) { reloadCodeLocation(input: {codeLocationId: $id}) {
  codeLocation { version error { message } } errors { __typename } } }
"""


@pytest.fixture
async def location(database: Database) -> UUID:
    return await seeds.code_location(database)


async def test_a_reload_waits_until_it_is_done(api: Api, database: Database, bus: Bus, location: UUID) -> None:
    async def serve() -> None:
        with bus.listen(topics.CODE_LOCATIONS) as listener:
            await listener.wait(10)
            await seeds.execute(
                database,
                """UPDATE code_locations SET reload_done = reload_asked, version = 'v2',
                error = '{"type": "SyntaxError", "message": "broken"}'""",
            )
            bus.knock(topics.CODE_LOCATIONS)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve())
        await asyncio.sleep(0)
        answer = (await api.query(RELOAD, id=ids.encode("CodeLocation", location)))["reloadCodeLocation"]
    assert answer == {"codeLocation": {"version": "v2", "error": {"message": "broken"}}, "errors": []}


async def test_nobody_serves_it(api: Api, location: UUID) -> None:
    answer = (await api.query(RELOAD, id=ids.encode("CodeLocation", location)))["reloadCodeLocation"]
    assert answer == {"codeLocation": None, "errors": [{"__typename": "EvaluatorUnavailable"}]}


async def test_no_such_code_location(api: Api) -> None:
    answer = (await api.query(RELOAD, id=ids.encode("CodeLocation", UUID(int=0))))["reloadCodeLocation"]
    assert answer["errors"] == [{"__typename": "NotFound"}]


async def test_it_lists_what_it_defines(api: Api, database: Database, location: UUID) -> None:
    ops = (OpSpec("read"), OpSpec("write", "Writes.", ("read",)))
    await seeds.job(database, JobSpec(name="process", ops=ops, config_schema={"type": "object"}))
    await seeds.job(database, JobSpec(name="gone"))
    await seeds.execute(database, "UPDATE jobs SET loaded = false WHERE name = 'gone'")
    await seeds.sensor(database, job_names=("process", "unknown"))
    data = await api.query(
        """{ codeLocations { name target loadedAt
        sensors { edges { node { name targets { ... on Job { name } } } } }
        jobs { edges { node {
          name configSchema ops { name description dependsOn } sensors { name } runs { edges { cursor } } } } }
        } }"""
    )
    [shop] = data["codeLocations"]
    assert shop["target"] == "shop.py"
    assert [edge["node"] for edge in shop["sensors"]["edges"]] == [{"name": "inbox", "targets": [{"name": "process"}]}]
    assert [edge["node"] for edge in shop["jobs"]["edges"]] == [
        {
            "name": "process",
            "configSchema": {"type": "object"},
            "ops": [
                {"name": "read", "description": None, "dependsOn": []},
                {"name": "write", "description": "Writes.", "dependsOn": ["read"]},
            ],
            "sensors": [{"name": "inbox"}],
            "runs": {"edges": []},
        }
    ]
