"""`vedette asset …` on the real API."""

import json

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.assets import AssetEventKind, CheckOutcome
from vedette.domain.catalog import AssetCheckSpec, AssetSpec, JobSpec
from vedette.domain.metadata import MetadataEntry, MetadataKind
from vedette.storage.database import Database


@pytest.fixture
async def run(database: Database) -> str:
    """Two assets, of which one was produced, by a run; return its id."""
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="__ASSET_JOB"))
    checks = (AssetCheckSpec("not_empty", blocking=True), AssetCheckSpec("recent"))
    await seeds.assets(
        database,
        [
            AssetSpec(("raw", "orders"), group="raw", description="As they come.", op_name="o", jobs=("__ASSET_JOB",)),
            AssetSpec(("report",), deps=(("raw", "orders"),), op_name="r", jobs=("__ASSET_JOB",), checks=checks),
        ],
    )
    made = await seeds.run(database, 1, "SUCCESS")
    rows = {"rows": MetadataEntry(MetadataKind.INT, 5)}
    await seeds.asset_event(database, "raw/orders", run_id=made, metadata=rows)
    check = CheckOutcome("not_empty", passed=False)
    await seeds.asset_event(database, "report", AssetEventKind.CHECK, check=check)
    return str(made)


async def test_assets_are_listed_and_selected(terminal: Terminal, run: str) -> None:
    orders, report = (await terminal.ok("asset", "list")).out.splitlines()[1:]
    assert orders.split()[:2] == ["raw/orders", "raw"]
    assert run in orders
    assert "never" in report
    found = (await terminal.ok("asset", "list", "--select", "+report", "--json")).json
    assert [one["key"] for one in found] == [["raw", "orders"], ["report"]]
    found = (await terminal.ok("asset", "list", "--group", "raw", "--json")).json
    assert [one["key"] for one in found] == [["raw", "orders"]]
    assert (await terminal.ok("asset", "list", "--name", "zzz")).out == "No asset passes the filter.\n"
    (await terminal.call("asset", "list", "--select", "group:")).fails(1, "cannot be read")


async def test_an_asset_is_shown_with_what_happened_to_it(terminal: Terminal, run: str) -> None:
    shown = (await terminal.ok("asset", "show", "report")).out
    assert "raw/orders" in shown
    assert "not_empty: did not pass (ERROR), blocking" in shown
    assert "recent: never checked" in shown
    orders = (await terminal.ok("asset", "show", "raw/orders", "--json")).json
    assert orders["latestMaterialization"]["run"]["status"] == "SUCCESS"
    line = (await terminal.ok("asset", "events", "raw/orders")).out.splitlines()[1]
    assert "materialized" in line
    assert f"run {run}" in line
    assert "rows=5" in line
    assert "ERROR not_empty did not pass" in (await terminal.ok("asset", "events", "report")).out
    (await terminal.call("asset", "show", "none")).fails(1, "no asset 'none'")
    (await terminal.call("asset", "events", "none")).fails(1, "no asset 'none'")
    assert (await terminal.call("asset", "show", "a//b")).code == 2


async def test_a_run_is_launched_for_keys_or_a_selection(terminal: Terminal, run: str) -> None:
    made = (await terminal.ok("asset", "materialize", "raw/orders", "--tag", "a=b", "--json")).json
    assert (made["jobName"], made["status"]) == ("__ASSET_JOB", "QUEUED")
    assert {"key": "a", "value": "b"} in made["tags"]
    ranged = await terminal.ok("asset", "materialize", "--select", "*", "--partition-range", "a...c", "--json")
    assert {"key": "vedette/asset_partition_range_end", "value": "c"} in ranged.json["tags"]
    (await terminal.call("asset", "materialize", "none")).fails(1, "'none' does not exist")
    (await terminal.call("asset", "materialize", "--select", "group:none")).fails(1, "no asset that can be produced")
    (await terminal.call("asset", "materialize")).fails(2, "--select")
    (await terminal.call("asset", "materialize", "report", "--partition-range", "a")).fails(2, "FROM...TO")


async def test_what_is_reported_is_told(terminal: Terminal, run: str) -> None:
    async with terminal.follow("asset", "follow", "--after", "2", "--json") as following:
        told = await terminal.ok("asset", "report", "raw/orders", "--metadata", '{"n": 1}', "--idempotency-key", "k")
        assert "raw/orders materialized" in told.out
        assert "n=1" in told.out
        again = ("asset", "report", "raw/orders", "--metadata", '{"n": 1}', "--idempotency-key", "k", "--json")
        assert (await terminal.ok(*again)).json["position"] == "3"
        checked = (await terminal.ok("asset", "report", "report", "--check", "c", "--failed", "--warn", "--json")).json
        assert (checked["position"], checked["severity"]) == ("4", "WARN")
        lines = [json.loads(await following.line()) for _ in range(2)]
    assert [line["position"] for line in lines] == ["3", "4"]
    (await terminal.call("asset", "report", "a", "--check", "c")).fails(2, "--passed")
    (await terminal.call("asset", "report", "a", "--metadata", "[]")).fails(2, "--metadata")


async def test_what_is_wiped_was_never_produced(terminal: Terminal, run: str) -> None:
    assert (await terminal.ok("asset", "wipe", "raw/orders", "--yes")).out == "Wiped raw/orders\n"
    assert (await terminal.ok("asset", "list", "--json")).json[0]["latestMaterialization"] is None
    (await terminal.call("asset", "wipe", "none", "--yes")).fails(1, "no asset 'none'")
    (await terminal.call("asset", "wipe")).fails(2, "--all")
    done = (await terminal.ok("asset", "wipe", "--all", "--noprompt", "--json")).json
    assert done == [{"key": ["raw", "orders"]}, {"key": ["report"]}]
