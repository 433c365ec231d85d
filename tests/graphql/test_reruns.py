"""Running again what has ended."""

from typing import Any

import pytest

import seeds
from serving import Api
from vedette.domain.catalog import JobSpec
from vedette.graphql import ids
from vedette.storage.database import Database

RERUN = """
mutation($input: RerunInput!) { rerun(input: $input) {
  run { id jobName status runKey runConfig partitionKey tags { key value } rerunOf { id } }
  errors { __typename message path } } }
"""


async def rerun(api: Api, run: Any, **options: Any) -> Any:
    return (await api.query(RERUN, input={"runId": ids.encode("Run", run), **options}))["rerun"]


@pytest.fixture(autouse=True)
async def shop(database: Database) -> None:
    await seeds.code_location(database)
    schema = {"properties": {"size": {"type": "integer"}}}
    await seeds.job(database, JobSpec(name="process", tags={"team": "data"}, config_schema=schema))


async def test_a_rerun_is_a_new_run_of_the_same(api: Api, database: Database) -> None:
    tags = '{"team": "data", "by": "hand", "vedette/run_key": "k"}'
    config = '{"size": 1}'
    former = await seeds.run(database, 1, "FAILURE", run_config=config, tags=tags, run_key="k", partition_key="p")
    answer = await rerun(api, former)
    assert answer["errors"] == []
    run = answer["run"]
    assert run.pop("id") != ids.encode("Run", former)
    assert {tag["key"]: tag["value"] for tag in run.pop("tags")} == {
        "team": "data", "by": "hand", "vedette/partition": "p",
    }  # fmt: skip
    assert run == {
        "jobName": "process", "status": "QUEUED", "runKey": None, "runConfig": {"size": 1}, "partitionKey": "p",
        "rerunOf": {"id": ids.encode("Run", former)},
    }  # fmt: skip


async def done_steps(database: Database) -> list[str]:
    [row] = await seeds.execute(database, "SELECT done_steps FROM runs ORDER BY queued_at DESC LIMIT 1")
    return sorted(row[0])


async def test_from_failure_leaves_out_what_succeeded_in_all_that_it_continues(api: Api, database: Database) -> None:
    run = await seeds.run(database, 1, "FAILURE")
    steps = "INSERT INTO run_steps (run_id, index, name, status) VALUES (:id, 0, :name, 'SUCCESS'), (:id, 1, :not, :as)"
    await seeds.execute(database, steps, **{"id": run, "name": "load", "not": "clean", "as": "FAILURE"})
    second = (await rerun(api, run, fromFailure=True))["run"]["id"]
    assert await done_steps(database) == ["load"]
    key = ids.decode_uuid("Run", second)
    await seeds.execute(database, "UPDATE runs SET status = 'CANCELED' WHERE id = :id", id=key)
    await seeds.execute(database, steps, **{"id": key, "name": "clean", "not": "report", "as": "CANCELED"})
    await rerun(api, key, fromFailure=True)
    assert await done_steps(database) == ["clean", "load"]


@pytest.mark.parametrize(
    ("columns", "options", "error"),
    [
        ({"status": "STARTED"}, {}, "WrongState"),
        ({"status": "SUCCESS"}, {"fromFailure": True}, "WrongState"),
        ({"status": "FAILURE", "job_name": "gone"}, {}, "NotFound"),
        ({"status": "FAILURE", "run_config": '{"size": "x"}'}, {}, "InvalidRunConfig"),
    ],
)
async def test_what_cannot_be_run_again_says_why(
    api: Api, database: Database, columns: dict[str, Any], options: dict[str, Any], error: str
) -> None:
    answer = await rerun(api, await seeds.run(database, 1, **columns), **options)
    assert [one["__typename"] for one in answer["errors"]] == [error]
    assert answer["run"] is None
