"""`vedette sensor …` and `vedette tick list` on the real API."""

import seeds
from integration.cli.terminal import Terminal
from vedette.domain.catalog import SensorSpec
from vedette.storage.database import Database


async def test_sensors_are_listed_for_people_and_for_programs(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    inbox = await seeds.sensor(database, "inbox")
    await seeds.sensor(database, "outbox")
    await seeds.tick(database, inbox, 1, "FAILURE")
    lines = (await terminal.ok("sensor", "list")).out.splitlines()
    assert [line.split()[0] for line in lines] == ["Sensor", "inbox", "outbox"]
    assert "FAILURE" in lines[1]
    assert max(map(len, lines)) <= 80
    listed = (await terminal.ok("sensor", "list", "--name", "OUT", "--json")).json
    assert [sensor["name"] for sensor in listed] == ["outbox"]
    assert (await terminal.ok("sensor", "list", "--status", "running")).out.startswith("No sensor is like that;")


async def test_every_page_of_a_long_list_is_read(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(name=f"s{number:03}") for number in range(205)])
    listed = (await terminal.ok("sensor", "list", "--json")).json
    assert [sensor["name"] for sensor in listed] == [f"s{number:03}" for number in range(205)]


async def test_sensors_start_stop_and_reset(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensors(database, [SensorSpec(name=name) for name in ("a", "b", "c")])

    async def statuses() -> list[str]:
        return [sensor["status"] for sensor in (await terminal.ok("sensor", "list", "--json")).json]

    assert (await terminal.ok("sensor", "start", "a", "c")).out.split() == ["a", "RUNNING", "c", "RUNNING"]
    assert await statuses() == ["RUNNING", "STOPPED", "RUNNING"]
    assert (await terminal.ok("sensor", "start", "--all")).out.split() == ["shop/b", "RUNNING"]
    await terminal.ok("sensor", "stop", "--all", "--note", "enough")
    assert await statuses() == ["STOPPED", "STOPPED", "STOPPED"]
    await terminal.ok("sensor", "start", "a")
    assert (await terminal.ok("sensor", "reset", "a", "--json")).json[0]["status"] == "STOPPED"


async def test_an_unknown_name_does_not_keep_the_others_from_it(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, "inbox")
    done = await terminal.call("sensor", "start", "nobody", "inbox")
    done.fails(1, "no sensor 'nobody'", "vedette sensor list")
    assert done.out == "inbox RUNNING\n"


async def test_a_name_of_several_code_locations_needs_the_location(database: Database, terminal: Terminal) -> None:
    for location in ("shop", "store"):
        await seeds.code_location(database, location)
        await seeds.sensor(database, "inbox", location)
    (await terminal.call("sensor", "start", "inbox")).fails(1, "write it as location/inbox")
    assert (await terminal.ok("sensor", "start", "store/inbox")).out == "store/inbox RUNNING\n"
    lines = (await terminal.ok("sensor", "list")).out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["shop/inbox", "STOPPED"], ["store/inbox", "RUNNING"]]
    listed = (await terminal.ok("sensor", "list", "--status", "RUNNING", "--json")).json
    assert [sensor["codeLocation"]["name"] for sensor in listed] == ["store"]


async def test_a_cursor_is_shown_set_compared_and_cleared(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, "inbox")
    assert "(none)" in (await terminal.ok("sensor", "cursor", "inbox")).out
    assert "2026-01-01" in (await terminal.ok("sensor", "cursor", "inbox", "--set", "2026-01-01")).out
    (await terminal.call("sensor", "cursor", "inbox", "--set", "x", "--expect", "0")).fails(1, "version 1, not 0")
    assert (await terminal.ok("sensor", "cursor", "inbox", "--set", "", "--expect", "1", "--json")).json["value"] == ""
    assert (await terminal.ok("sensor", "cursor", "inbox", "--clear", "--json")).json["value"] is None
    history = (await terminal.ok("sensor", "cursor", "inbox", "--history", "--json")).json
    assert [(change["version"], change["value"]) for change in history] == [(3, None), (2, ""), (1, "2026-01-01")]
    assert len((await terminal.ok("sensor", "cursor", "inbox", "--history")).out.splitlines()) == 4


async def test_without_an_evaluator_a_tick_fails_and_says_so(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    await seeds.sensor(database, "inbox")
    for word in ("tick", "preview"):
        (await terminal.call("sensor", word, "inbox")).fails(1, "evaluat")


async def test_ticks_are_listed_the_latest_first(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    inbox = await seeds.sensor(database, "inbox")
    other = await seeds.sensor(database, "other")
    for number in range(1, 4):
        await seeds.tick(database, inbox, number, skip_reason=f"nothing {number}")
    await seeds.tick(database, inbox, 4, "FAILURE")
    await seeds.tick(database, other, 1)
    out = (await terminal.ok("tick", "list", "--sensor", "inbox", "--first", "2")).out.splitlines()
    assert ["FAILURE" in out[1], "nothing 3" in out[2], len(out)] == [True, True, 3]
    assert (await terminal.ok("tick", "list", "inbox", "--first", "2")).out.splitlines() == out
    (await terminal.call("tick", "list", "inbox", "--sensor", "inbox")).fails(2, "once")
    listed = (await terminal.ok("tick", "list", "--status", "skipped", "--json")).json
    assert [(tick["sensor"]["name"], tick["number"]) for tick in listed if tick["sensor"]["name"] == "inbox"] == [
        ("inbox", 3),
        ("inbox", 2),
        ("inbox", 1),
    ]
    assert "FAILURE" not in {tick["status"] for tick in listed}


async def test_a_sensor_is_shown_with_what_its_code_says_and_why_it_stands_so(
    database: Database, terminal: Terminal
) -> None:
    await seeds.code_location(database)
    spec = SensorSpec(
        name="inbox", description="Watches it.", tags={"team": "data"}, owners=("a@b.example",), metadata={"size": 3}
    )
    await seeds.sensors(database, [spec])
    await terminal.ok("sensor", "start", "inbox")
    await terminal.ok("sensor", "stop", "inbox", "--note", "disk is full")
    shown = (await terminal.ok("sensor", "show", "inbox")).out
    for said in ("Watches it.", "team=data", "a@b.example", '{"size": 3}', "30 s", "STOPPED", "disk is full"):
        assert said in shown
    assert "disk is full" in (await terminal.ok("sensor", "list")).out
    assert (await terminal.ok("sensor", "show", "inbox", "--json")).json["owners"] == ["a@b.example"]
    (await terminal.call("sensor", "show", "nobody")).fails(1, "no sensor 'nobody'")


async def test_ticks_of_several_code_locations_name_them(database: Database, terminal: Terminal) -> None:
    for location in ("shop", "store"):
        await seeds.code_location(database, location)
    await seeds.tick(database, await seeds.sensor(database, "inbox", "store"), 1)
    assert " store/inbox " in (await terminal.ok("tick", "list")).out
