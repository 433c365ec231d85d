"""`vedette tick follow`: live, resumed with nothing missed, ended by Ctrl-C."""

import json
import signal

import pytest

import seeds
from integration.cli.terminal import Terminal
from vedette.bus import Bus, topics
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.web.app import create_app
from vedette.web.server import serve_http


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ticks_are_printed_as_they_come_until_a_signal(
    database: Database, bus: Bus, terminal: Terminal, number: signal.Signals
) -> None:
    await seeds.code_location(database)
    inbox = await seeds.sensor(database, "inbox")
    await seeds.tick(database, inbox, 1, skip_reason="nothing")
    async with terminal.follow("tick", "follow", "--after", "0") as following:
        assert (await following.line()).endswith("inbox #1 SKIPPED 500 ms nothing")
        await seeds.tick(database, inbox, 2, "STARTED")
        bus.knock(topics.TICKS)
        assert (await following.line()).endswith("inbox #2 STARTED")
        assert await following.stop(number) == 0


async def test_only_the_named_sensor_is_followed(database: Database, terminal: Terminal) -> None:
    await seeds.code_location(database)
    for name in ("inbox", "other"):
        await seeds.tick(database, await seeds.sensor(database, name), 1)
    async with terminal.follow("tick", "follow", "--sensor", "other", "--after", "0") as following:
        assert " other #1 " in await following.line()
    (await terminal.call("tick", "follow", "--sensor", "nobody")).fails(1, "There is no sensor 'nobody'")


async def test_a_server_that_goes_and_comes_back_costs_no_tick(database: Database, bus: Bus) -> None:
    await seeds.code_location(database)
    inbox = await seeds.sensor(database, "inbox")
    await seeds.tick(database, inbox, 1)
    settings = Settings(poll_seconds=0.2)

    async def numbers(count: int) -> list[tuple[str, int]]:
        items = [json.loads(await following.line()) for _ in range(count)]
        return [(item["position"], item["tick"]["number"]) for item in items]

    async with serve_http(create_app(database, bus, settings), "127.0.0.1", 0) as server:
        port = server.port
        following_context = Terminal(server.address).follow("tick", "follow", "--json", "--after", "0")
        following = await following_context.__aenter__()
        seen = await numbers(1)
    try:
        assert (await following.error_line()).startswith("Connection lost")
        for number in range(2, 5):
            await seeds.tick(database, inbox, number)
        async with serve_http(create_app(database, bus, settings), "127.0.0.1", port):
            seen += await numbers(3)
            assert await following.stop() == 0
    finally:
        await following_context.__aexit__(None, None, None)
    assert [number for _, number in seen] == [1, 2, 3, 4]
    assert [position for position, _ in seen] == sorted({position for position, _ in seen}, key=int)


async def test_a_position_that_is_none_is_refused(terminal: Terminal) -> None:
    (await terminal.call("tick", "follow", "--after", "yesterday")).fails(1, "yesterday")
