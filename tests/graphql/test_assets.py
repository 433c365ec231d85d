"""Assets over the API: what there is, what each is made of, and how it stands."""

import asyncio
from typing import Any

import pytest

import seeds
from serving import Api
from statements import counted_statements
from vedette.domain.assets import AssetCheckSeverity, AssetEventKind, CheckOutcome
from vedette.domain.catalog import AssetCheckSpec, AssetMonitor, AssetSpec, Catalog, JobSpec, RunMonitor, SensorKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.metadata import MetadataEntry, MetadataKind
from vedette.domain.partitions import StaticPartitions
from vedette.domain.runs import RunStatus
from vedette.graphql import ids
from vedette.storage.catalog import catalogs
from vedette.storage.database import Database

SEEN, CHECKED = AssetEventKind.OBSERVATION, AssetEventKind.CHECK
KEYS = """query($filter: AssetFilter, $first: Int, $after: String) {
    assets(filter: $filter, first: $first, after: $after) {
        edges { node { key } } pageInfo { hasNextPage endCursor } } }"""
SPECS = (
    AssetSpec(
        ("raw", "orders"),
        description="As they come.",
        metadata={"rows": MetadataEntry(MetadataKind.INT, 3)},
        tags={"team": "shop"},
        owners=("ada@shop.example",),
        kinds=("csv",),
        code_version="1",
        jobs=("daily", "__ASSET_JOB"),
        op_name="raw__orders",
        group="raw",
    ),
    AssetSpec(
        ("report",),
        deps=(("raw", "orders"), ("rates",)),
        jobs=("__ASSET_JOB",),
        op_name="report",
        checks=(AssetCheckSpec("not_empty", "Has rows.", blocking=True), AssetCheckSpec("recent")),
    ),
    AssetSpec(("rates",), executable=False),
    AssetSpec(("rawness",), jobs=("__ASSET_JOB",), op_name="rawness"),
)


async def shop(database: Database) -> None:
    await seeds.code_location(database)
    for name in ("daily", "__ASSET_JOB", "process"):
        await seeds.job(database, JobSpec(name=name))
    await seeds.assets(database, SPECS)


async def keys(api: Api, **variables: Any) -> list[str]:
    found = (await api.query(KEYS, **variables))["assets"]["edges"]
    return ["/".join(edge["node"]["key"]) for edge in found]


