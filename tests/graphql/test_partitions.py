"""Partitions over the API: those of jobs, dynamic ones, what ticks changed, and launching for one."""

import json
from typing import Any

import msgspec
import pytest

import seeds
from serving import Api
from vedette.domain.catalog import JobSpec
from vedette.domain.partitions import (
    Dimension,
    DynamicPartitions,
    MultiPartitions,
    Partitions,
    StaticPartitions,
)
from vedette.domain.time_windows import TimeWindowPartitions
from vedette.storage.database import Database

PARTITIONS = """
query($name: String!, $prefix: String, $first: Int, $after: String) { job(by: {name: {name: $name}}) {
  partitionsDefinition { kind name cronSchedule timezone format dimensions { name definition { kind name } } }
  partitions(prefix: $prefix, first: $first, after: $after) {
    edges { node { key startsAt endsAt addedAt dimensions { key value } } }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  } } }
"""
ADD = """
mutation($name: String!, $key: String!) {
  addDynamicPartition(input: {partitionsDefinition: $name, key: $key}) {
    change { partitionsDefinition kind keys skippedKeys } errors { __typename message path } } }
"""
DELETE = """
mutation($name: String!, $keys: [String!]!) {
  deleteDynamicPartitions(input: {partitionsDefinition: $name, keys: $keys}) {
    change { partitionsDefinition kind keys skippedKeys } errors { __typename message path } } }
"""
DEFINITIONS = """
{ dynamicPartitionsDefinitions { edges { node { name keyCount partitions { edges { node { key } } } } } } }
"""
LAUNCH = """
mutation($job: String!, $key: String, $config: JSON) {
  launchRun(input: {jobName: $job, partitionKey: $key, runConfig: $config}) {
    run { partitionKey tags { key value } } errors { __typename message path } } }
"""

OCEANS = StaticPartitions(("arctic", "atlantic", "indian", "pacific"))
IMAGES = DynamicPartitions("images")
# 2000 to 2002 in New York, over.
DAYS = TimeWindowPartitions("0 0 * * *", "%Y-%m-%d", 946702800.0, "America/New_York", 1009861200.0)
BOTH = MultiPartitions((Dimension("day", DAYS), Dimension("image", IMAGES)))


@pytest.fixture(autouse=True)
async def location(database: Database) -> None:
    await seeds.code_location(database)


async def divided(database: Database, partitions: Partitions | None, **spec: Any) -> None:
    await seeds.job(database, JobSpec(name="sort", partitions=partitions, **spec))


async def listed(api: Api, **wanted: Any) -> Any:
    return (await api.query(PARTITIONS, name="sort", **wanted))["job"]


