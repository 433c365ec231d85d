"""Leases: which evaluator works on which shard of the sensors. They save work; epochs and constraints keep it right."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.sensors import SHARDS, shards_of
from vedette.storage.workers import HOLDS_ITS_LOCK

PREFIX = "sensors/"

_TELL = text(
    """
    UPDATE workers SET code_locations = CAST(:loaded AS text[]), renewed_at = now() WHERE id = :worker_id
    """
)
# Who has not renewed for as long as a lease lasts holds none that counts, and must not have a share of them either:
# frozen, it keeps its connection and with it its lock.
_SERVED = text(
    f"""
    WITH live AS MATERIALIZED (
        SELECT id, code_locations FROM workers WHERE id = :worker_id
            OR (renewed_at > now() - make_interval(secs => :seconds) AND {HOLDS_ITS_LOCK})
    )
    SELECT number, name = ANY(CAST(:loaded AS text[])) AS is_loaded,
        (SELECT count(*) FROM live WHERE name = ANY(live.code_locations)) AS loaded_by,
        (SELECT count(*) FROM live) AS evaluators
    FROM code_locations ORDER BY number
    """
)
_PREPARE = text("INSERT INTO leases (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING")
# Not now(), the time at which the transaction began: it may have waited for a lock since, longer than the lease lasts.
# A lease that ran out may have been trusted no longer: kept by the same holder, it counts as taken anew.
_RENEW = text(
    """
    WITH mine AS (
        SELECT name FROM leases WHERE holder = :worker_id AND starts_with(name, :prefix)
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
        SELECT found.name FROM unnest(CAST(:numbers AS integer[]), CAST(:limits AS integer[])) AS wanted(number, most)
        CROSS JOIN LATERAL (
            SELECT leases.name FROM leases
            WHERE leases.name = ANY(ARRAY(
                SELECT :prefix || shard
                FROM generate_series(wanted.number * {SHARDS}, wanted.number * {SHARDS} + {SHARDS} - 1) AS shard
            )) AND leases.holder IS DISTINCT FROM :worker_id AND (
                leases.holder IS NULL OR leases.expires_at < now()
                OR NOT EXISTS (SELECT FROM workers WHERE workers.id = leases.holder AND {HOLDS_ITS_LOCK})
            )
            ORDER BY leases.name LIMIT wanted.most FOR UPDATE SKIP LOCKED
        ) AS found
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
        SELECT name FROM leases
        WHERE holder = :worker_id AND starts_with(name, :prefix)
            AND (CAST(:names AS text[]) IS NULL OR name = ANY(CAST(:names AS text[])))
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


class Served(NamedTuple):
    """A code location by its number: whether this evaluator has loaded it, how many have, and how many there are."""

    number: int
    is_loaded: bool
    loaded_by: int
    evaluators: int


async def served(connection: AsyncConnection, worker_id: UUID, seconds: float, loaded: Sequence[str]) -> list[Served]:
    """Tell the others that `worker_id` evaluates and what it has loaded; return how all code locations are served.

    `seconds`: how long a lease lasts, and with it the word of the others.
    """
    given = {"worker_id": worker_id, "seconds": seconds, "loaded": sorted(loaded)}
    await connection.execute(_TELL, {"worker_id": worker_id, "loaded": given["loaded"]})
    return [Served(*row) for row in await connection.execute(_SERVED, given)]


async def prepare(connection: AsyncConnection, numbers: Iterable[int]) -> None:
    """Make the rows of the leases of these code locations, where they are missing."""
    names = lease_names(shard for number in numbers for shard in shards_of(number))
    await connection.execute(_PREPARE, {"names": names})


async def renew(connection: AsyncConnection, worker_id: UUID, seconds: float, *, anew: bool) -> dict[int, int]:
    """Prolong every lease that `worker_id` holds by `seconds` from now and return shard → epoch.

    `anew`: the holder has stopped trusting them meanwhile and dropped its work; they count as taken again (epoch + 1).
    """
    parameters = {"worker_id": worker_id, "seconds": seconds, "anew": anew, "prefix": PREFIX}
    rows = await connection.execute(_RENEW, parameters)
    return {_shard(row.name): row.epoch for row in rows}


async def claim(
    connection: AsyncConnection, worker_id: UUID, seconds: float, limits: Mapping[int, int]
) -> dict[int, int]:
    """Take leases that are free, ran out or whose holder is dead; return shard → epoch.

    `limits`: how many at most of each code location, by its number.
    """
    parameters = {
        "worker_id": worker_id,
        "seconds": seconds,
        "numbers": list(limits),
        "limits": list(limits.values()),
        "prefix": PREFIX,
    }
    rows = await connection.execute(_CLAIM, parameters)
    return {_shard(row.name): row.epoch for row in rows}


async def release(connection: AsyncConnection, worker_id: UUID, shards: Sequence[int] | None) -> None:
    """Let `shards` go, None for all, so that another evaluator can take them at once."""
    if shards is None or shards:
        names = None if shards is None else lease_names(shards)
        await connection.execute(_RELEASE, {"worker_id": worker_id, "names": names, "prefix": PREFIX})


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
