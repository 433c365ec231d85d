"""`vedette partition …`, and launching for a partition, on the real API."""

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import JobSpec
from vedette.domain.partitions import DynamicPartitions, StaticPartitions
from vedette.domain.time_windows import TimeWindowPartitions
from vedette.storage.database import Database

# January 2020, over.
DAYS = TimeWindowPartitions("0 0 * * *", "%Y-%m-%d", 1577836800.0, "UTC", 1580515200.0)


@pytest.fixture
async def jobs(database: Database) -> None:
    await seeds.code_location(database)
    for spec in (
        JobSpec(name="daily", partitions=DAYS),
        JobSpec(name="images", partitions=DynamicPartitions("images")),
        JobSpec(name="oceans", partitions=StaticPartitions(("arctic", "atlantic"))),
        JobSpec(name="plain"),
    ):
        await seeds.job(database, spec)


async def test_dynamic_partitions_are_added_listed_and_deleted(terminal: Terminal, jobs: None) -> None:
    assert (await terminal.ok("partition", "list")).out == (
        "No dynamic partitions; a sensor adds some, or `vedette partition add NAME KEY`.\n"
    )
    assert (await terminal.ok("partition", "add", "images", "b", "a", "b")).out.splitlines() == [
        "Added b", "Added a", "b was there already."
    ]  # fmt: skip
    assert (await terminal.ok("partition", "list")).out.splitlines()[1].split() == ["images", "2"]
    lines = (await terminal.ok("partition", "list", "images")).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["b", "a"]
    found = (await terminal.ok("partition", "list", "images", "--prefix", "a", "--json")).json
    assert [one["key"] for one in found] == ["a"]
    assert (await terminal.ok("partition", "delete", "images", "a", "z")).out.splitlines() == [
        "Deleted a", "z was not there."
    ]  # fmt: skip
    [change] = (await terminal.ok("partition", "delete", "images", "b", "--json")).json
    assert (change["kind"], change["keys"]) == ("DELETE", ["b"])
    assert "have no key" in (await terminal.ok("partition", "list", "images")).out


async def test_partitions_of_a_job_are_listed(terminal: Terminal, jobs: None) -> None:
    lines = (await terminal.ok("partition", "list", "--job", "oceans")).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["arctic", "atlantic"]
    found = (await terminal.ok("partition", "list", "--job", "daily", "--first", "2", "--json")).json
    assert [one["key"] for one in found] == ["2020-01-01", "2020-01-02"]
    assert found[0]["endsAt"] == "2020-01-02T00:00:00+00:00"
    assert "no partition that begins with '2021'" in (
        await terminal.ok("partition", "list", "--job", "daily", "--prefix", "2021")
    ).out  # fmt: skip


async def test_a_run_is_launched_for_a_partition(terminal: Terminal, jobs: None) -> None:
    run = (await terminal.ok("run", "launch", "oceans", "--partition", "arctic", "--json")).json
    shown = (await terminal.ok("run", "show", run["id"], "--json")).json
    assert shown["partitionKey"] == "arctic"
    await terminal.ok("job", "launch", "daily", "--partition", "2020-01-31")
    (await terminal.call("job", "launch", "oceans", "--partition", "baltic")).fails(1, "no partition 'baltic'")


async def test_what_cannot_be_meant_is_refused(terminal: Terminal, jobs: None) -> None:
    (await terminal.call("partition", "list", "images", "--job", "daily")).fails(2, "not both")
    (await terminal.call("partition", "list", "nowhere")).fails(1, "no dynamic partitions 'nowhere'")
    (await terminal.call("partition", "list", "--job", "plain")).fails(1, "'plain' has no partitions")
    (await terminal.call("partition", "add", "images", "")).fails(1, "is empty")
