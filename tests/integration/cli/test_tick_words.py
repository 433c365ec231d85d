"""Showing ticks, listing a sensor's and printing its logs, on the real API."""

from uuid import UUID

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.graphql import ids
from vedette.storage.database import Database


@pytest.fixture
async def sensor(database: Database) -> UUID:
    await seeds.code_location(database)
    return await seeds.sensor(database)


async def said(database: Database, tick: UUID, status: str, *lines: tuple[str, str]) -> None:
    for seq, (level, message) in enumerate(lines):
        await seeds.execute(
            database,
            "INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message) "
            "VALUES (:tick, :seq, :status, now(), :level, 'sensor', :message)",
            tick=tick,
            seq=seq,
            status=status,
            level=level,
            message=message,
        )


async def test_a_tick_is_shown_with_the_run_that_a_repeat_repeats(
    database: Database, terminal: Terminal, sensor: UUID
) -> None:
    run = await seeds.run(database, 1, "FAILURE", sensor_id=sensor)
    await seeds.tick(database, sensor, 1)
    tick = await seeds.tick(database, sensor, 2, cursor_before="a", cursor_after="", requested_count=1)
    await seeds.tick(database, sensor, 3, skip_reason="Nothing new.")
    await said(database, tick, "SKIPPED", ("INFO", "looked"))
    await seeds.execute(
        database,
        "INSERT INTO run_requests (tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags, "
        "partition_key, outcome, run_id) VALUES (:tick, 0, 'SKIPPED', 'load', 'a.csv', 'TTL', 60, "
        """'{"ops": {}}', '{"team": "data"}', '2026-01-01', 'DUPLICATE', :run)""",
        tick=tick,
        run=run,
    )
    shown = (await terminal.ok("tick", "show", "inbox", "2")).out
    for part in (
        "shop/inbox #2", "DUPLICATE load", "a.csv (for 60 s)", f"{run} FAILURE", "2026-01-01", "team=data",
        '{"ops": {}}', "INFO looked",
    ):  # fmt: skip
        assert part in shown
    assert "Nothing new." in (await terminal.ok("tick", "show", "inbox")).out
    by_id = (await terminal.ok("tick", "show", str(tick), "--json")).json
    assert (by_id["number"], by_id["runRequests"][0]["run"]["id"]) == (2, ids.encode("Run", run))
    (await terminal.call("tick", "show", "inbox", "9")).fails(1, "no tick #9")
    (await terminal.call("tick", "show", str(run))).fails(1, f"no tick {run}")


async def test_a_sensor_without_ticks_says_so(terminal: Terminal, sensor: UUID) -> None:
    (await terminal.call("tick", "show", "inbox")).fails(1, "has had no tick yet")
    assert "No ticks yet" in (await terminal.ok("sensor", "ticks", "inbox")).out
    assert (await terminal.ok("sensor", "ticks", "inbox", "--json")).json == []
    assert "it has had none yet" in (await terminal.ok("sensor", "logs", "inbox")).out


async def test_logs_of_the_latest_ticks_are_printed_in_order(
    database: Database, terminal: Terminal, sensor: UUID
) -> None:
    for number in (1, 2, 3):
        tick = await seeds.tick(database, sensor, number)
        await said(database, tick, "SKIPPED", ("DEBUG", f"look {number}"), ("WARNING", f"odd {number}"))
    lines = (await terminal.ok("sensor", "logs", "inbox", "--ticks", "2")).out.splitlines()
    assert [line.split()[-4:] for line in lines[:2]] == [["#2", "DEBUG", "look", "2"], ["#2", "WARNING", "odd", "2"]]
    assert len(lines) == 4
    found = (await terminal.ok("sensor", "logs", "inbox", "--level", "warning", "--json")).json
    assert [(line["tick"], line["message"]) for line in found] == [(1, "odd 1"), (2, "odd 2"), (3, "odd 3")]
    nothing = (await terminal.ok("sensor", "logs", "inbox", "--level", "critical")).out
    assert nothing == "The sensor inbox logged nothing of level CRITICAL or above in its last 3 ticks.\n"


async def test_more_lines_of_a_tick_than_a_page_holds_are_all_printed(
    database: Database, terminal: Terminal, sensor: UUID
) -> None:
    tick = await seeds.tick(database, sensor, 1)
    await said(database, tick, "SKIPPED", *(("INFO", f"line {number}") for number in range(120)))
    lines = (await terminal.ok("sensor", "logs", "inbox", "--json")).json
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(120)]


async def test_the_ticks_of_one_sensor_are_listed(database: Database, terminal: Terminal, sensor: UUID) -> None:
    other = await seeds.sensor(database, "outbox")
    await seeds.tick(database, other, 1)
    await seeds.tick(database, sensor, 1, "FAILURE")
    await seeds.tick(database, sensor, 2)
    listed = (await terminal.ok("sensor", "ticks", "inbox", "--json")).json
    assert [tick["number"] for tick in listed] == [2, 1]
    failed = (await terminal.ok("sensor", "ticks", "inbox", "--status", "failure")).out.splitlines()
    assert len(failed) == 2


async def test_setting_a_cursor_leaves_the_switch_alone(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, "runs", default_status="RUNNING")
    await seeds.sensor(database, "rests")
    for name in ("runs", "rests"):
        await terminal.ok("sensor", "cursor", name, "--set", "x")
        await terminal.ok("sensor", "cursor", name, "--delete")
    running = (await terminal.ok("sensor", "list", "--running", "--json")).json
    stopped = (await terminal.ok("sensor", "list", "--stopped", "--json")).json
    assert ([sensor["name"] for sensor in running], [sensor["name"] for sensor in stopped]) == (["runs"], ["rests"])
