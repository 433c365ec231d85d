"""Runs that launchers hold, with a lease and an epoch: renewed, cancelled, taken over when their launcher is lost.

Locks: rows of `runs` in the order of their ids, then the stream `runs`, last.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import Interruption
from vedette.domain.runs import RunInstruction, RunStatus
from vedette.storage.workers import HOLDS_ITS_LOCK

# Claims last from clock_timestamp() on: now() is when the transaction began, and it may have waited for a lock since,
# longer than a claim lasts.
_RENEW = text(
    """
    WITH held AS MATERIALIZED (
        SELECT runs.id FROM runs
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:epochs AS bigint[])) AS given(id, epoch)
          ON given.id = runs.id AND given.epoch = runs.claim_epoch
        WHERE runs.status IN ('STARTING', 'STARTED', 'CANCELING')
        ORDER BY runs.id FOR NO KEY UPDATE OF runs
    )
    UPDATE runs SET claimed_until = clock_timestamp() + make_interval(secs => :lease_seconds)
    FROM held WHERE runs.id = held.id
    RETURNING runs.id
    """
)

_CANCELLATIONS = text(
    """
    SELECT id, cancel_forced FROM runs
    WHERE launcher_id = :launcher_id AND status IN ('STARTING', 'STARTED', 'CANCELING')
      AND cancel_asked_at IS NOT NULL
    """
)

_HOLDERS = text(
    f"""
    SELECT claimed.launcher_id, workers.host, workers.pid, workers.started_at, {HOLDS_ITS_LOCK} AS locked
    FROM (
        SELECT DISTINCT launcher_id FROM runs
        WHERE status IN ('STARTING', 'STARTED', 'CANCELING') AND launcher_id <> :launcher_id
    ) AS claimed
    LEFT JOIN workers ON workers.id = claimed.launcher_id
    """
)

_TAKE_OVER = text(
    """
    WITH lost AS MATERIALIZED (
        SELECT id FROM runs
        WHERE runs.status IN ('STARTING', 'STARTED', 'CANCELING')
          AND (runs.claimed_until IS NULL OR (:lapsed AND runs.claimed_until < now())
               OR runs.launcher_id = ANY(CAST(:dead AS uuid[])))
          AND runs.id <> ALL(CAST(:held AS uuid[]))
        ORDER BY runs.id LIMIT :limit FOR NO KEY UPDATE OF runs SKIP LOCKED
    )
    UPDATE runs SET
        launcher_id = :launcher_id, claim_epoch = claim_epoch + 1,
        claimed_until = clock_timestamp() + make_interval(secs => :lease_seconds)
    FROM lost WHERE runs.id = lost.id
    RETURNING runs.id, runs.status, runs.attempt, runs.on_interrupted, runs.claim_epoch, runs.event_count,
              runs.cancel_asked_at IS NOT NULL AS cancel_asked
    """
)

_CLOSE_STEPS = text(
    """
    UPDATE run_steps SET
        finished_at = now(),
        status = CASE WHEN :canceled THEN 'CANCELED' WHEN status = 'STARTED' THEN 'FAILURE' ELSE 'SKIPPED' END
    WHERE run_id = ANY(CAST(:run_ids AS uuid[])) AND status IN ('PENDING', 'STARTED')
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that this launcher holds: `epoch` fences its writes, `event_count` is the number of its events so far."""

    run_id: UUID
    status: RunStatus
    epoch: int
    event_count: int
    attempt: int
    on_interrupted: Interruption


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedRun(Claim):
    """A run taken from the queue, where it `waited`, with all that its process needs to know."""

    code_location: str
    instruction: RunInstruction
    waited_seconds: float
    tick_id: UUID | None
    trace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRun(Claim):
    """A run taken over from a launcher that was lost."""

    cancel_asked: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """A launcher that holds runs, as seen from outside: where its process is, and whether its session holds its lock.

    `host`, `pid` and `started_at` are None where its row in `workers` is gone.
    """

    launcher_id: UUID
    host: str | None
    pid: int | None
    started_at: datetime | None
    locked: bool


async def renew(connection: AsyncConnection, epochs: Mapping[UUID, int], lease_seconds: float) -> frozenset[UUID]:
    """Renew the claims (run id -> epoch); return the ids of those that are still held."""
    rows = await connection.execute(
        _RENEW, {"ids": list(epochs), "epochs": list(epochs.values()), "lease_seconds": lease_seconds}
    )
    return frozenset(rows.scalars())


async def cancellations(connection: AsyncConnection, launcher_id: UUID) -> dict[UUID, bool]:
    """Return the launcher's runs that are asked to be cancelled: run id -> whether by force."""
    rows = await connection.execute(_CANCELLATIONS, {"launcher_id": launcher_id})
    return {row.id: row.cancel_forced for row in rows}


async def holders(connection: AsyncConnection, launcher_id: UUID) -> list[Holder]:
    """Return every launcher but `launcher_id` that holds runs."""
    rows = await connection.execute(_HOLDERS, {"launcher_id": launcher_id})
    return [Holder(row.launcher_id, row.host, row.pid, row.started_at, row.locked) for row in rows]


async def take_over(
    connection: AsyncConnection,
    launcher_id: UUID,
    dead: Collection[UUID],
    held: Collection[UUID],
    limit: int,
    lease_seconds: float,
    *,
    lapsed: bool = True,
) -> list[LostRun]:
    """Claim up to `limit` runs whose launcher is one of `dead` or, with `lapsed`, whose claim ran out; none of `held`.

    Their status stays; the epoch grows, so that whoever held them writes nothing any more.
    """
    rows = await connection.execute(
        _TAKE_OVER,
        {
            "launcher_id": launcher_id,
            "dead": list(dead),
            "held": list(held),
            "limit": limit,
            "lease_seconds": lease_seconds,
            "lapsed": lapsed,
        },
    )
    return [
        LostRun(
            run_id=row.id,
            status=RunStatus(row.status),
            epoch=row.claim_epoch,
            event_count=row.event_count,
            attempt=row.attempt,
            on_interrupted=Interruption(row.on_interrupted),
            cancel_asked=row.cancel_asked,
        )
        for row in rows
    ]


async def close_steps(connection: AsyncConnection, run_ids: Sequence[UUID], *, canceled: bool) -> None:
    """End the open steps of runs that have ended: CANCELED, or FAILURE where they had begun and SKIPPED where not."""
    if run_ids:
        await connection.execute(_CLOSE_STEPS, {"run_ids": list(run_ids), "canceled": canceled})