async def test_an_asset_tells_what_it_is_and_what_it_is_made_of(api: Api, database: Database) -> None:
    await shop(database)
    document = """query($key: [String!]!) { asset(key: $key) { id key description group isExecutable owners kinds
        codeVersion metadata metadataEntries { label kind value } tags { key value } codeLocation { name }
        jobs { name assets { key } } dependsOn { key isExecutable } dependents { key } checks { name isBlocking } } }"""
    orders = (await api.query(document, key=["raw", "orders"]))["asset"]
    assert orders == {
        "id": ids.encode("Asset", "raw/orders"), "key": ["raw", "orders"], "description": "As they come.",
        "group": "raw", "isExecutable": True, "owners": ["ada@shop.example"], "kinds": ["csv"], "codeVersion": "1",
        "metadata": {"rows": 3}, "metadataEntries": [{"label": "rows", "kind": "INT", "value": 3}],
        "tags": [{"key": "team", "value": "shop"}], "codeLocation": {"name": "shop"},
        "jobs": [
            {"name": "daily", "assets": [{"key": ["raw", "orders"]}]},
            {"name": "__ASSET_JOB", "assets": [{"key": key} for key in (["raw", "orders"], ["rawness"], ["report"])]},
        ],
        "dependsOn": [], "dependents": [{"key": ["report"]}], "checks": [],
    }  # fmt: skip
    report = (await api.query(document, key=["report"]))["asset"]
    assert report["dependsOn"] == [
        {"key": ["raw", "orders"], "isExecutable": True}, {"key": ["rates"], "isExecutable": False}
    ]  # fmt: skip
    assert report["checks"] == [{"name": "not_empty", "isBlocking": True}, {"name": "recent", "isBlocking": False}]
    assert (await api.query(document, key=["none"]))["asset"] is None
    node = "query($id: ID!) { node(id: $id) { ... on Asset { key } } }"
    assert (await api.query(node, id=orders["id"]))["node"] == {"key": ["raw", "orders"]}
    assert (await api.query(node, id=ids.encode("Asset", "none")))["node"] is None
    for wrong in ("", "a//b", "a\\", "\\a"):
        assert await api.code(node, id=ids.encode("Asset", wrong)) == "BAD_ID"
    for wrong_key in ([], [""], ["a\0"]):
        assert await api.code(document, key=wrong_key) == "BAD_INPUT"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["other/loose", "rates", "raw/orders", "rawness", "report"]),
        ({"keyPrefix": ["raw"]}, ["raw/orders"]),
        ({"keyPrefix": ["raw", "orders"]}, ["raw/orders"]),
        ({"keyContains": "ORD"}, ["raw/orders"]),
        ({"group": "raw"}, ["raw/orders"]),
        ({"group": "default"}, ["rates", "rawness", "report"]),
        ({"codeLocation": "shop", "isExecutable": True}, ["raw/orders", "rawness", "report"]),
        ({"isExecutable": False}, ["other/loose", "rates"]),
        ({"codeLocation": "farm"}, []),
        ({"selection": "group:raw or key:report"}, ["raw/orders", "report"]),
        ({"selection": "+report"}, ["raw/orders", "report"]),
        ({"selection": "key:raw/orders+", "group": "default"}, ["report"]),
        ({"selection": "tag:team=shop and kind:csv"}, ["raw/orders"]),
        ({"selection": "not owner:ada@shop.example"}, ["rawness", "report"]),
    ],
)
async def test_lists_hold_what_passes(api: Api, database: Database, wanted: Any, found: list[str]) -> None:
    await shop(database)
    await seeds.asset_event(database, "other/loose", SEEN)
    assert await keys(api, filter=wanted) == found
    seen: list[str] = []
    after = None
    while True:
        page = (await api.query(KEYS, filter=wanted, first=2, after=after))["assets"]
        seen += ["/".join(edge["node"]["key"]) for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == found


@pytest.mark.parametrize("selection", ["", "group:", "key:none", "((((", "(" * 9000, "x" * 20_000])
async def test_a_selection_that_cannot_be_read_is_refused(api: Api, database: Database, selection: str) -> None:
    await shop(database)
    assert await api.code(KEYS, filter={"selection": selection}) == "BAD_INPUT"


async def test_selections_follow_what_is_loaded_anew(api: Api, database: Database) -> None:
    async def load(outcome: Catalog | ErrorInfo) -> None:
        async with database.writing() as connection:
            await catalogs.store(connection, "shop", "shop.py", outcome)

    everything = {"selection": "*"}
    assert await keys(api, filter=everything) == []
    await load(Catalog(assets=SPECS))
    assert await keys(api, filter=everything) == ["raw/orders", "rawness", "report"]
    await load(Catalog(assets=SPECS[:1]))
    assert await keys(api, filter=everything) == ["raw/orders"]
    await load(ErrorInfo("ImportError", "no", ()))
    assert await keys(api, filter=everything) == []
    await load(Catalog(assets=SPECS[3:]))
    assert await keys(api, filter=everything) == ["rawness"]


async def test_the_definitions_are_read_once_for_all_selections(api: Api, database: Database) -> None:
    await shop(database)
    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(keys(api, filter={"selection": "*", "keyPrefix": [f"p{number}"]}))
    with counted_statements() as statements:
        assert await keys(api, filter={"selection": "+report"}) == ["raw/orders", "report"]
        assert await keys(api, filter={"selection": "+report"}, first=1) == ["raw/orders"]
    # Each looks whether anything was loaded, and reads its page.
    assert len(statements) == 4


async def test_what_several_code_locations_name_is_that_of_the_one_that_makes_it(api: Api, database: Database) -> None:
    await shop(database)
    await seeds.code_location(database, "farm")
    await seeds.assets(database, [AssetSpec(("report",), executable=False), AssetSpec(("rates",))], "farm")
    found = await api.query('{ assets(filter: {codeLocation: "farm"}) { edges { node { key } } } asset(key: "report") '
                            "{ isExecutable codeLocation { name } } }")  # fmt: skip
    assert found["assets"]["edges"] == [{"node": {"key": ["rates"]}}]
    assert found["asset"] == {"isExecutable": True, "codeLocation": {"name": "shop"}}


async def test_sensors_that_ask_for_an_asset_and_those_that_watch_it(api: Api, database: Database) -> None:
    await shop(database)
    await seeds.sensor(database, "by_key", asset_keys=(("raw", "orders"),), job_names=("__ASSET_JOB",))
    await seeds.sensor(database, "by_job", job_names=("daily",))
    await seeds.sensor(database, "elsewhere", job_names=("process",))
    watching = AssetMonitor((("raw", "orders"), ("rates",)))
    await seeds.sensor(database, "watcher", kind=SensorKind.ASSET, monitors=watching, job_names=("process",))
    both = (("report",), ("rates",))
    await seeds.sensor(database, "of_several", kind=SensorKind.MULTI_ASSET, watched_assets=both)
    await seeds.sensor(database, "of_runs", kind=SensorKind.RUN_STATUS, monitors=RunMonitor(RunStatus.FAILURE))
    document = "query($key: [String!]!) { asset(key: $key) { sensors { name } watchedBy { name } } }"
    found = (await api.query(document, key=["raw", "orders"]))["asset"]
    assert found == {"sensors": [{"name": "by_job"}, {"name": "by_key"}], "watchedBy": [{"name": "watcher"}]}
    found = (await api.query(document, key=["report"]))["asset"]
    assert found["watchedBy"] == [{"name": "of_several"}]
    shown = await api.query(
        """{ sensors { edges { node { name monitoredAssets { key } targets { __typename
            ... on AssetSelectionTarget { keys assets { key } } } } } } }"""
    )
    by_name = {edge["node"]["name"]: edge["node"] for edge in shown["sensors"]["edges"]}
    assert by_name["watcher"]["monitoredAssets"] == [{"key": ["raw", "orders"]}, {"key": ["rates"]}]
    assert by_name["of_several"]["monitoredAssets"] == [{"key": ["report"]}, {"key": ["rates"]}]
    assert by_name["of_runs"]["monitoredAssets"] == []
    [target] = [one for one in by_name["by_key"]["targets"] if one["__typename"] == "AssetSelectionTarget"]
    assert target["assets"] == [{"key": ["raw", "orders"]}]


HISTORY = """query($key: [String!]!, $partition: String) { asset(key: $key) {
    latestMaterialization { position metadata run { id } }
    materializations(partitionKey: $partition) { edges { node {
        position partitionKey description metadata asset { key } run { id }
        tags { key value } metadataEntries { label kind value } } } }
    observations(partitionKey: $partition) { edges { node { position tick { number } } } }
    checkEvaluations(checkName: "not_empty") { edges { node { position checkName passed severity isBlocking } } }
    events(partitionKey: $partition) { edges { node { __typename position } } }
    made: events(kind: [MATERIALIZATION, CHECK, CHECK]) { edges { node { position } } }
    checks { name latestEvaluation { position passed } } materializedPartitionCount
} }"""


async def test_what_happened_to_an_asset(api: Api, database: Database) -> None:
    await shop(database)
    run = await seeds.run(database, 1)
    tick = await seeds.tick(database, await seeds.sensor(database), 1)
    size = {"rows": MetadataEntry(MetadataKind.INT, 5)}
    await seeds.asset_event(database, "report", run_id=run, metadata=size, tags={"a": "b"}, description="Done.")
    await seeds.asset_event(database, "report", SEEN, tick_id=tick)
    await seeds.asset_event(database, "report", partition_key="2026-01-01")
    for position, passed in ((4, True), (5, False)):
        check = CheckOutcome("not_empty", passed, AssetCheckSeverity.WARN, blocking=True, position=position)
        await seeds.asset_event(database, "report", CHECKED, check=check)
    await seeds.asset_event(database, "report", CHECKED, check=CheckOutcome("unknown", True))
    shown = (await api.query(HISTORY, key=["report"]))["asset"]
    assert shown["latestMaterialization"] == {"position": "3", "metadata": None, "run": None}
    second, first = (edge["node"] for edge in shown["materializations"]["edges"])
    assert (second["position"], second["partitionKey"], second["run"]) == ("3", "2026-01-01", None)
    assert first == {
        "position": "1", "partitionKey": None, "description": "Done.", "metadata": {"rows": 5},
        "asset": {"key": ["report"]}, "run": {"id": ids.encode("Run", run)}, "tags": [{"key": "a", "value": "b"}],
        "metadataEntries": [{"label": "rows", "kind": "INT", "value": 5}],
    }  # fmt: skip
    assert shown["observations"]["edges"] == [{"node": {"position": "2", "tick": {"number": 1}}}]
    assert [edge["node"]["position"] for edge in shown["checkEvaluations"]["edges"]] == ["5", "4"]
    assert shown["checkEvaluations"]["edges"][0]["node"] == {
        "position": "5", "checkName": "not_empty", "passed": False, "severity": "WARN", "isBlocking": True
    }  # fmt: skip
    assert [edge["node"]["position"] for edge in shown["events"]["edges"]] == ["6", "5", "4", "3", "2", "1"]
    assert shown["events"]["edges"][4]["node"]["__typename"] == "Observation"
    assert [edge["node"]["position"] for edge in shown["made"]["edges"]] == ["6", "5", "4", "3", "1"]
    assert shown["checks"] == [
        {"name": "not_empty", "latestEvaluation": {"position": "5", "passed": False}},
        {"name": "recent", "latestEvaluation": None},
    ]
    assert shown["materializedPartitionCount"] == 1
    of_partition = (await api.query(HISTORY, key=["report"], partition="2026-01-01"))["asset"]
    assert [edge["node"]["position"] for edge in of_partition["events"]["edges"]] == ["3"]
    assert of_partition["observations"]["edges"] == []


async def test_runs_and_ticks_lead_to_assets_and_to_what_they_told(api: Api, database: Database) -> None:
    await shop(database)
    tick = await seeds.tick(database, await seeds.sensor(database), 1)
    chosen = await seeds.run(database, 1, asset_selection='[["report"]]', job_name="__ASSET_JOB")
    whole = await seeds.run(database, 2, job_name="daily")
    for place, key in enumerate(("report", "raw/orders")):
        await seeds.asset_event(database, key, run_id=chosen, place=place)
    await seeds.asset_event(database, "rates", SEEN, tick_id=tick)
    document = """query($run: ID!, $tick: ID!) {
        run(id: $run) { assets { key } assetEvents(first: 1) { edges { node { assetKey } } pageInfo { hasNextPage } } }
        tick(id: $tick) { assetEvents { edges { node { __typename assetKey } } } } }"""
    shown = await api.query(document, run=ids.encode("Run", chosen), tick=ids.encode("Tick", tick))
    assert shown["run"] == {
        "assets": [{"key": ["report"]}],
        "assetEvents": {"edges": [{"node": {"assetKey": ["report"]}}], "pageInfo": {"hasNextPage": True}},
    }
    assert shown["tick"]["assetEvents"]["edges"] == [{"node": {"__typename": "Observation", "assetKey": ["rates"]}}]
    shown = await api.query(document, run=ids.encode("Run", whole), tick=ids.encode("Tick", tick))
    assert shown["run"]["assets"] == [{"key": ["raw", "orders"]}]


async def test_partitions_tell_when_each_was_produced(api: Api, database: Database) -> None:
    await seeds.code_location(database)
    divided = StaticPartitions(("a", "b", "c"))
    await seeds.assets(database, [AssetSpec(("sales",), partitions=divided), AssetSpec(("whole",))])
    run = await seeds.run(database, 1)
    await seeds.asset_event(database, "sales", run_id=run, partition_key="b")
    document = """query($key: [String!]!, $after: String) { asset(key: $key) { partitionsDefinition { kind }
        materializedPartitionCount partitions(first: 2, after: $after) {
        edges { node { partition { key } materializedAt run { id } } } pageInfo { hasNextPage endCursor } } } }"""
    shown = (await api.query(document, key=["sales"]))["asset"]
    assert (shown["partitionsDefinition"], shown["materializedPartitionCount"]) == ({"kind": "STATIC"}, 1)
    never, made = (edge["node"] for edge in shown["partitions"]["edges"])
    assert never == {"partition": {"key": "a"}, "materializedAt": None, "run": None}
    assert made["materializedAt"] is not None
    assert made["run"] == {"id": ids.encode("Run", run)}
    after = shown["partitions"]["pageInfo"]["endCursor"]
    [last] = (await api.query(document, key=["sales"], after=after))["asset"]["partitions"]["edges"]
    assert last["node"]["partition"] == {"key": "c"}
    assert (await api.query(document, key=["whole"]))["asset"]["partitions"] is None
