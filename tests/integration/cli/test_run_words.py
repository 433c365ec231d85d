"""`vedette run …` on the real API."""

from pathlib import Path
from uuid import UUID, uuid4

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import JobSpec
from vedette.storage.database import Database


async def test_runs_are_listed_and_filtered(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    first = await seeds.run(database, 1, "SUCCESS", run_key="k1", tags='{"team": "data"}')
    second = await seeds.run(database, 2, "FAILURE", job_name="other")
    lines = (await terminal.ok("run", "list")).out.splitlines()
    assert [line.split()[0] for line in lines] == ["Run", str(second), str(first)]
    for words in (("--status", "success"), ("--job", "process"), ("--run-key", "k1"), ("--tag", "team=data")):
        listed = (await terminal.ok("run", "list", *words, "--json")).json
        assert [run["runKey"] for run in listed] == ["k1"], words


async def test_a_run_is_launched_shown_and_canceled(database: Database, terminal: Terminal, tmp_path: Path) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process"))
    config = tmp_path / "config.json"
    config.write_text('{"ops": {"load": {"config": {"path": "a.csv"}}}}')
    words = ("--config", f"@{config}", "--tag", "team=data", "--run-key", "once")
    launched = (await terminal.ok("run", "launch", "process", *words)).out.split()
    assert launched[1] == "QUEUED"
    shown = (await terminal.ok("run", "show", launched[0])).out
    for word in ("process", "QUEUED", "team=data", "a.csv", "once"):
        assert word in shown
    as_json = (await terminal.ok("run", "show", launched[0], "--json")).json
    assert (await terminal.ok("run", "show", as_json["id"], "--json")).json["id"] == as_json["id"]
    (await terminal.call("run", "launch", "process", "--run-key", "once")).fails(1, "once")
    assert "CANCELED" in (await terminal.ok("run", "cancel", launched[0])).out
    (await terminal.call("run", "cancel", launched[0])).fails(1)


async def test_a_config_that_the_job_refuses_fails_with_the_reason(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    schema = {"type": "object", "properties": {"size": {"type": "integer"}}}
    await seeds.job(database, JobSpec(name="process", config_schema=schema))
    (await terminal.call("run", "launch", "process", "--config", '{"size": "x"}')).fails(1, "size")
    assert (await terminal.ok("run", "list")).out.startswith("No runs yet: ")


async def test_unknown_runs_and_jobs_are_named(terminal: Terminal) -> None:
    missing = str(uuid4())
    for words in (("show", missing), ("logs", missing), ("cancel", missing)):
        (await terminal.call("run", *words)).fails(1)
    for word in ("show", "logs", "cancel"):
        (await terminal.call("run", word, "no-id")).fails(1, "There is no run no-id", "vedette run list")
    (await terminal.call("run", "launch", "nothing")).fails(1, "There is no job 'nothing'")


async def test_waiting_for_a_run_ends_with_it_and_tells_how(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="process"))
    for status, code in (("SUCCESS", 0), ("FAILURE", 1)):
        async with terminal.follow("run", "launch", "process", "--wait", "--run-key", status) as waiting:
            run_id = await _queued(database)
            await seeds.run_event(database, run_id, f"RUN_{status}", status)
            assert (await waiting.line()).split() == [str(run_id), status]
            assert await waiting.ended() == code


async def test_logs_are_printed_and_followed_to_the_end(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    run_id = await seeds.run(database, 1, "STARTED")
    await seeds.run_event(database, run_id, "LOG", level="WARNING", logger="x", message="[red] first", step="load")
    assert "WARNING load [red] first" in (await terminal.ok("run", "logs", str(run_id))).out
    async with terminal.follow("run", "logs", str(run_id), "--follow") as following:
        assert (await following.line()).endswith("RUN_QUEUED")
        assert (await following.line()).endswith("WARNING load [red] first")
        await seeds.run_event(database, run_id, "RUN_SUCCESS", "SUCCESS")
        assert (await following.line()).endswith("RUN_SUCCESS")
        assert await following.ended() == 0


async def _queued(database: Database) -> UUID:
    """Return the one queued run, as soon as there is one."""
    while True:
        rows = await seeds.execute(database, "SELECT id FROM runs WHERE status = 'QUEUED'")
        if rows:
            return UUID(str(rows[0].id))
