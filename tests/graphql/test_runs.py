import asyncio
import os
from typing import Any
from uuid import UUID

import pytest

import seeds
from serving import Api
from vedette.domain.catalog import JobSpec
from vedette.graphql import ids
from vedette.storage.database import Database

LAUNCH = """
mutation($input: LaunchRunInput!) { launchRun(input: $input) {
  run { id status runKey runConfig tags { key value } events { edges { node { position kind message } } } }
  errors { __typename message path ... on RunKeyTaken { run { id } } } } }
"""
CANCEL = """
mutation($id: ID!, $force: Boolean) { cancelRun(input: {runId: $id, force: $force}) {
  run { status canCancel finishedAt events { edges { node { kind } } } } errors { __typename message } } }
"""
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"ops": {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}},
    "required": ["ops"],
}


async def launch(api: Api, **what: Any) -> Any:
    return (await api.query(LAUNCH, input=what))["launchRun"]


@pytest.fixture
async def job(database: Database) -> UUID:
    await seeds.code_location(database)
    return await seeds.job(database, JobSpec(name="process", tags={"team": "a"}, config_schema=SCHEMA))


async def test_a_run_is_launched_by_name_or_id(api: Api, job: UUID) -> None:
    by_name = await launch(
        api, jobName="process", runConfig={"ops": {"size": 1}}, tags=[{"key": "why", "value": "test"}]
    )
    assert by_name["errors"] == []
    run = by_name["run"]
    assert run["status"] == "QUEUED"
    assert run["runConfig"] == {"ops": {"size": 1}}
    assert {tag["key"]: tag["value"] for tag in run["tags"]} == {"team": "a", "why": "test"}
    [event] = [edge["node"] for edge in run["events"]["edges"]]
    assert event == {"position": "1", "kind": "RUN_QUEUED", "message": "Asked for by anonymous."}
    by_id = await launch(api, jobId=ids.encode("Job", job), runConfig={"ops": {"size": 2}})
    assert by_id["run"]["id"] != run["id"]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "'ops' is a required property"),
        ({"ops": {"size": "large"}}, "ops.size: 'large' is not of type 'integer'"),
        ([], "the run config is not an object"),
        ("text", "the run config is not an object"),
    ],
)
async def test_a_config_that_the_job_refuses_launches_nothing(
    api: Api, database: Database, job: UUID, config: Any, told: str
) -> None:
    answer = await launch(api, jobName="process", runConfig=config)
    [error] = answer["errors"]
    assert error["__typename"] == "InvalidRunConfig"
    assert told in error["message"]
    assert await seeds.execute(database, "SELECT 1 FROM runs") == []


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ("runConfig: {ops: {work: 1e999}}", "runConfig"),
        (f"runConfig: {{ops: {{work: {10**30}}}}}", "runConfig"),
        (f"runConfig: {'{a: ' * 101}1{'}' * 101}", "runConfig"),
        (f'runKey: "{"é" * 600}"', "runKey"),
        ('tags: [{key: "", value: "x"}]', "tags"),
    ],
)
async def test_what_no_process_or_index_could_hold_is_refused(api: Api, job: UUID, arguments: str, path: str) -> None:
    document = f"""mutation {{ launchRun(input: {{jobName: "process", {arguments}}}) {{
        run {{ id }} errors {{ message path }} }} }}"""
    answer = (await api.query(document))["launchRun"]
    assert answer["run"] is None
    assert [error["path"] for error in answer["errors"]] == [[path]]


async def test_the_longest_run_key_can_be_stored(api: Api, job: UUID) -> None:
    key = os.urandom(512).hex()
    document = """mutation($key: String) { launchRun(input: {jobName: "process", runKey: $key,
        runConfig: {ops: {size: 1}}}) { run { runKey } errors { message } } }"""
    assert (await api.query(document, key=key))["launchRun"] == {"run": {"runKey": key}, "errors": []}


async def test_a_run_key_is_spent_once_a_job_however_many_ask(api: Api, database: Database, job: UUID) -> None:
    config = {"ops": {"size": 1}}
    answers = await asyncio.gather(
        *(launch(api, jobName="process", runConfig=config, runKey="monday") for _ in range(8))
    )
    made = [answer["run"] for answer in answers if answer["run"]]
    assert len(made) == 1
    assert made[0]["runKey"] == "monday"
    taken = [answer["errors"][0] for answer in answers if not answer["run"]]
    assert {error["__typename"] for error in taken} == {"RunKeyTaken"}
    assert {error["run"]["id"] for error in taken} == {made[0]["id"]}
    assert await seeds.execute(database, "SELECT count(*) FROM runs") == [(1,)]
    assert await seeds.execute(database, "SELECT count(*) FROM run_changes") == [(1,)]


