"""Limits on what runs: never passed by any number of claimers, never in the way of what may start, never slept over."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest

from integration.launcher.queue import QUICK, Queue, launching
from integration.launcher.scripted import Script, ScriptedEngine
from vedette.bus.topics import QUEUE
from vedette.domain.ids import new_id
from vedette.domain.run_limits import ALL, LimitKey, keys_of_lane
from vedette.storage import pages
from vedette.storage.database import Database
from vedette.storage.runs import run_claims, run_limits, run_standing
from vedette.storage.runs.run_claims import Claims

# Nothing is found by looking every now and then: what starts was told to.
TOLD = QUICK.model_copy(update={"poll_seconds": 60.0})


async def claim(database: Database, limit: int, code_locations: Sequence[str] = ("project",)) -> Claims:
    async with database.writing() as connection:
        return await run_claims.claim_under_limits(connection, new_id(), code_locations, limit, 60.0)


async def ids(database: Database, limit: int, code_locations: Sequence[str] = ("project",)) -> list[UUID]:
    return [run.run_id for run in (await claim(database, limit, code_locations)).runs]


async def leave(queue: Queue) -> None:
    """Take what was claimed here out of the way of what must hold of a queue."""
    await queue.execute("DELETE FROM run_changes")
    await queue.execute("DELETE FROM run_events")
    await queue.execute("DELETE FROM runs")


async def test_the_one_statement_claims_nothing_where_there_are_limits(queue: Queue) -> None:
    await queue.add("job", 3)
    limit = await queue.limit(("job", "project", "job"), 1)
    async with queue.database.writing() as connection:
        claims = await run_claims.claim(connection, new_id(), ["project"], 5, 60.0)
    assert (claims.runs, claims.are_limited) == ([], True)
    claims = await claim(queue.database, 5)
    assert (len(claims.runs), claims.are_limited) == (1, True)
    async with queue.database.writing() as connection:
        await run_limits.remove(connection, limit)
    # Those that the limit has left in a lane are claimed under limits too; then it is one statement again.
    claims = await claim(queue.database, 5)
    assert (len(claims.runs), claims.are_limited) == (2, True)
    assert not (await claim(queue.database, 5)).are_limited
    async with queue.database.writing() as connection:
        assert not (await run_claims.claim(connection, new_id(), ["project"], 5, 60.0)).are_limited
    await leave(queue)


async def test_what_is_behind_a_limit_is_passed_and_keeps_its_place(queue: Queue) -> None:
    held = await queue.add("held", 50)
    others = await queue.add("other", 3)
    await queue.limit(("job", "project", "held"), 2)
    assert await ids(queue.database, 4) == [*held[:2], *others[:2]]
    assert await ids(queue.database, 4) == [others[2]]
    await queue.execute("UPDATE runs SET status = 'SUCCESS' WHERE id = :id", id=held[1])
    late = await queue.add("other", turn=7)
    assert await ids(queue.database, 4) == [held[2], late[0]]
    rows = await queue.execute("SELECT lane, count(*) FROM runs WHERE status = 'QUEUED' GROUP BY lane")
    assert [(keys_of_lane(lane), count) for lane, count in rows] == [((("job", "project", "held"),), 47)]
    await leave(queue)


async def test_a_limit_of_all_counts_over_launchers_and_code_locations(queue: Queue) -> None:
    await queue.limit(ALL, 3)
    await queue.add("job", 4)
    await queue.add("job", 4, code_location="other")
    assert len(await ids(queue.database, 2)) == 2
    assert len(await ids(queue.database, 8, ["other", "project"])) == 1
    assert await ids(queue.database, 8, ["other", "project"]) == []
    await leave(queue)


async def test_limits_of_tags(queue: Queue) -> None:
    await queue.limit(("tag", "db", "big"), 1)
    await queue.limit(("each", "customer"), 2)
    big = await queue.add("job", 2, tags={"db": "big"})
    small = await queue.add("job", 2, tags={"db": "small"})
    ann = await queue.add("job", 3, tags={"customer": "ann"})
    bob = await queue.add("job", 3, tags={"customer": "bob"})
    assert await ids(queue.database, 20) == [big[0], *small, *ann[:2], *bob[:2]]
    await leave(queue)


async def test_the_limit_in_code_counts_and_one_that_is_set_goes_before_it(queue: Queue) -> None:
    await queue.execute("INSERT INTO code_locations (id, name, target) VALUES (:id, 'project', 'p.py')", id=new_id())
    job = new_id()
    await queue.execute(
        "INSERT INTO jobs (id, code_location, name, loaded, spec) VALUES"
        """ (:id, 'project', 'job', true, CAST(:spec AS jsonb))""",
        id=job,
        spec='{"name": "job", "max_concurrent_runs": 1}',
    )
    await queue.add("job", 9)
    assert len(await ids(queue.database, 9)) == 1
    assert await ids(queue.database, 9) == []
    await queue.limit(("job", "project", "job"), 3)
    assert len(await ids(queue.database, 9)) == 2
    async with queue.database.reading() as connection:
        [limit] = (await run_limits.page(connection, pages.Window(9))).rows
    assert (limit.max_runs, limit.in_code, limit.set_by) == (3, 1, "somebody")
    await leave(queue)


async def test_a_long_queue_behind_a_limit_is_met_once(queue: Queue) -> None:
    held = await queue.add("held", 5_000)
    free = await queue.add("free", 2, turn=1)
    await queue.limit(("job", "project", "held"), 0)
    found: list[UUID] = []
    rounds = 0
    while len(found) < 2:
        claims = await claim(queue.database, 2)
        found += [run.run_id for run in claims.runs]
        rounds += 1
        assert claims.are_more or len(found) == 2, "it was given up"
    assert found == free
    assert rounds < 8
    [row] = await queue.execute("SELECT count(*) AS total FROM runs WHERE status = 'QUEUED' AND lane = ''")
    assert row.total == 0, "some would be met again"
    assert len(held) == 5_000
    await leave(queue)


LIMITS: dict[LimitKey, int] = {
    ALL: 4,
    ("job", "project", "a"): 3,
    ("tag", "team", "x"): 3,
    ("each", "customer"): 2,
}


class Claimers:
    """Launchers that claim side by side; their runs end at random, some to be queued again."""

    def __init__(self, queue: Queue, url: str, seed: int) -> None:
        self.ended: Counter[UUID] = Counter()
        self.most_at_once: Counter[LimitKey] = Counter()
        self._queue = queue
        self._url = url
        self._chance = random.Random(seed)

    async def work(self, claimers: int, runs: int) -> None:
        """Claim and end until so many runs have ended."""
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(self._look())
            async with asyncio.TaskGroup() as working:
                for number in range(claimers):
                    working.create_task(self._claim_and_end(1 + number % 4, runs))
            looking.cancel()

    async def _claim_and_end(self, slots: int, runs: int) -> None:
        async with Database(self._url, pool_size=1) as database:
            while self.ended.total() < runs:
                mine = await ids(database, slots)
                await asyncio.sleep(self._chance.random() / 200)
                for run_id in mine:
                    status = "QUEUED" if self._chance.random() < 0.1 else "SUCCESS"
                    end = "UPDATE runs SET status = :status, launcher_id = NULL WHERE id = :id"
                    await self._queue.execute(end, id=run_id, status=status)
                    self.ended.update([run_id] if status == "SUCCESS" else [])

    async def _look(self) -> None:
        """Count what runs under each limit, each time in one snapshot."""
        async with Database(self._url, pool_size=1) as database:
            while True:
                async with database.reading() as connection:
                    standing = await run_standing.read(connection)
                for key, total in standing.room().taken.items():
                    self.most_at_once[key] = max(self.most_at_once[key], total)


@pytest.mark.parametrize("seed", [1, 2])
async def test_however_many_claim_at_once_no_limit_is_passed_and_all_runs_come_to_their_turn(
    queue: Queue, database_url: str, seed: int
) -> None:
    every = [(job, team, customer) for job in "ab" for team in "xy" for customer in "123"]
    for number, (job, team, customer) in enumerate(every):
        await queue.add(job, 6, tags={"team": team, "customer": customer}, turn=number % 5)
    for subject, most in LIMITS.items():
        await queue.limit(subject, most)
    claimers = Claimers(queue, database_url, seed)
    async with asyncio.timeout(60):
        await claimers.work(8, 6 * len(every))
    assert set(claimers.ended.values()) == {1}
    for key, total in claimers.most_at_once.items():
        assert total <= LIMITS[key[:2] if key[0] == "each" else key], key
    assert claimers.most_at_once[ALL] == LIMITS[ALL], "there was room all the time"
    await leave(queue)


async def test_two_launchers_keep_a_limit_and_tell_each_other_when_a_run_ends(queue: Queue) -> None:
    """The limited runs are of two code locations, each of which only one of the launchers can execute."""
    engines = [ScriptedEngine(locations=["project"]), ScriptedEngine(locations=["other"])]
    await queue.limit(("tag", "team", "north"), 2)
    async with launching(queue, engines[0], TOLD), launching(queue, engines[1], TOLD):
        await queue.add("job", 10)
        await queue.add("job", 10, code_location="other")
        await queue.until_finished(seconds=30)
    changes = await queue.execute("SELECT status FROM run_changes ORDER BY position")
    now, most = 0, 0
    for row in changes:
        now += {"STARTING": 1, "SUCCESS": -1}.get(row.status, 0)
        most = max(most, now)
    assert most == 2


async def test_what_waits_starts_at_once_when_a_limit_is_raised_or_removed(
    queue: Queue, engine: ScriptedEngine
) -> None:
    gate = asyncio.Event()
    engine.scripts["job"] = Script(gate=gate)
    limit = await queue.limit(("job", "project", "job"), 0)

    async def started(count: int) -> bool:
        return (await queue.counts()).get("STARTED", 0) == count

    async with launching(queue, engine, TOLD):
        held = await queue.add("job", 4)
        [free] = await queue.add("free")
        await queue.until_status(free, "SUCCESS")
        assert await queue.counts() == {"QUEUED": 4, "SUCCESS": 1}
        await queue.limit(("job", "project", "job"), 1)
        await queue.until(lambda: started(1), "one to start", seconds=10)
        async with queue.database.writing() as connection:
            await run_limits.remove(connection, limit)
        queue.bus.knock(QUEUE)
        await queue.until(lambda: started(4), "all to start", seconds=10)
        gate.set()
        await queue.until_finished()
    assert {run_id for run_id, _ in engine.begun} == {*held, free}


async def test_a_limit_is_free_again_when_its_run_is_cancelled_or_lost(queue: Queue, engine: ScriptedEngine) -> None:
    engine.scripts["held"] = Script(gate=asyncio.Event())
    await queue.limit(("tag", "team", "north"), 1)
    lost = await queue.claimed_by(new_id(), "elsewhere", "STARTED", claim_seconds=-1)
    async with launching(queue, engine, TOLD):
        [first] = await queue.add("held")
        [second] = await queue.add("free")
        # The lost one is rescued: FAILURE, as interrupted.
        await queue.until_status(lost, "FAILURE")
        await queue.until_status(first, "STARTED")
        assert (await queue.row(second)).status == "QUEUED"
        await queue.cancel(first)
        await queue.until_status(first, "CANCELED")
        await queue.until_status(second, "SUCCESS")
