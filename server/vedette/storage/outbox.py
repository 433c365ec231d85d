"""The outbox: what a transaction tells streams of, before it has positions there.

Whoever takes positions holds the counter of a stream until the commit is on disk, and there is one at a time. So a
mutation takes none: it writes what it tells here, and mutations of different things are committed side by side. Once
that is done, `forward` gives everything that was committed its positions, in one statement and transaction of its own.

Of one thing nothing gets out of order. Who changes it again waited for the change before to be committed, so that every
`forward` that sees the second sees the first, or finds it forwarded. Claims, which take positions at once, pass runs
over of which something waits here (`IS_FORWARDED`). What a process that died has left here is forwarded by whoever is
next, or by a sweep (`vedette.relay`).
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.storage import direct
from vedette.storage.direct import Statement

# Those that are told by way of the outbox, in the order in which their counters are locked, here as everywhere.
STREAMS = ("runs", "sensors", "audit")

# Of a row of `runs`: all that was told of it has its positions.
IS_FORWARDED = "NOT EXISTS (SELECT FROM outbox WHERE stream = 'runs' AND subject_id = runs.id)"

# The counters are locked first, and only those of streams that something waits for: what another one forwards at the
# same time is gone when its turn has come, and passed over.
_FORWARD = Statement(
    f"""
    WITH counters AS MATERIALIZED (
        SELECT name FROM streams WHERE name IN (SELECT stream FROM outbox)
        ORDER BY array_position(CAST('{{{", ".join(STREAMS)}}}' AS text[]), name) FOR NO KEY UPDATE
    ), taken_out AS (
        DELETE FROM outbox WHERE stream IN (SELECT name FROM counters)
        RETURNING id, stream, subject_id, status, entry
    ), told AS (
        SELECT stream, subject_id, status, entry, row_number() OVER (PARTITION BY stream ORDER BY id) AS ordinal
        FROM taken_out
    ), taken AS (
        UPDATE streams SET position = position + total, at = greatest(at, clock_timestamp())
        FROM (SELECT stream, count(*) AS total FROM taken_out GROUP BY stream) AS counted
        WHERE name = stream RETURNING name, position - total AS before, at
    ), of_runs AS (
        INSERT INTO run_changes (position, at, run_id, status)
        SELECT before + ordinal, at, subject_id, status FROM taken JOIN told ON stream = name WHERE name = 'runs'
    ), of_sensors AS (
        INSERT INTO sensor_changes (position, at, sensor_id)
        SELECT before + ordinal, at, subject_id FROM taken JOIN told ON stream = name WHERE name = 'sensors'
    ), of_audit AS (
        INSERT INTO audit_log (position, at, actor, address, mutation, result, subject_kind, subject_id, code_location,
            given, before, after)
        SELECT taken.before + ordinal, filled.at, actor, address, mutation, result, subject_kind, filled.subject_id,
            code_location, given, filled.before, after
        FROM taken JOIN told ON stream = name, jsonb_populate_record(CAST(NULL AS audit_log), entry) AS filled
        WHERE name = 'audit'
    )
    SELECT name FROM taken
    """
)
_ADD_RUNS = Statement(
    """
    INSERT INTO outbox (stream, subject_id, status)
    SELECT 'runs', told.id, told.status
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[])) WITH ORDINALITY AS told(id, status, ordinal)
    ORDER BY ordinal
    """
)
_ADD_SENSORS = Statement(
    "INSERT INTO outbox (stream, subject_id) SELECT 'sensors', id FROM unnest(CAST(:ids AS uuid[])) AS told(id)"
)

_WAITS = Statement("SELECT EXISTS (SELECT FROM outbox) AS waits")


async def add_runs(connection: AsyncConnection, changes: Sequence[tuple[UUID, str]]) -> None:
    """Tell the stream `runs` of (run id, status) changes; call `forward` after the commit."""
    if changes:
        ids, statuses = zip(*changes, strict=True)
        await direct.fetch(connection, _ADD_RUNS, {"ids": list(ids), "statuses": list(statuses)})


async def add_sensors(connection: AsyncConnection, sensor_ids: Sequence[UUID]) -> None:
    """Tell the stream `sensors` of a change of each sensor; call `forward` after the commit."""
    if sensor_ids:
        await direct.fetch(connection, _ADD_SENSORS, {"ids": list(sensor_ids)})


async def waits(connection: AsyncConnection) -> bool:
    """Tell whether anything was committed that has no position yet."""
    [row] = await direct.fetch(connection, _WAITS, {})
    return bool(row["waits"])


async def forward(connection: AsyncConnection) -> list[str]:
    """Give all that was committed here its positions; return the names of the streams that have grown.

    One statement, for a connection without a transaction: nobody is waited for with a counter locked.
    """
    return [row["name"] for row in await direct.fetch(connection, _FORWARD, {})]
