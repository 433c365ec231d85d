"""The partitions of history: made ahead of their time, dropped after it; never deleted from row by row.

Each family of partitions has one for the rest, DEFAULT, so that no insert fails for want of another: after a long stop,
or under a clock that is wrong. What strays into it is moved to its own partition as soon as that is made.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import first_id, made_at
from vedette.domain.retention import Range
from vedette.errors import DatabaseError
from vedette.faults import Point, reached

# A partition is made or dropped under locks that hold up everybody: had at once, or left for another time.
LOCK_SECONDS = 0.3
NO_LOCK = "55P03"
# "history" in ASCII: a number that nothing else locks in this database.
_LOCK = text("SELECT pg_try_advisory_xact_lock(x'686973746f7279'::bigint)")
_LIMIT = text("SELECT set_config('lock_timeout', :limit, true)")


@dataclass(frozen=True, slots=True)
class Family:
    """Partitions by time of one table; `key` is a time or an id made at it, `kind` says for how long they are kept.

    `owner` is the family whose rows these belong to and do not outlast; `stream` the stream that they are.
    """

    table: str
    key: str
    kind: str
    owner: str | None = None
    stream: str | None = None

    @property
    def rest(self) -> str:
        """Return the partition of what has no other."""
        return f"{self.table}_rest"

    @property
    def by_time(self) -> bool:
        """Tell whether the key is a time, not an id."""
        return self.key == "at"

    def bound(self, at: datetime) -> str:
        """Return where a partition begins or ends, as SQL has it."""
        return f"'{at.isoformat() if self.by_time else first_id(at)}'"

    def time_of(self, bound: str | UUID | datetime) -> datetime:
        """Return the time of a key, or of its text."""
        if isinstance(bound, datetime):
            return bound
        if isinstance(bound, UUID) or not self.by_time:
            return made_at(bound if isinstance(bound, UUID) else UUID(bound))
        return datetime.fromisoformat(bound).astimezone(UTC)


# Owners come before what belongs to them.
FAMILIES = (
    *(Family(f"ticks_{kind}", "id", kind) for kind in ("skipped", "success", "failure")),
    *(Family(f"tick_logs_{kind}", "tick_id", kind, f"ticks_{kind}") for kind in ("skipped", "success", "failure")),
    *(Family(f"run_requests_{kind}", "tick_id", kind, f"ticks_{kind}") for kind in ("skipped", "success")),
    *(Family(f"reactions_{kind}", "tick_id", kind, f"ticks_{kind}") for kind in ("skipped", "success", "failure")),
    Family("cursor_changes", "id", "cursors"),
    *(Family(f"{stream[:-1]}_changes", "at", "changes", stream=stream) for stream in ("runs", "sensors", "ticks")),
    Family("runs", "id", "runs"),
    Family("run_steps", "run_id", "runs", "runs"),
    Family("run_events", "run_id", "runs", "runs"),
    Family("asset_events", "source_id", "assets", stream="assets"),
)

_PARTITIONS = text(
    """
    SELECT part.relname, pg_get_expr(part.relpartbound, part.oid) AS bounds
    FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
    WHERE inhparent = to_regclass(:table)
    """
)
_BOUNDS = re.compile(r"FOR VALUES FROM \('([^']+)'\) TO \('([^']+)'\)")


class Busy(Exception):
    """Another process is at the same work."""


class InUse(DatabaseError):
    """A table was in use for longer than a moment, as by a backup; nothing is changed."""


async def existing(connection: AsyncConnection, family: Family) -> dict[Range, str]:
    """Return the partitions of a family, by the time that each covers: their names."""
    found: dict[Range, str] = {}
    for name, bounds in await connection.execute(_PARTITIONS, {"table": family.table}):
        if match := _BOUNDS.fullmatch(bounds):
            found[Range(family.time_of(match[1]), family.time_of(match[2]))] = name
    return found


async def astray(connection: AsyncConnection, family: Family) -> datetime | None:
    """Return the time of the oldest row that is in no partition of its own; None where there is none."""
    oldest = text(f"SELECT {family.key} FROM {family.rest} ORDER BY {family.key} LIMIT 1")
    key = (await connection.execute(oldest)).scalar()
    return None if key is None else family.time_of(key)


async def _begin(connection: AsyncConnection) -> None:
    await connection.execute(_LIMIT, {"limit": f"{1000 * LOCK_SECONDS:.0f}ms"})
    if not (await connection.execute(_LOCK)).scalar_one():
        raise Busy


async def _execute(connection: AsyncConnection, statement: str) -> None:
    try:
        await connection.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NO_LOCK:
            raise InUse("A table of history is in use for longer than a moment, as by a backup") from error
        raise


async def make(connection: AsyncConnection, family: Family, covered: Range) -> None:
    """Make a partition, and move into it what has strayed; in a transaction of its own. Raises Busy."""
    await _begin(connection)
    if any(each.start < covered.end and covered.start < each.end for each in await existing(connection, family)):
        raise Busy
    name = f"{family.table}_{covered.start:%Y%m%d_%H%M}"
    start, end = family.bound(covered.start), family.bound(covered.end)
    within = f"{family.key} >= {start} AND {family.key} < {end}"
    # Everybody is let in before or after. A row that was on its way to the rest when its own partition came would be
    # refused; a reading that was planned without the new partition would miss what has moved into it from the rest.
    for statement in (
        f"CREATE TABLE {name} (LIKE {family.table} INCLUDING ALL)",
        f"LOCK TABLE ONLY {family.table} IN ACCESS EXCLUSIVE MODE",
        f"LOCK TABLE {family.rest} IN ACCESS EXCLUSIVE MODE",
        f"WITH moved AS (DELETE FROM {family.rest} WHERE {within} RETURNING *) INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE {family.table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})",
    ):
        await _execute(connection, statement)
    reached(Point.PARTITION_MAKE)


async def is_needed(connection: AsyncConnection, family: Family, name: str, covered: Range, since: datetime) -> bool:
    """Tell whether something of a partition whose time is over is still needed.

    What belongs to others is, as long as they are there; runs are until all have ended, and before `since`.
    """
    if family.owner is not None:
        left = f"FROM {family.owner} WHERE id >= '{first_id(covered.start)}' AND id < '{first_id(covered.end)}'"
    elif family.kind == "runs":
        left = f"FROM {name} WHERE finished_at IS NULL OR finished_at >= '{since.isoformat()}'"
    else:
        return False
    return bool((await connection.execute(text(f"SELECT EXISTS (SELECT {left})"))).scalar_one())


async def forget(connection: AsyncConnection, family: Family, name: str) -> None:
    """Say that a stream is gone up to the end of a partition: before it is, and not under its locks."""
    purge = text(
        f"UPDATE streams SET purged = greatest(purged, (SELECT max(position) FROM {name})) WHERE name = :stream"
    )
    await connection.execute(purge, {"stream": family.stream})


_ROWS = text("SELECT greatest(0, CAST(reltuples AS bigint)) FROM pg_class WHERE oid = to_regclass(:name)")


async def drop(connection: AsyncConnection, name: str) -> int:
    """Drop a partition, in a transaction of its own; return about how many rows it had. Raises Busy."""
    await _begin(connection)
    rows = (await connection.execute(_ROWS, {"name": name})).scalar()
    if rows is None:
        raise Busy
    await _execute(connection, f"DROP TABLE {name}")
    reached(Point.RETENTION_BATCH)
    return int(rows)
