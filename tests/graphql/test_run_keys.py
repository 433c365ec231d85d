"""Run keys over the API: who holds one, for how long, what repeats it, and how it is freed."""

from typing import Any
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.domain.catalog import JobSpec
from vedette.domain.ids import new_id
from vedette.graphql import ids
from vedette.storage.database import Database

LAUNCH = """
mutation($input: LaunchRunInput!) { launchRun(input: $input) {
  run { id } errors { __typename message path ... on RunKeyTaken { run { id } } } } }
"""
RELEASE = """
mutation($input: ReleaseRunKeyInput!) { releaseRunKey(input: $input) {
  runKey { runKey dedup since expiresAt run { id } } errors { __typename message path } } }
"""
OF_JOB = """
{ job(by: {name: {name: "process"}}) { runKeys { edges { node { runKey dedup expiresAt run { id } } } } } }
"""
OF_SENSOR = """
query($id: ID!, $contains: String, $after: String) { sensor(by: {id: $id}) {
  runKeys(contains: $contains, first: 2, after: $after) {
    edges { node { runKey dedup run { id } } } pageInfo { hasNextPage endCursor } } } }
"""


@pytest.fixture
async def job(database: Database) -> UUID:
    await seeds.code_location(database)
    return await seeds.job(database, JobSpec(name="process"))


async def launch(api: Api, **what: Any) -> Any:
    return (await api.query(LAUNCH, input={"jobName": "process", **what}))["launchRun"]


async def release(api: Api, **what: Any) -> Any:
    return (await api.query(RELEASE, input=what))["releaseRunKey"]


async def test_a_launch_says_for_how_long_its_run_holds_the_key(api: Api, database: Database, job: UUID) -> None:
    made = (await launch(api, runKey="k", dedup="TTL", ttlSeconds=3600))["run"]
    [error] = (await launch(api, runKey="k"))["errors"]
    assert (error["__typename"], error["run"]) == ("RunKeyTaken", {"id": made["id"]})
    [held] = [edge["node"] for edge in (await api.query(OF_JOB))["job"]["runKeys"]["edges"]]
    assert (held["runKey"], held["dedup"], held["run"]["id"]) == ("k", "TTL", made["id"])
    assert held["expiresAt"] is not None
    await seeds.execute(database, "UPDATE run_keys SET expires_at = now()")
    assert (await api.query(OF_JOB))["job"]["runKeys"]["edges"] == []
    assert (await launch(api, runKey="k"))["errors"] == []


async def test_a_run_that_is_canceled_frees_a_key_until_success(api: Api, job: UUID) -> None:
    made = (await launch(api, runKey="k", dedup="UNTIL_SUCCESS"))["run"]
    await api.query("mutation($id: ID!) { cancelRun(input: {runId: $id}) { errors { message } } }", id=made["id"])
    assert (await launch(api, runKey="k"))["errors"] == []


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ({"dedup": "WHILE_ACTIVE"}, "dedup"),
        ({"ttlSeconds": 5}, "dedup"),
        ({"runKey": "k", "ttlSeconds": 5}, "ttlSeconds"),
        ({"runKey": "k", "dedup": "TTL"}, "ttlSeconds"),
        ({"runKey": "k", "dedup": "TTL", "ttlSeconds": 0}, "ttlSeconds"),
        ({"runKey": "k", "dedup": "TTL", "ttlSeconds": 1e300}, "ttlSeconds"),
    ],
)
async def test_a_scope_that_makes_no_sense_is_refused(api: Api, job: UUID, what: Any, path: str) -> None:
    [error] = (await launch(api, **what))["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", [path])


async def test_a_key_is_released_once_and_the_twin_of_the_mutation_is_told_the_same(
    api: Api, database: Database, job: UUID
) -> None:
    made = (await launch(api, runKey="k"))["run"]
    job_id = ids.encode("Job", job)
    first = await release(api, jobId=job_id, runKey="k", idempotencyKey="once")
    assert first["errors"] == []
    assert (first["runKey"]["runKey"], first["runKey"]["run"]["id"]) == ("k", made["id"])
    assert (await launch(api, runKey="k"))["errors"] == []
    assert await release(api, jobId=job_id, runKey="k", idempotencyKey="once") == first
    assert await seeds.execute(database, "SELECT run_key FROM run_keys") == [("k",)]


@pytest.mark.parametrize(
    ("owners", "kind"), [((), "InvalidInput"), (("Job", "Sensor"), "InvalidInput"), (("Sensor",), "NotFound")]
)
async def test_what_cannot_be_released_says_why(api: Api, owners: tuple[str, ...], kind: str) -> None:
    named = {f"{owner.lower()}Id": ids.encode(owner, new_id()) for owner in owners}
    [error] = (await release(api, runKey="k", **named))["errors"]
    assert error["__typename"] == kind


async def test_the_keys_of_a_sensor_are_paged_and_searched(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    run = await seeds.run(database, 1, sensor_id=sensor)
    for key in ("a-1", "b-1", "b-2", "c-1"):
        await seeds.execute(
            database, "INSERT INTO run_keys (scope, run_key, run_id) VALUES (:s, :k, :r)", s=sensor, k=key, r=run
        )
    sensor_id = ids.encode("Sensor", sensor)
    seen: list[str] = []
    after = None
    for _ in range(2):
        page = (await api.query(OF_SENSOR, id=sensor_id, after=after))["sensor"]["runKeys"]
        seen += [edge["node"]["runKey"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == ["a-1", "b-1", "b-2", "c-1"]
    found = (await api.query(OF_SENSOR, id=sensor_id, contains="B-"))["sensor"]["runKeys"]["edges"]
    assert [edge["node"]["runKey"] for edge in found] == ["b-1", "b-2"]
    assert found[0]["node"]["run"]["id"] == ids.encode("Run", run)


async def test_a_request_of_a_tick_shows_its_scope_and_the_run_that_it_repeats(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    run = await seeds.run(database, 1, sensor_id=sensor)
    tick = await seeds.tick(database, sensor, 1)
    await seeds.execute(
        database,
        """INSERT INTO run_requests (tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags,
            outcome, run_id)
        VALUES (:tick, 0, 'SKIPPED', 'process', 'k', 'TTL', 60, '{}', '{}', 'DUPLICATE', :run),
            (:tick, 1, 'SKIPPED', 'process', NULL, NULL, NULL, '{}', '{}', 'LAUNCHED', :run)""",
        tick=tick,
        run=run,
    )
    data = await api.query(
        "query($id: ID!) { tick(id: $id) { runRequests { edges { node { outcome dedup ttlSeconds run { id } } } } } }",
        id=ids.encode("Tick", tick),
    )
    shown = {"id": ids.encode("Run", run)}
    assert [edge["node"] for edge in data["tick"]["runRequests"]["edges"]] == [
        {"outcome": "DUPLICATE", "dedup": "TTL", "ttlSeconds": 60, "run": shown},
        {"outcome": "LAUNCHED", "dedup": None, "ttlSeconds": None, "run": shown},
    ]
