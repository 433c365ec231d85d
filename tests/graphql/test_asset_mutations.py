"""Telling what happened to assets, forgetting it, and launching runs of some of them."""

import json
from typing import Any

import pytest

import seeds
from serving import Api
from vedette.domain.catalog import AssetSpec, JobSpec
from vedette.domain.partitions import StaticPartitions
from vedette.storage.database import Database

REPORT = """mutation($input: ReportAssetEventInput!) { reportAssetEvent(input: $input) {
    event { __typename position assetKey partitionKey description metadata tags { key value } run { id }
        ... on AssetCheckEvaluation { checkName passed severity } }
    errors { __typename message path } } }"""
WIPE = """mutation($keys: [[String!]!]!, $key: String) { wipeAssets(input: {assetKeys: $keys, idempotencyKey: $key}) {
    assets { key latestMaterialization { position } materializations { edges { cursor } } materializedPartitionCount }
    errors { __typename message path } } }"""
LAUNCH = """mutation($input: LaunchRunInput!) { launchRun(input: $input) {
    run { id jobName assetSelection partitionKey job { codeLocation { name } } tags { key value } assets { key } }
    errors { __typename message path } } }"""


async def report(api: Api, **given: Any) -> Any:
    return (await api.query(REPORT, input=given))["reportAssetEvent"]


async def test_what_is_reported_is_recorded_and_read_again(api: Api) -> None:
    made = await report(
        api, assetKey=["raw", "a/b"], partitionKey="x", description="By hand.", metadata={"n": 1}, dataVersion="v2"
    )
    assert made["errors"] == []
    assert made["event"] == {
        "__typename": "Materialization", "position": "1", "assetKey": ["raw", "a/b"], "partitionKey": "x",
        "description": "By hand.", "metadata": {"n": 1}, "tags": [{"key": "vedette/data_version", "value": "v2"}],
        "run": None,
    }  # fmt: skip
    seen = await report(api, assetKey=["raw", "a/b"], kind="OBSERVATION")
    assert (seen["event"]["__typename"], seen["event"]["position"]) == ("Observation", "2")
    check = {"name": "recent", "passed": False, "severity": "WARN"}
    checked = (await report(api, assetKey=["raw", "a/b"], kind="CHECK", check=check))["event"]
    assert (checked["checkName"], checked["passed"], checked["severity"]) == ("recent", False, "WARN")
    shown = await api.query('{ asset(key: ["raw", "a/b"]) { group events { edges { node { position } } } } }')
    assert shown["asset"]["group"] is None
    assert [edge["node"]["position"] for edge in shown["asset"]["events"]["edges"]] == ["3", "2", "1"]


async def test_a_report_is_recorded_once_a_key(api: Api, database: Database) -> None:
    given = {"assetKey": ["a"], "metadata": {"n": 1}, "idempotencyKey": "k"}
    first = await report(api, **given)
    assert await report(api, **given) == first
    [reused] = (await report(api, **given | {"metadata": {"n": 2}}))["errors"]
    assert reused["__typename"] == "IdempotencyKeyReused"
    assert len(await seeds.execute(database, "SELECT 1 FROM asset_events")) == 1


@pytest.mark.parametrize(
    ("given", "path", "word"),
    [
        ({"kind": "CHECK"}, ["check"], "go together"),
        ({"check": {"name": "c", "passed": True}}, ["check"], "go together"),
        ({"kind": "CHECK", "check": {"name": "", "passed": True}}, [], "check_name"),
        ({"kind": "CHECK", "check": {"name": "c", "passed": True}, "dataVersion": "1"}, ["dataVersion"], "leave"),
        ({"metadata": [1]}, [], "mapping"),
        ({"metadata": {"a": 2**70}}, [], "metadata"),
        ({"partitionKey": "p" * 2000}, [], "1024"),
        ({"assetKey": ["k" * 2000]}, [], "1024"),
    ],
)
async def test_what_cannot_be_recorded_is_refused(
    api: Api, database: Database, given: dict[str, Any], path: list[str], word: str
) -> None:
    [error] = (await report(api, **{"assetKey": ["a"]} | given))["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", path)
    assert word in error["message"]
    assert await seeds.execute(database, "SELECT 1 FROM asset_events") == []