async def keys(api: Api, **wanted: Any) -> list[str]:
    """Page through the partitions of the job, and return their keys."""
    found: list[str] = []
    after = None
    while True:
        page = (await listed(api, after=after, **wanted))["partitions"]
        found += [edge["node"]["key"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def add(api: Api, *added: str, name: str = "images") -> Any:
    for key in added:
        answer = (await api.query(ADD, name=name, key=key))["addDynamicPartition"]
    return answer


async def test_a_job_without_partitions_has_none(api: Api, database: Database) -> None:
    await divided(database, None)
    assert await listed(api) == {"partitionsDefinition": None, "partitions": None}


async def test_static_partitions_are_paged_in_their_order(api: Api, database: Database) -> None:
    await divided(database, OCEANS)
    assert (await listed(api))["partitionsDefinition"] == {
        "kind": "STATIC", "name": None, "cronSchedule": None, "timezone": None, "format": None, "dimensions": []
    }  # fmt: skip
    assert await keys(api, first=3) == list(OCEANS.partition_keys)
    assert await keys(api, prefix="a", first=1) == ["arctic", "atlantic"]
    assert await keys(api, prefix="z") == []


async def test_partitions_by_time_tell_their_windows(api: Api, database: Database) -> None:
    await divided(database, DAYS)
    shown = await listed(api, first=1)
    assert shown["partitionsDefinition"] == {
        "kind": "TIME_WINDOW", "name": None, "cronSchedule": "0 0 * * *", "timezone": "America/New_York",
        "format": "%Y-%m-%d", "dimensions": [],
    }  # fmt: skip
    [edge] = shown["partitions"]["edges"]
    assert edge["node"] == {
        "key": "2000-01-01", "startsAt": "2000-01-01T05:00:00+00:00", "endsAt": "2000-01-02T05:00:00+00:00",
        "addedAt": None, "dimensions": [],
    }  # fmt: skip
    found = await keys(api, first=100)
    assert (len(found), found[-1]) == (731, "2001-12-31")
    assert len(await keys(api, prefix="2001-02", first=100)) == 28


async def test_dynamic_partitions_are_paged_in_the_order_of_adding(api: Api, database: Database) -> None:
    await divided(database, IMAGES)
    assert await keys(api) == []
    await add(api, "b.png", "a.png", "c.png", "a.jpg")
    assert await keys(api, first=2) == ["b.png", "a.png", "c.png", "a.jpg"]
    assert await keys(api, prefix="a.", first=1) == ["a.png", "a.jpg"]
    node = (await listed(api))["partitions"]["edges"][0]["node"]
    assert node["addedAt"] is not None


async def test_dimensions_are_combined_and_filtered(api: Api, database: Database) -> None:
    await divided(database, BOTH)
    await add(api, "a.png", "b.png")
    shown = await listed(api, first=3)
    assert shown["partitionsDefinition"]["kind"] == "MULTI"
    assert shown["partitionsDefinition"]["dimensions"] == [
        {"name": "day", "definition": {"kind": "TIME_WINDOW", "name": None}},
        {"name": "image", "definition": {"kind": "DYNAMIC", "name": "images"}},
    ]
    nodes = [edge["node"] for edge in shown["partitions"]["edges"]]
    assert [node["key"] for node in nodes] == ["2000-01-01|a.png", "2000-01-01|b.png", "2000-01-02|a.png"]
    assert nodes[1]["dimensions"] == [{"key": "day", "value": "2000-01-01"}, {"key": "image", "value": "b.png"}]
    assert nodes[1]["startsAt"] == "2000-01-01T05:00:00+00:00"
    assert len(await keys(api, first=100)) == 2 * 731
    assert await keys(api, prefix="2001-12-3", first=3) == [
        f"2001-12-3{day}|{image}.png" for day in "01" for image in "ab"
    ]
    assert await keys(api, prefix="2001-12-31|b") == ["2001-12-31|b.png"]


async def test_a_cursor_whose_partition_is_gone_says_so(api: Api, database: Database) -> None:
    await divided(database, OCEANS)
    after = (await listed(api, first=1))["partitions"]["pageInfo"]["endCursor"]
    spec = msgspec.json.encode(JobSpec(name="sort", partitions=StaticPartitions(("baltic",)))).decode()
    await seeds.execute(database, "UPDATE jobs SET spec = CAST(:spec AS jsonb)", spec=spec)
    assert await api.code(PARTITIONS, name="sort", after=after) == "BAD_CURSOR"


async def test_keys_are_added_and_deleted_by_hand(api: Api) -> None:
    answer = await add(api, "a", "b", "a")
    assert answer == {
        "change": {"partitionsDefinition": "images", "kind": "ADD", "keys": [], "skippedKeys": ["a"]}, "errors": []
    }  # fmt: skip
    await add(api, "x", name="others")
    answer = (await api.query(DELETE, name="images", keys=["a", "z", "a"]))["deleteDynamicPartitions"]
    assert answer["change"] == {
        "partitionsDefinition": "images", "kind": "DELETE", "keys": ["a"], "skippedKeys": ["z"]
    }  # fmt: skip
    shown = (await api.query(DEFINITIONS))["dynamicPartitionsDefinitions"]["edges"]
    assert [
        (
            edge["node"]["name"],
            edge["node"]["keyCount"],
            [one["node"]["key"] for one in edge["node"]["partitions"]["edges"]],
        )
        for edge in shown
    ] == [("images", 1, ["b"]), ("others", 1, ["x"])]


@pytest.mark.parametrize(
    ("name", "key", "path", "told"),
    [
        ("images", "", "key", "is empty"),
        ("images", "a\nb", "key", "control character"),
        ("images", "x" * 1025, "key", "longer than 1024 bytes"),
        ("", "a", "partitionsDefinition", "is empty"),
    ],
)
async def test_what_cannot_be_a_key_is_refused(api: Api, name: str, key: str, path: str, told: str) -> None:
    [error] = (await api.query(ADD, name=name, key=key))["addDynamicPartition"]["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", [path])
    assert told in error["message"]


async def test_a_run_is_launched_for_a_partition_that_there_is(api: Api, database: Database) -> None:
    await divided(database, BOTH, tags={"team": "a"})
    await add(api, "a.png")
    run = (await api.query(LAUNCH, job="sort", key="2000-01-01|a.png"))["launchRun"]["run"]
    assert run["partitionKey"] == "2000-01-01|a.png"
    assert {tag["key"]: tag["value"] for tag in run["tags"]} == {
        "team": "a", "vedette/partition": "2000-01-01|a.png", "vedette/partition/day": "2000-01-01",
        "vedette/partition/image": "a.png",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("partitions", "key", "told"),
    [
        (None, "a", "has no partitions; leave `partitionKey` out"),
        (OCEANS, "baltic", "has no partition 'baltic'"),
        (DAYS, "2002-01-01", "has no partition '2002-01-01'"),
        (IMAGES, "a.png", "no partition 'a.png' of the dynamic partitions 'images'; addDynamicPartition adds it"),
        (BOTH, "2000-01-01|a.png", "no partition 'a.png' of the dynamic partitions 'images'"),
    ],
)
async def test_a_partition_that_there_is_not_launches_nothing(
    api: Api, database: Database, partitions: Partitions | None, key: str, told: str
) -> None:
    await divided(database, partitions)
    [error] = (await api.query(LAUNCH, job="sort", key=key))["launchRun"]["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["partitionKey"])
    assert told in error["message"]
    assert await seeds.execute(database, "SELECT 1 FROM runs") == []


async def test_the_config_of_a_partition_may_be_left_to_the_code(api: Api, database: Database) -> None:
    schema = {"type": "object", "required": ["ops"]}
    await divided(database, OCEANS, partitioned_config=True, config_schema=schema)
    assert (await api.query(LAUNCH, job="sort", key="arctic"))["launchRun"]["errors"] == []
    [error] = (await api.query(LAUNCH, job="sort"))["launchRun"]["errors"]
    assert error["__typename"] == "InvalidRunConfig"
    [error] = (await api.query(LAUNCH, job="sort", key="arctic", config={"x": 1}))["launchRun"]["errors"]
    assert error["__typename"] == "InvalidRunConfig"


async def test_a_tick_tells_which_partitions_it_changed(api: Api, database: Database) -> None:
    sensor = await seeds.sensor(database)
    changes = [{"kind": "ADD", "definition": "images", "keys": ["a"], "skipped": ["b"]}]
    await seeds.tick(database, sensor, 1, partition_changes=json.dumps(changes))
    await seeds.tick(database, sensor, 2)
    document = "{ ticks { edges { node { partitionChanges { partitionsDefinition kind keys skippedKeys } } } } }"
    shown = [edge["node"]["partitionChanges"] for edge in (await api.query(document))["ticks"]["edges"]]
    assert shown == [
        [], [{"partitionsDefinition": "images", "kind": "ADD", "keys": ["a"], "skippedKeys": ["b"]}]
    ]  # fmt: skip
