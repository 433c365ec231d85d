"""`vedette queue` and `vedette limit …` on the real API."""

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import JobSpec
from vedette.storage.database import Database


@pytest.fixture
async def project(database: Database) -> None:
    """A job whose code limits it."""
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process", max_concurrent_runs=3))


@pytest.mark.usefixtures("project")
async def test_the_queue_is_listed_in_its_order_with_what_each_run_waits_for(
    database: Database, terminal: Terminal
) -> None:
    assert (await terminal.ok("queue")).out == "No run waits.\n"
    later = str(await seeds.run(database, 1, turn=2))
    first = str(await seeds.run(database, 2, priority=7))
    lines = (await terminal.ok("queue")).out.splitlines()
    assert [line.split()[:3] for line in lines[1:2]] == [["1", "(7)", first]]
    assert lines[2].split()[:2] == ["2", later]
    assert "a launcher of shop" in lines[1]
    assert [run["queuePosition"] for run in (await terminal.ok("queue", "--json")).json] == [1, 2]
    await terminal.ok("limit", "set", "0", "--job", "process")
    assert "the limit of 0 runs of the job process (shop)" in (await terminal.ok("queue")).out
    shown = (await terminal.ok("run", "show", later)).out
    assert "2 in the queue" in shown
    assert "No launcher can execute" in shown


@pytest.mark.usefixtures("project")
async def test_limits_are_set_listed_and_removed(terminal: Terminal) -> None:
    assert (await terminal.ok("limit", "set", "50")).out == "At most 50 at once: runs in all.\n"
    await terminal.ok("limit", "set", "1", "--job", "process")
    await terminal.ok("limit", "set", "5", "--tag", "db=big")
    await terminal.ok("limit", "set", "2", "--tag", "customer", "--each-value")
    lines = (await terminal.ok("limit", "list")).out.splitlines()[1:]
    assert [line.partition("  ")[0] for line in lines] == [
        "runs in all",
        "runs of each value of the tag customer",
        "runs of the job process (shop)",
        "runs with the tag db=big",
    ]
    assert "(code: 3)" in lines[2]
    removed = await terminal.ok("limit", "remove", "--job", "process")
    assert removed.out == "At most 3 at once, as the code says: runs of the job process (shop).\n"
    assert (await terminal.ok("limit", "remove")).out == "Removed the limit of runs in all.\n"
    await terminal.ok("limit", "remove", "--tag", "db=big")
    await terminal.ok("limit", "remove", "--tag", "customer", "--each-value")
    [left] = (await terminal.ok("limit", "list", "--json")).json
    assert (left["maxConcurrentRuns"], left["setBy"]) == (3, None)
    (await terminal.call("limit", "remove", "--job", "process")).fails(1, "The code of the job sets this limit")


@pytest.mark.usefixtures("project")
async def test_what_is_wrong_with_a_limit_is_said(terminal: Terminal) -> None:
    (await terminal.call("limit", "set", "1", "--job", "process", "--tag", "a")).fails(2, "--job or --tag")
    (await terminal.call("limit", "set", "1", "--each-value")).fails(2, "--tag KEY --each-value")
    (await terminal.call("limit", "set", "1", "--tag", "a=b", "--each-value")).fails(2, "KEY=VALUE")
    (await terminal.call("limit", "set", "1", "--job", "nothing")).fails(1, "There is no job 'nothing'")
    (await terminal.call("limit", "remove")).fails(1, "There is no such limit; `vedette limit list` lists them.")
