"""The instance as a whole: its processes and how far behind it is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Load(NamedTuple):
    """What waits and what is being done. The ages are 0.0 where every sensor is on time and no run is queued.

    `limited_runs` are those of the queue that were found behind a limit.
    """

    database: str
    oldest_due_seconds: float
    queued_runs: int
    oldest_queued_seconds: float
    running_runs: int
    limited_runs: int


class Worker(NamedTuple):
    """A process that serves, evaluates or launches. `healthy`: it has shown a sign of life lately.

    `tasks` counts the tasks of its event loop as of `last_seen_at`; roles in one process share a loop.
    """

    id: UUID
    role: str
    host: str
    started_at: datetime
    last_seen_at: datetime
    sensors_held: int
    runs_held: int
    healthy: bool
    tasks: int
    shards_held: int
    slots: int | None


_LOAD = text(
    """
    SELECT 'PostgreSQL ' || current_setting('server_version'),
        (SELECT coalesce(greatest(0, extract(epoch FROM now() - min(next_tick_at))), 0)::double precision FROM sensors
            WHERE loaded AND status = 'RUNNING' AND (evaluating_tick_id IS NULL
                -- What shows as being evaluated by nobody who is alive is late as well.
                OR NOT EXISTS (SELECT FROM leases WHERE name = 'sensors/' || shard AND expires_at > now()))),
        (SELECT count(*) FROM runs WHERE status = 'QUEUED'),
        (SELECT coalesce(greatest(0, extract(epoch FROM now() - min(queued_at))), 0)::double precision FROM runs
            WHERE status = 'QUEUED'),
        (SELECT count(*) FROM runs WHERE status IN ('STARTING', 'STARTED', 'CANCELING')),
        (SELECT count(*) FROM runs WHERE status = 'QUEUED' AND lane > '')
    """
)

_ALIVE = text(
    """
    SELECT role, count(*) FILTER (WHERE last_seen_at > now() - CAST(:patience AS interval))
    FROM unnest(ARRAY['SERVE', 'EVALUATE', 'LAUNCH']) AS roles(role) LEFT JOIN workers USING (role) GROUP BY role
    """
)

_WORKERS = """
    SELECT id, role, host, started_at, last_seen_at,
        (SELECT count(*) FROM leases JOIN sensors ON leases.name = 'sensors/' || sensors.shard
            WHERE leases.holder = workers.id AND leases.expires_at > now()),
        (SELECT count(*) FROM runs
            WHERE launcher_id = workers.id AND status IN ('STARTING', 'STARTED', 'CANCELING')),
        last_seen_at > now() - CAST(:patience AS interval), tasks,
        (SELECT count(*) FROM leases WHERE leases.holder = workers.id AND leases.expires_at > now()
            AND starts_with(leases.name, 'sensors/')), slots
    FROM workers {condition} ORDER BY started_at, id
"""
_ALL_WORKERS = text(_WORKERS.format(condition=""))
_WORKERS_BY_IDS = text(_WORKERS.format(condition="WHERE id = ANY(CAST(:ids AS uuid[]))"))


async def load(connection: AsyncConnection) -> Load:
    """Return what waits and what is being done."""
    return Load(*(await connection.execute(_LOAD)).one())


async def alive(connection: AsyncConnection, patience: timedelta) -> dict[str, int]:
    """Return by role (SERVE, EVALUATE, LAUNCH) how many processes were silent for no longer than `patience`."""
    return {row[0]: row[1] for row in await connection.execute(_ALIVE, {"patience": patience})}


async def workers(connection: AsyncConnection, patience: timedelta) -> list[Worker]:
    """Return every process, the oldest first; one that was silent for longer than `patience` is not healthy."""
    return [Worker(*row) for row in await connection.execute(_ALL_WORKERS, {"patience": patience})]


async def workers_by_ids(connection: AsyncConnection, ids: Sequence[UUID], patience: timedelta) -> dict[UUID, Worker]:
    """Return those of the processes that are there, by id."""
    rows = await connection.execute(_WORKERS_BY_IDS, {"ids": list(ids), "patience": patience})
    return {row[0]: Worker(*row) for row in rows}
