"""The outbox: who commits side by side gets positions without gaps, of each thing in the order of what was done."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

import seeds
from model.reference import Request
from model.system import System
from serving import eventually
from vedette.bus import Bus, topics
from vedette.domain.audit import DONE, Attempt
from vedette.domain.run_keys import Dedup
from vedette.domain.run_limits import ALL
from vedette.domain.runs import RunStatus
from vedette.relay import Relay, sweeping
from vedette.storage import changes
from vedette.storage.access import audit_log
from vedette.storage.access.audit_log import AuditFilter
from vedette.storage.catalog import jobs
from vedette.storage.database import Database
from vedette.storage.pages import Window
from vedette.storage.runs import run_claims, run_commands, run_limits
from vedette.storage.sensors import cursors

SENSORS, WRITERS, EDITS = 4, 10, 12
# What hangs is held up.
HANGS = 60.0


class _ChangeOfMind(Exception):
    """Rolls a transaction back."""


@pytest.fixture
async def wide(database_url: str) -> AsyncIterator[Database]:
    """As many connections as there are writers, and some for the others."""
    async with Database(database_url, pool_size=WRITERS + 6) as database:
        yield database


async def edit(connection: Any, sensor: UUID, actor: str) -> int:
    """Edit a cursor as a mutation does; return its version."""
    version = await cursors.edit(connection, sensor, actor, None, actor)
    assert version is not None
    attempt = Attempt("setSensorCursor", {"version": version}, actor, "here", ("Sensor", sensor))
    await audit_log.add(connection, attempt, DONE)
    return version


async def follow(database: Database, read: Callable[[Any, int, int], Awaitable[list[int]]], seen: list[int]) -> None:
    """See every position of a stream as somebody does who reads on from the last that was there."""
    while True:
        async with database.reading() as connection:
            seen += await read(connection, seen[-1] if seen else 0, 7)
        await asyncio.sleep(0)


async def _of_sensors(connection: Any, after: int, limit: int) -> list[int]:
    return [change.position for change in await changes.sensors_after(connection, after, limit)]


async def _of_audit(connection: Any, after: int, limit: int) -> list[int]:
    return list(await audit_log.positions_after(connection, after, limit))


async def entries(database: Database) -> list[tuple[int, UUID | None, int]]:
    """Return the log, the oldest first: position, sensor, and the version that its cursor got."""
    async with database.reading() as connection:
        page = await audit_log.page(connection, AuditFilter(), Window(1000))
    return [(entry.position, entry.subject_id, entry.given["version"]) for entry in page.rows][::-1]


async def write(database: Database, bus: Bus, sensors: list[UUID], actor: str, chance: random.Random) -> None:
    """Edit cursors; some edits are taken back, and some are left for others to forward."""
    relay = Relay(database, bus)
    for _ in range(EDITS):
        try:
            async with database.writing() as connection:
                await edit(connection, chance.choice(sensors), actor)
                await asyncio.sleep(chance.random() * 0.005)
                if chance.random() < 0.2:
                    raise _ChangeOfMind
        except _ChangeOfMind:
            continue
        if chance.random() < 0.7:
            await relay.forward()


@pytest.mark.parametrize("seed", range(3))
async def test_transactions_at_once_get_positions_without_gaps_and_wait_for_none(
    wide: Database, bus: Bus, seed: int
) -> None:
    await seeds.code_location(wide)
    *sensors, idle = [await seeds.sensor(wide, f"s{number}") for number in range(SENSORS + 1)]
    before = await seeds.execute(wide, "SELECT coalesce(max(position), 0) FROM sensor_changes")
    sensors_seen, audit_seen = [before[0][0]], list[int]()
    async with asyncio.timeout(HANGS), asyncio.TaskGroup() as tasks:
        following = [
            tasks.create_task(follow(wide, _of_sensors, sensors_seen)),
            tasks.create_task(follow(wide, _of_audit, audit_seen)),
        ]
        # One is under way for longer than all the others together: they neither wait for it nor leave a place free.
        async with wide.writing() as slow:
            await edit(slow, idle, "slow")
            async with asyncio.TaskGroup() as writing:
                for number in range(WRITERS):
                    chance = random.Random(100 * seed + number)
                    writing.create_task(write(wide, bus, sensors, f"w{number}", chance))
            await Relay(wide, bus).forward()
            told = await entries(wide)
        await Relay(wide, bus).forward()
        last = await entries(wide)
        await eventually(lambda: len(audit_seen) == len(last) and len(sensors_seen) == len(last) + 1)
        for task in following:
            task.cancel()
    assert last == [*told, (len(told) + 1, idle, 1)]
    assert audit_seen == [position for position, _, _ in last] == list(range(1, len(last) + 1))
    assert sensors_seen == list(range(sensors_seen[0], sensors_seen[0] + len(last) + 1))
    for sensor in sensors:
        versions = [version for _, of, version in told if of == sensor]
        assert versions == list(range(1, len(versions) + 1))


async def test_a_run_whose_server_died_is_queued_in_the_stream_before_it_is_claimed(
    database: Database, bus: Bus
) -> None:
    system = System(database, "here")
    await system.deploy({"flood": "RUNNING"})
    async with database.writing() as connection:
        [job] = await jobs.by_name(connection, "once", system.location)
        launch = await run_commands.launch(connection, run_commands.RunWish(job, {}, {"label": "a"}), "somebody")
    # Here its server died: the run is there, and no stream has told of it.
    assert await system.claim(1) == {}
    with bus.listen(topics.QUEUE) as listener:
        async with sweeping(database, bus, 0.05):
            await listener.wait(HANGS)
    assert list(await system.claim(1)) == ["a"]
    async with database.reading() as connection:
        told = [(change.run_id, change.status) for change in await changes.runs_after(connection, 0, 10)]
    assert told == [(launch.run_id, RunStatus.QUEUED), (launch.run_id, RunStatus.STARTING)]


async def claimed_under_limits(system: System) -> list[str]:
    async with system.database.writing() as connection:
        asked = (system.launcher, [system.location], 5, 60.0)
        claims = await run_claims.claim_under_limits(connection, *asked)
    assert not claims.are_more
    return [run.instruction.tags["label"] for run in claims.runs]


async def test_under_limits_it_is_not_claimed_before_either(database: Database) -> None:
    system = System(database, "here")
    await system.deploy({"flood": "RUNNING"})
    async with database.writing() as connection:
        await run_limits.put(connection, ALL, 5, "somebody")
    await system.launch(Request("a", "once", None, Dedup.FOREVER))
    async with database.writing() as connection:
        [job] = await jobs.by_name(connection, "once", system.location)
        await run_commands.launch(connection, run_commands.RunWish(job, {}, {"label": "b"}), "somebody")
    assert await claimed_under_limits(system) == ["a"]
    await system.forward()
    assert await claimed_under_limits(system) == ["b"]


async def test_what_was_done_is_done_though_the_database_went_away_before_it_was_told(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    await Relay(Database("postgresql://nobody@127.0.0.1:1/none"), bus).forward()
    assert "shows in the streams a little later" in caplog.text
