"""`vedette run-key …` on the real API."""

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import JobSpec
from vedette.storage.database import Database


@pytest.fixture
async def held(database: Database) -> str:
    """A sensor with two keys that a run holds; return the run's id."""
    await seeds.code_location(database)
    sensor = await seeds.sensor(database)
    run = await seeds.run(database, 1, "FAILURE", sensor_id=sensor)
    for key, dedup in (("a.csv", "FOREVER"), ("b.csv", "UNTIL_SUCCESS")):
        await seeds.execute(
            database,
            "INSERT INTO run_keys (scope, run_key, run_id, dedup) VALUES (:scope, :key, :run, :dedup)",
            scope=sensor,
            key=key,
            run=run,
            dedup=dedup,
        )
    return str(run)


async def test_keys_are_listed_with_the_runs_that_hold_them(terminal: Terminal, held: str) -> None:
    lines = (await terminal.ok("run-key", "list", "inbox")).out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["a.csv", "b.csv"]
    assert held in lines[1]
    assert "until success" in lines[2]
    [found] = (await terminal.ok("run-key", "list", "inbox", "--contains", "B", "--json")).json
    assert (found["runKey"], found["dedup"], found["run"]["status"]) == ("b.csv", "UNTIL_SUCCESS", "FAILURE")
    nothing = await terminal.ok("run-key", "list", "inbox", "--contains", "zzz")
    assert nothing.out == "No run holds a run key of the sensor inbox with that in it.\n"


async def test_a_key_is_released_and_then_it_is_free(terminal: Terminal, held: str) -> None:
    assert (await terminal.ok("run-key", "release", "inbox", "a.csv")).out == f"Released a.csv; run {held} held it.\n"
    (await terminal.call("run-key", "release", "inbox", "a.csv")).fails(1, "'a.csv'", "it is free")
    released = (await terminal.ok("run-key", "release", "inbox", "b.csv", "--json")).json
    assert [key["runKey"] for key in released] == ["b.csv"]
    assert (await terminal.ok("run-key", "list", "inbox", "--json")).json == []


async def test_keys_of_runs_launched_by_hand_are_those_of_the_job(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.job(database, JobSpec(name="nightly"))
    await terminal.ok("run", "launch", "nightly", "--run-key", "monday")
    assert "monday" in (await terminal.ok("run-key", "list", "--job", "nightly")).out
    await terminal.ok("run-key", "release", "--job", "nightly", "monday")
    await terminal.ok("run", "launch", "nightly", "--run-key", "monday")


async def test_whose_key_is_meant_must_be_said(terminal: Terminal) -> None:
    (await terminal.call("run-key", "list")).fails(2, "Name a sensor, or a job with --job")
    (await terminal.call("run-key", "release", "inbox")).fails(2, "SENSOR KEY")
    (await terminal.call("run-key", "list", "nobody")).fails(1, "no sensor 'nobody'")