async def test_a_job_must_be_named_once_and_exist(api: Api, job: UUID) -> None:
    for what, kind in (
        ({}, "InvalidInput"),
        ({"jobName": "process", "jobId": ids.encode("Job", job)}, "InvalidInput"),
        ({"jobName": "nothing"}, "NotFound"),
        ({"jobId": ids.encode("Job", UUID(int=0))}, "NotFound"),
    ):
        answer = await launch(api, **what)
        assert [error["__typename"] for error in answer["errors"]] == [kind]


async def test_a_queued_run_is_canceled_at_once(api: Api, database: Database) -> None:
    run = ids.encode("Run", await seeds.run(database, 1))
    answer = (await api.query(CANCEL, id=run))["cancelRun"]
    assert answer["run"]["status"] == "CANCELED"
    assert not answer["run"]["canCancel"]
    assert answer["run"]["finishedAt"] is not None
    assert [edge["node"]["kind"] for edge in answer["run"]["events"]["edges"]] == ["RUN_QUEUED", "RUN_CANCELED"]
    again = (await api.query(CANCEL, id=run))["cancelRun"]
    assert [error["__typename"] for error in again["errors"]] == ["WrongState"]


async def test_a_run_that_goes_on_is_asked_to_end(api: Api, database: Database) -> None:
    run = await seeds.run(database, 1, "STARTED")
    wish = "SELECT cancel_asked_at IS NOT NULL, cancel_forced FROM runs"
    assert (await api.query(CANCEL, id=ids.encode("Run", run)))["cancelRun"]["errors"] == []
    assert await seeds.execute(database, wish) == [(True, False)]
    await api.query(CANCEL, id=ids.encode("Run", run), force=True)
    assert await seeds.execute(database, wish) == [(True, True)]


async def test_no_such_run(api: Api) -> None:
    answer = (await api.query(CANCEL, id=ids.encode("Run", UUID(int=0))))["cancelRun"]
    assert [error["__typename"] for error in answer["errors"]] == ["NotFound"]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [3, 2, 1]),
        ({"status": ["FAILURE", "QUEUED"]}, [3, 1]),
        ({"jobName": "other"}, [2]),
        ({"runKey": "b"}, [2]),
        ({"tag": [{"key": "team", "value": "x"}]}, [3, 1]),
        ({"tag": [{"key": "team", "value": "x"}, {"key": "size"}]}, [3]),
        ({"since": "2026-01-01T00:00:02Z"}, [3, 2]),
        ({"until": "2026-01-01T00:00:02Z"}, [1]),
    ],
)
async def test_runs_are_filtered(api: Api, database: Database, wanted: Any, numbers: list[int]) -> None:
    await seeds.run(database, 1, "QUEUED", run_key="1", tags='{"team": "x"}')
    await seeds.run(database, 2, "SUCCESS", run_key="b", job_name="other")
    await seeds.run(database, 3, "FAILURE", run_key="3", tags='{"team": "x", "size": "9"}')
    document = "query($filter: RunFilter) { runs(filter: $filter) { edges { node { queuedAt } } } }"
    data = await api.query(document, filter=wanted)
    assert [int(edge["node"]["queuedAt"][17:19]) for edge in data["runs"]["edges"]] == numbers


async def test_logs_steps_and_errors_of_a_run(api: Api, database: Database) -> None:
    run = await seeds.run(database, 1, "STARTED")
    await seeds.run_event(database, run, "LOG", level="INFO", logger="op", message="hello")
    await seeds.run_event(
        database,
        run,
        "LOG",
        level="ERROR",
        logger="op",
        message="oh",
        error='{"type": "E", "message": "m", "stack": []}',
    )
    await seeds.execute(
        database,
        "INSERT INTO run_steps (run_id, index, name, status) VALUES (:id, 1, 'b', 'PENDING'), (:id, 0, 'a', 'SUCCESS')",
        id=run,
    )
    data = await api.query(
        """query($id: ID!) { run(id: $id) {
        steps { name status } logs(minLevel: WARNING) { edges { node { level message error { type } } } }
        all: logs(first: 1) { edges { node { message } } pageInfo { hasNextPage } } } }""",
        id=ids.encode("Run", run),
    )
    assert data["run"]["steps"] == [{"name": "a", "status": "SUCCESS"}, {"name": "b", "status": "PENDING"}]
    lines = [edge["node"] for edge in data["run"]["logs"]["edges"]]
    assert lines == [{"level": "ERROR", "message": "oh", "error": {"type": "E"}}]
    assert data["run"]["all"]["edges"] == [{"node": {"message": "hello"}}]
    assert data["run"]["all"]["pageInfo"]["hasNextPage"]
