"""Leases: which evaluator works on which shard of the sensors. They save work; epochs and constraints keep it right."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.sensors import SHARDS
from vedette.storage.workers import HOLDS_ITS_LOCK

PREFIX = "sensors/"


_PREPARE = text("INSERT INTO leases (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING")
# Not now(), the time at which the transaction began: it may have waited for a lock since, longer than the lease lasts.
# A lease that ran out may have been trusted no longer: kept by the same holder, it counts as taken anew.
_RENEW = text(
    """
    WITH mine AS (
        SELECT name FROM leases WHERE holder = :worker_id AND name = ANY(CAST(:names AS text[]))
        ORDER BY name FOR UPDATE
    )
    UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => :seconds),
        epoch = epoch + CASE WHEN CAST(:anew AS boolean) OR expires_at < clock_timestamp() THEN 1 ELSE 0 END
    FROM mine WHERE leases.name = mine.name
    RETURNING leases.name, leases.epoch
    """
)
_CLAIM = text(
    f"""
    WITH free AS (
        SELECT leases.name FROM leases
        WHERE leases.name = ANY(CAST(:names AS text[])) AND leases.holder IS DISTINCT FROM :worker_id AND (
            leases.holder IS NULL OR leases.expires_at < now()
            OR NOT EXISTS (SELECT FROM workers WHERE workers.id = leases.holder AND {HOLDS_ITS_LOCK})
        )
        ORDER BY leases.name LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE leases SET holder = :worker_id, epoch = epoch + 1,
        expires_at = clock_timestamp() + make_interval(secs => :seconds)
    FROM free WHERE leases.name = free.name
    RETURNING leases.name, leases.epoch
    """
)
_RELEASE = text(
    """
    WITH mine AS (
        SELECT name FROM leases WHERE holder = :worker_id AND name = ANY(CAST(:names AS text[]))
        ORDER BY name FOR UPDATE
    )
    UPDATE leases SET holder = NULL, expires_at = '-infinity' FROM mine WHERE leases.name = mine.name
    """
)
_VERIFY = text(
    """
    SELECT leases.name, leases.epoch FROM leases
    JOIN unnest(CAST(:names AS text[]), CAST(:epochs AS bigint[])) AS claimed(name, epoch) USING (name)
    WHERE leases.holder = :worker_id AND leases.epoch = claimed.epoch
    ORDER BY leases.name FOR SHARE OF leases
    """
)
_CLOCK = text("SELECT clock_timestamp()")


def lease_names(shards: Iterable[int]) -> list[str]:
    """Return the names of the leases of `shards`."""
    return [f"{PREFIX}{shard}" for shard in shards]


def _shard(name: str) -> int:
    return int(name.removeprefix(PREFIX))


async def prepare(connection: AsyncConnection) -> None:
    """Make the rows of all leases, where they are missing."""
    await connection.execute(_PREPARE, {"names": lease_names(range(SHARDS))})


async def renew(connection: AsyncConnection, worker_id: UUID, seconds: float, *, anew: bool) -> dict[int, int]:
    """Prolong every lease that `worker_id` holds by `seconds` from now and return shard → epoch.

    `anew`: the holder has stopped trusting them meanwhile and dropped its work; they count as taken again (epoch + 1).
    """
    parameters = {"worker_id": worker_id, "seconds": seconds, "anew": anew, "names": lease_names(range(SHARDS))}
    rows = await connection.execute(_RENEW, parameters)
    return {_shard(row.name): row.epoch for row in rows}


async def claim(connection: AsyncConnection, worker_id: UUID, seconds: float, limit: int) -> dict[int, int]:
    """Take up to `limit` leases that are free, ran out or whose holder is dead; return shard → epoch."""
    parameters = {"worker_id": worker_id, "seconds": seconds, "limit": limit, "names": lease_names(range(SHARDS))}
    rows = await connection.execute(_CLAIM, parameters)
    return {_shard(row.name): row.epoch for row in rows}


async def release(connection: AsyncConnection, worker_id: UUID, shards: Sequence[int]) -> None:
    """Let `shards` go, so that another evaluator can take them at once."""
    if shards:
        await connection.execute(_RELEASE, {"worker_id": worker_id, "names": lease_names(shards)})


async def verify(
    connection: AsyncConnection, worker_id: UUID, held: Collection[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Return those of the (shard, epoch) pairs that `worker_id` still holds.

    Nobody can take them until this transaction ends: what it writes is written by the holder.
    """
    names, epochs = lease_names(shard for shard, _ in held), [epoch for _, epoch in held]
    parameters = {"worker_id": worker_id, "names": names, "epochs": epochs}
    rows = await connection.execute(_VERIFY, parameters)
    return {(_shard(row.name), row.epoch) for row in rows}


async def clock(connection: AsyncConnection) -> datetime:
    """Return the database's clock at this very moment, not that of the transaction's begin."""
    now: datetime = (await connection.execute(_CLOCK)).scalar_one()
    return now
