"""`vedette job …`, and jobs of several code locations, on the real API."""

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import JobSpec, OpSpec
from vedette.storage.database import Database

LOAD = OpSpec(name="load")


async def test_jobs_are_listed_and_shown(database: Database, terminal: Terminal) -> None:
    assert (await terminal.ok("job", "list")).out.startswith("No jobs yet: ")
    assert (await terminal.ok("job", "list", "--json")).json == []
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process", description="Counts words.", ops=(LOAD,)))
    await seeds.job(database, JobSpec(name="other"))
    lines = (await terminal.ok("job", "list")).out.splitlines()
    assert [line.split()[0] for line in lines] == ["Job", "other", "process"]
    assert "load" in lines[2]
    assert "Counts" in lines[2]
    assert [job["name"] for job in (await terminal.ok("job", "list", "--name", "proc", "--json")).json] == ["process"]
    shown = (await terminal.ok("job", "show", "process")).out
    for word in ("process", "shop", "Counts words.", "load"):
        assert word in shown
    (await terminal.call("job", "show", "nothing")).fails(1, "There is no job 'nothing'", "vedette job list")


async def test_runs_tell_their_code_location_where_there_are_several(database: Database, terminal: Terminal) -> None:
    for location in ("shop", "bank"):
        await seeds.code_location(database, location)
        await seeds.job(database, JobSpec(name="process"), location)
    run_id = await seeds.run(database, 1, "SUCCESS", code_location="bank")
    assert "bank/" in (await terminal.ok("run", "list")).out
    assert "bank" in (await terminal.ok("run", "show", str(run_id))).out
    assert "bank/process" in (await terminal.ok("job", "list")).out