async def test_wiped_assets_are_as_if_they_had_never_been_produced(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    await seeds.assets(database, [AssetSpec(("a",)), AssetSpec(("b",))])
    for key in ("a", "b", "loose"):
        await seeds.asset_event(database, key, partition_key="p")
    [missing] = (await api.query(WIPE, keys=[["a"], ["none"]]))["wipeAssets"]["errors"]
    assert (missing["__typename"], missing["path"]) == ("NotFound", ["assetKeys"])
    done = (await api.query(WIPE, keys=[["a"], ["loose"]], key="once"))["wipeAssets"]
    bare: Any = {
        "key": ["a"],
        "latestMaterialization": None,
        "materializations": {"edges": []},
        "materializedPartitionCount": 0,
    }
    assert done == {"assets": [bare], "errors": []}
    listed = await api.query("{ assets { edges { node { key latestMaterialization { position } } } } }")
    assert [edge["node"]["key"] for edge in listed["assets"]["edges"]] == [["a"], ["b"]]
    assert listed["assets"]["edges"][1]["node"]["latestMaterialization"] == {"position": "2"}
    await seeds.asset_event(database, "a")
    # The twin of a wipe that was done does nothing more.
    assert (await api.query(WIPE, keys=[["a"], ["loose"]], key="once"))["wipeAssets"]["errors"] == []
    shown = await api.query('{ asset(key: "a") { materializations { edges { node { position } } } } }')
    assert [edge["node"]["position"] for edge in shown["asset"]["materializations"]["edges"]] == ["4"]
    assert len(await seeds.execute(database, "SELECT 1 FROM asset_events")) == 4


def made(key: str, op: str | None = None, jobs: tuple[str, ...] = ("__ASSET_JOB",), **more: Any) -> AssetSpec:
    return AssetSpec(tuple(key.split("/")), op_name=op or key, jobs=jobs, **more)


SCHEMA = {
    "$defs": {
        "Own": {"type": "object", "properties": {"config": {"type": "object"}}, "required": ["config"]},
        "ops": {
            "type": "object", "properties": {"a": {"$ref": "#/$defs/Own"}, "b": {"type": "object"}},
            "required": ["a"], "additionalProperties": False,
        },
    },
    "type": "object", "properties": {"ops": {"$ref": "#/$defs/ops"}}, "required": ["ops"],
}  # fmt: skip
DAYS = StaticPartitions(("mon", "tue"))


async def shops(database: Database) -> None:
    for location in ("shop", "farm"):
        await seeds.code_location(database, location)
        await seeds.job(database, JobSpec(name="__ASSET_JOB", config_schema=SCHEMA), location)
    await seeds.job(database, JobSpec(name="daily", partitions=DAYS))
    await seeds.assets(
        database,
        [
            made("a"), made("b"), made("day", jobs=("daily", "__ASSET_JOB"), partitions=DAYS),
            made("region", partitions=StaticPartitions(("eu",))), made("one", "pair"), made("two", "pair"),
            made("both"), AssetSpec(("watched",), executable=False),
        ],
    )  # fmt: skip
    await seeds.assets(database, [made("milk"), made("both"), AssetSpec(("a",), executable=False)], "farm")


async def launch(api: Api, *keys: str, **given: Any) -> Any:
    selection = [key.split("/") for key in keys]
    return (await api.query(LAUNCH, input={"assetSelection": selection, **given}))["launchRun"]


async def test_a_run_of_assets_is_of_the_code_location_that_makes_them(api: Api, database: Database) -> None:
    await shops(database)
    run = (await launch(api, "b"))["run"]
    assert (run["jobName"], run["assetSelection"]) == ("__ASSET_JOB", [["b"]])
    assert (run["job"]["codeLocation"]["name"], run["assets"]) == ("shop", [{"key": ["b"]}])
    assert (await launch(api, "milk"))["run"]["job"]["codeLocation"]["name"] == "farm"
    assert (await launch(api, "one", "two"))["run"]["assetSelection"] == [["one"], ["two"]]
    configured = await launch(api, "a", runConfig={"ops": {"a": {"config": {}}}})
    assert configured["errors"] == []
    part = (await launch(api, "day", "b", partitionKey="mon"))["run"]
    assert part["partitionKey"] == "mon"
    assert {"key": "vedette/partition", "value": "mon"} in part["tags"]
    named = (await launch(api, "day", jobName="daily", partitionKey="tue"))["run"]
    assert (named["jobName"], named["assetSelection"]) == ("daily", [["day"]])
    rows = await seeds.execute(database, "SELECT asset_selection FROM runs ORDER BY queued_at, id")
    assert json.loads(rows[0].asset_selection) == [["b"]]


@pytest.mark.parametrize(
    ("keys", "given", "kind", "word"),
    [
        (["none"], {}, "InvalidInput", "'none' does not exist"),
        (["watched"], {}, "InvalidInput", "can be watched only"),
        (["b", "milk"], {}, "InvalidInput", "No code location makes all"),
        (["both"], {}, "InvalidInput", "Several code locations"),
        ([], {"jobName": "daily"}, "InvalidInput", "is empty"),
        ([], {}, "InvalidInput", "Name the job"),
        (["b"], {"jobName": "daily"}, "InvalidInput", "does not make the asset 'b'"),
        (["one"], {}, "InvalidInput", "together with 'two'"),
        (["day", "region"], {"partitionKey": "eu"}, "InvalidInput", "different partitions"),
        (["day"], {"partitionKey": "sun"}, "InvalidInput", "no partition 'sun'"),
        (["b"], {"partitionKey": "mon"}, "InvalidInput", "no partitions"),
        (["a"], {}, "InvalidRunConfig", "'ops' is a required property"),
        (["b"], {"runConfig": {"ops": {"a": {"config": {}}}}}, "InvalidRunConfig", "'a' was unexpected"),
    ],
)
async def test_a_run_that_could_not_make_its_assets_is_refused(
    api: Api, database: Database, keys: list[str], given: dict[str, Any], kind: str, word: str
) -> None:
    await shops(database)
    [error] = (await launch(api, *keys, **given))["errors"]
    assert error["__typename"] == kind
    assert word in error["message"]
    assert await seeds.execute(database, "SELECT 1 FROM runs") == []


async def test_a_rerun_is_of_the_same_assets(api: Api, database: Database) -> None:
    await shops(database)
    run = (await launch(api, "b"))["run"]
    await seeds.execute(database, "UPDATE runs SET status = 'SUCCESS'")
    again = await api.query(
        "mutation($id: ID!) { rerun(input: {runId: $id}) { run { assetSelection } errors { message } } }", id=run["id"]
    )
    assert again["rerun"] == {"run": {"assetSelection": [["b"]]}, "errors": []}
