"""Claims of queued runs, the first of the queue first: at once, or under limits one launcher after the other.

Without limits a claim is one statement, and any number of launchers claim side by side. With limits (and while any run
stands in a lane, as limits leave them) what may start hangs on what runs, so a claim holds a lock that no other claim
shares: what it counts is all there is. The one statement holds that lock shared, or finds it taken and claims nothing;
so a claim under limits waits for claims that saw none. What runs is counted from the rows, each time: no counter could
drift. A limit counts for every claim that begins after it was set; what runs goes on.

Locks: the claims' lock, rows of `runs` (those that are locked are passed over), `queue_turns`, the stream `runs`, last.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import Path
from vedette.domain.catalog import Interruption
from vedette.domain.run_limits import Admission, Waiting
from vedette.domain.runs import RunInstruction, RunStatus
from vedette.storage import direct, outbox
from vedette.storage.direct import Statement
from vedette.storage.runs import run_standing
from vedette.storage.runs.run_limits import IS_LIMITED
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.storage.runs.run_turns import MOVED_ON

# "claims" in ASCII: a number that nothing else locks in this database.
_LOCK_KEY = "x'636c61696d73'::bigint"
_LOCK = Statement(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")

# What is read of a queue at a time under limits, at first, and at most: runs that are found behind a limit are put into
# their lane, so each is met once.
LEAST_READ, MOST_READ = 20, 1000
# What one claim under limits reads at most; more is left to the next one.
READS = 4
# There are as many as numbers of free slots.
STATEMENTS = 200

# Claims last from clock_timestamp() on: now() is when the transaction began, and it may have waited for a lock since,
# longer than a claim lasts.
_CLAIMED = f"""claimed AS (
        UPDATE runs SET
            status = 'STARTING', launcher_id = :launcher_id, claim_epoch = claim_epoch + 1,
            claimed_until = clock_timestamp() + make_interval(secs => :lease_seconds), event_count = event_count + 1
        FROM next WHERE runs.id = next.id
        RETURNING runs.*
    ), told AS (
        INSERT INTO run_events (run_id, position, at, kind, message)
        SELECT id, event_count, now(), 'RUN_STARTING', 'Claimed by launcher ' || launcher_id FROM claimed
    ), moved_on AS ({MOVED_ON}), taken AS (
        UPDATE streams SET position = position + total, at = greatest(at, clock_timestamp())
        FROM (SELECT count(*) AS total FROM claimed) AS counted
        WHERE name = 'runs' AND total > 0 AND (SELECT count(*) FROM moved_on) > 0
        RETURNING position - total AS before, at
    ), streamed AS (
        INSERT INTO run_changes (position, at, run_id, status)
        SELECT taken.before + row_number() OVER (ORDER BY -priority, turn, id), taken.at, id, 'STARTING'
        FROM taken, claimed
    )"""
_COLUMNS = """claimed.id, code_location, job_name, run_config, tags, partition_key, attempt, on_interrupted,
        claim_epoch, event_count, done_steps, asset_selection, asset_checks,
        CAST(extract(epoch FROM clock_timestamp() - queued_at) AS double precision), tick_id, trace"""

# FOR NO KEY UPDATE, as FOR UPDATE would skip runs whose row a foreign key's check reads. The queue of each code
# location is scanned for itself: what waits for another is not in the way. What is locked of one and then comes after
# what another has is let go again: the caller has others look for it.
_CLAIM = f"""
    WITH gate AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock_shared({_LOCK_KEY}) AND NOT ({IS_LIMITED}) AS is_open
    ), seen AS MATERIALIZED (
        SELECT found.* FROM gate CROSS JOIN unnest(CAST(:code_locations AS text[])) AS place(name) CROSS JOIN LATERAL (
            SELECT id, -priority AS rank, turn FROM runs
            WHERE status = 'QUEUED' AND lane = '' AND code_location = place.name AND {outbox.IS_FORWARDED}
            ORDER BY -priority, turn, id LIMIT {{limit}} FOR NO KEY UPDATE SKIP LOCKED
        ) AS found
        WHERE gate.is_open
    ), next AS MATERIALIZED (
        SELECT id FROM seen ORDER BY rank, turn, id LIMIT {{limit}}
    ), {_CLAIMED}
    SELECT gate.is_open, (SELECT count(*) FROM seen), {_COLUMNS}
    FROM gate LEFT JOIN claimed ON true ORDER BY -priority, turn, claimed.id
    """
_CLAIM_THESE = Statement(
    f"""
    WITH locked AS MATERIALIZED (
        SELECT id FROM runs
        WHERE (id = ANY(CAST(:starts AS uuid[])) OR id = ANY(CAST(:moved AS uuid[]))) AND status = 'QUEUED'
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
        SELECT id FROM locked WHERE id = ANY(CAST(:starts AS uuid[]))
    ), put AS (
        UPDATE runs SET lane = given.lane
        FROM unnest(CAST(:moved AS uuid[]), CAST(:lanes AS text[])) AS given(id, lane) JOIN locked USING (id)
        WHERE runs.id = given.id
    ), {_CLAIMED}
    SELECT {_COLUMNS} FROM claimed ORDER BY -priority, turn, claimed.id
    """
)


@lru_cache(STATEMENTS)
def claim_of(limit: int) -> Statement:
    """Return the statement that claims up to `limit` runs.

    That stands in its text: planned for any number, it would read and sort a long queue as if for a tenth of it.
    """
    return Statement(_CLAIM.replace("{limit}", str(int(limit))))


class Claims(NamedTuple):
    """What a claim came to. `are_limited`: there are limits, so the next claim is to be one under limits.

    `are_more`: there may be more to claim for somebody, the claimer included, who looks again.
    """

    runs: list[ClaimedRun]
    are_limited: bool
    are_more: bool


async def claim(
    connection: AsyncConnection, launcher_id: UUID, code_locations: Collection[str], limit: int, lease_seconds: float
) -> Claims:
    """Claim up to `limit` queued runs of `code_locations`, the first of the queue, where nothing is limited.

    They become STARTING. One statement, on a connection with or without a transaction. Where there are limits, nothing
    is claimed.
    """
    values = {
        "code_locations": list(code_locations),
        "launcher_id": launcher_id,
        "lease_seconds": lease_seconds,
    }
    rows = await direct.fetch(connection, claim_of(limit), values)
    claimed = [_claimed_run(row[2:]) for row in rows if row[2] is not None]
    are_limited = any(not row[0] for row in rows)
    return Claims(claimed, are_limited, are_more=any(row[1] > len(claimed) for row in rows))


async def claim_under_limits(
    connection: AsyncConnection, launcher_id: UUID, code_locations: Collection[str], limit: int, lease_seconds: float
) -> Claims:
    """Claim up to `limit` queued runs of `code_locations`, the first of the queue that limits let start.

    In a transaction, which holds up all other claims. What is met behind a limit is put into its lane.
    """
    await direct.fetch(connection, _LOCK, {})
    standing = await run_standing.read(connection)
    admission = Admission(standing.room(), limit)
    left_over = await _meet(connection, admission, standing, code_locations)
    values = {
        "starts": admission.starts,
        "moved": list(admission.lanes),
        "lanes": list(admission.lanes.values()),
        "launcher_id": launcher_id,
        "lease_seconds": lease_seconds,
    }
    rows = await direct.fetch(connection, _CLAIM_THESE, values) if admission.starts or admission.lanes else []
    claimed = [_claimed_run(row) for row in rows]
    return Claims(claimed, standing.is_limited, left_over or len(claimed) < len(admission.starts))


async def _meet(
    connection: AsyncConnection, admission: Admission, standing: run_standing.Standing, code_locations: Collection[str]
) -> bool:
    """Have the admission meet the queue in its order; return whether some of it was left that it could have met."""
    if admission.is_over or not code_locations:
        return False
    keys = admission.room.limits.tag_keys
    # Those of lanes with room, and the first of each other one, which may keep room elsewhere.
    open_lanes = [lane for lane in standing.lanes if not admission.room.full(lane.keys)]
    lanes = [lane.lane for lane in open_lanes]
    waiting = await run_standing.queue(connection, code_locations, keys, lanes, admission.free)
    waiting += [lane.first for lane in standing.lanes if lane not in open_lanes and lane.first is not None]
    waiting.sort(key=_place)
    size, after = max(LEAST_READ, admission.free), None
    for _ in range(READS):
        size = min(size, MOST_READ)
        read = await run_standing.queue(connection, code_locations, keys, [""], size, after)
        is_last = len(read) < size
        # What comes after the last one that was read may come after others that were not.
        ready = [each for each in waiting if is_last or each.place <= read[-1].place]
        waiting = waiting[len(ready) :]
        for each in sorted([*ready, *read], key=_place):
            admission.meet(each)
        if is_last or admission.is_over:
            return False
        size, after = size * 4, read[-1].place
    return True


def _place(waiting: Waiting) -> tuple[int, int, UUID]:
    return waiting.place


_keys = msgspec.json.Decoder(tuple[Path, ...]).decode
_checks = msgspec.json.Decoder(tuple[tuple[Path, str], ...]).decode


def _claimed_run(row: Iterable[Any]) -> ClaimedRun:
    # Taken apart in the order of the statement: by name, each column costs as much as all do here.
    (
        run_id,
        location,
        job_name,
        config,
        tags,
        partition_key,
        attempt,
        interruption,
        epoch,
        event_count,
        done,
        assets,
        checks,
        waited,
        tick_id,
        trace,
    ) = row
    instruction = RunInstruction(
        run_id=run_id,
        job_name=job_name,
        run_config=msgspec.json.decode(config, type=dict[str, Any]),
        tags=msgspec.json.decode(tags, type=dict[str, str]),
        partition_key=partition_key,
        attempt=attempt,
        done_steps=tuple(done or ()),
        asset_selection=None if assets is None else _keys(assets),
        asset_checks=None if checks is None else _checks(checks),
    )
    return ClaimedRun(
        run_id=run_id,
        status=RunStatus.STARTING,
        epoch=epoch,
        event_count=event_count,
        attempt=attempt,
        on_interrupted=Interruption(interruption),
        code_location=location,
        instruction=instruction,
        waited_seconds=waited,
        tick_id=tick_id,
        trace=trace,
    )
