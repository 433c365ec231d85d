"""Run keys with a scope: one constraint decides, whoever asks, ends, cancels or releases at the same time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from model.reference import Request
from model.system import System
from vedette.domain.ids import new_id
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import RunStatus
from vedette.storage.database import Database
from vedette.storage.runs import run_keys
from vedette.storage.runs.run_keys import KeyWish
from vedette.storage.runs.run_queue import ClaimedRun

# The run's place in the stream of runs when it was queued and when it had ended: the order of the commits.
_LIVES = """
    SELECT min(position) AS begun, max(position) FILTER (WHERE status IN ('SUCCESS', 'FAILURE', 'CANCELED')) AS ended
    FROM run_changes GROUP BY run_id ORDER BY begun
"""
_HELD_UP = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def system(database: Database) -> System:
    system = System(database, "here")
    await system.deploy({"inbox": "RUNNING"})
    await system.take_over()
    return system


async def ask(system: System, label: str, dedup: Dedup) -> bool:
    """Have the sensor ask for a run with the key "k"; return whether it got one."""
    flight = await system.begin("inbox", shown=False)
    await system.finish(flight, None, [Request(label, "once", "k", dedup)])
    return label in (await system.seen())[1]


async def end(system: System, status: RunStatus) -> None:
    """Have the run that is queued end like that."""
    (label, claim) = next(iter((await system.claim(1)).items()))
    await system.tell(claim, claim.event_count, RunStatus.STARTED)
    if status is RunStatus.CANCELED:
        await system.cancel(label)
        await system.tell(claim, claim.event_count + 1, RunStatus.CANCELING, RunStatus.CANCELED)
    else:
        await system.tell(claim, claim.event_count + 1, status)


FREES = {
    Dedup.FOREVER: set[RunStatus](),
    Dedup.UNTIL_SUCCESS: {RunStatus.FAILURE, RunStatus.CANCELED},
    Dedup.WHILE_ACTIVE: {RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED},
    Dedup.TTL: set[RunStatus](),
}


@pytest.mark.parametrize("dedup", list(Dedup))
@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED])
async def test_the_end_of_a_run_frees_its_key_as_its_request_said(
    system: System, dedup: Dedup, status: RunStatus
) -> None:
    assert await ask(system, "first", dedup)
    assert not await ask(system, "while queued", dedup)
    await end(system, status)
    assert await ask(system, "after", dedup) is (status in FREES[dedup])


async def test_a_run_that_is_canceled_before_it_began_frees_its_key(system: System) -> None:
    assert await ask(system, "first", Dedup.UNTIL_SUCCESS)
    await system.cancel("first")
    assert await ask(system, "second", Dedup.FOREVER)
    await system.cancel("second")
    assert not await ask(system, "third", Dedup.FOREVER)


async def test_a_key_with_a_time_is_free_when_that_has_passed_and_is_purged(system: System) -> None:
    assert await ask(system, "first", Dedup.TTL)
    assert not await ask(system, "too early", Dedup.TTL)
    await system.pass_time()
    assert await ask(system, "second", Dedup.TTL)
    assert not await ask(system, "too early again", Dedup.TTL)
    await system.pass_time()
    async with system.database.writing() as connection:
        assert await run_keys.purge(connection) == 1
        assert await run_keys.purge(connection) == 0
    assert await ask(system, "third", Dedup.FOREVER)


async def test_what_the_holder_was_asked_for_with_counts_and_not_what_asks_again(system: System) -> None:
    assert await ask(system, "first", Dedup.FOREVER)
    await end(system, RunStatus.FAILURE)
    assert not await ask(system, "second", Dedup.WHILE_ACTIVE)


async def test_a_run_that_is_tried_again_after_an_interruption_keeps_its_key(system: System) -> None:
    flight = await system.begin("inbox", shown=False)
    await system.finish(flight, None, [Request("first", "again", "k", Dedup.WHILE_ACTIVE)])
    claim = (await system.claim(1))["first"]
    await system.tell(claim, claim.event_count, RunStatus.STARTED)
    await system.rescue()
    assert (await system.seen())[1] == {"first": ("QUEUED", 2)}
    assert not await ask(system, "second", Dedup.WHILE_ACTIVE)


async def held_up(database: Database) -> None:
    """Return when a statement of this database waits for a lock."""
    async with asyncio.timeout(20):
        while True:
            async with database.reading() as connection:
                if (await connection.execute(text(_HELD_UP))).first() is not None:
                    return
            await asyncio.sleep(0.01)


async def test_who_asks_while_the_end_commits_waits_for_it_and_gets_the_key(system: System) -> None:
    assert await ask(system, "first", Dedup.WHILE_ACTIVE)
    async with system.database.writing() as ending:
        await ending.exec_driver_sql("DELETE FROM run_keys")
        asking = asyncio.create_task(ask(system, "second", Dedup.WHILE_ACTIVE))
        await held_up(system.database)
        assert not asking.done()
    assert await asking


async def test_who_asks_while_the_end_is_rolled_back_is_a_repeat(system: System) -> None:
    assert await ask(system, "first", Dedup.WHILE_ACTIVE)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with system.database.writing() as ending:
            await ending.exec_driver_sql("DELETE FROM run_keys")
            asking = asyncio.create_task(ask(system, "second", Dedup.WHILE_ACTIVE))
            await held_up(system.database)
            raise ZeroDivisionError
    assert not await asking


async def until_all_are_done(*workers: Callable[[], Awaitable[bool]]) -> None:
    """Have each worker work again and again until it says that nothing is left."""

    async def work(worker: Callable[[], Awaitable[bool]]) -> None:
        while await worker():
            pass

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(work(worker))


async def test_however_many_ask_and_end_at_once_no_two_runs_hold_a_key(database: Database) -> None:
    """Servers launch by hand with one key while launchers end the runs: at most one is active at any time."""
    servers = [System(database, "here") for _ in range(3)]
    await servers[0].deploy({"inbox": "RUNNING"})
    ends = itertools.cycle((RunStatus.SUCCESS, RunStatus.FAILURE))
    left = dict.fromkeys(range(3), 40)

    def asks(number: int) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            label = f"{number}-{left[number]}"
            await servers[number].launch(Request(label, "once", "k", Dedup.WHILE_ACTIVE))
            left[number] -= 1
            return left[number] > 0

        return ask

    async def ends_runs() -> bool:
        for claim in (await servers[0].claim(3)).values():
            await servers[0].tell(claim, claim.event_count, RunStatus.STARTED, next(ends))
        return any(left.values())

    await until_all_are_done(*(asks(number) for number in range(3)), ends_runs)
    lives = await servers[0].rows(_LIVES)
    assert len(lives) > 1
    for earlier, later in itertools.pairwise(lives):
        assert earlier.ended is not None, "two runs held the key at a time"
        assert earlier.ended < later.begun, "two runs held the key at a time"


async def test_the_first_of_many_wishes_for_an_expired_key_gets_it(database: Database) -> None:
    scope = new_id()

    async def wish() -> tuple[UUID, UUID]:
        mine = new_id()
        async with database.writing() as connection:
            held = await run_keys.spend(connection, [KeyWish(scope, "k", mine, Dedup.TTL, 3600.0)])
        return mine, held[scope, "k"]

    await wish()
    for _ in range(5):
        async with database.writing() as connection:
            await connection.exec_driver_sql("UPDATE run_keys SET expires_at = now()")
        answers = await asyncio.gather(*(wish() for _ in range(8)))
        assert len({holder for _, holder in answers}) == 1
        assert sum(mine == holder for mine, holder in answers) == 1


async def test_freeing_a_key_needs_no_look_at_the_other_keys(database: Database, system: System) -> None:
    async with database.writing() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO run_keys (scope, run_key, run_id, dedup) SELECT gen_random_uuid(), n::text, "
            "gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'FOREVER' ELSE 'UNTIL_SUCCESS' END "
            "FROM generate_series(1, 20000) AS n"
        )
        await connection.exec_driver_sql("ANALYZE run_keys")
        ended = "WITH ended AS (SELECT id, status FROM runs WHERE id = gen_random_uuid())"
        rows = await connection.execute(text(f"EXPLAIN {ended} {run_keys.FREE_ENDED}"))
        plan = "\n".join(row[0] for row in rows)
    assert "ix_run_keys_ending" in plan, plan


async def test_a_release_frees_a_key_whatever_it_was_asked_for_with(system: System) -> None:
    assert await ask(system, "first", Dedup.FOREVER)
    assert await system.release("inbox", "k")
    assert not await system.release("inbox", "k")
    assert await ask(system, "second", Dedup.FOREVER)


async def test_the_late_end_of_a_run_whose_key_was_released_leaves_the_next_one_its_key(system: System) -> None:
    assert await ask(system, "first", Dedup.WHILE_ACTIVE)
    claim: ClaimedRun = (await system.claim(1))["first"]
    await system.tell(claim, claim.event_count, RunStatus.STARTED)
    assert await system.release("inbox", "k")
    assert await ask(system, "second", Dedup.WHILE_ACTIVE)
    await system.tell(claim, claim.event_count + 1, RunStatus.SUCCESS)
    assert not await ask(system, "third", Dedup.WHILE_ACTIVE)
