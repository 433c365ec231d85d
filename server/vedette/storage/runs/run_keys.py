"""Run keys: a key is held by one run at a time, by the primary key of its row; who asks again is told which.

A row is there for as long as its key is held. The transaction that ends a run deletes the row where that frees the
key (`FREE_ENDED`); what has expired is deleted by whoever wants the key next, or by `purge`.

Locks: after the rows of `runs`, before the streams. A wish holds no lock on keys that others hold, so that a tick and
the end of a run never wait for each other.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.run_keys import Dedup, SpentRunKey
from vedette.storage import direct, pages, scopes
from vedette.storage.direct import Statement
from vedette.storage.pages import By, Condition

PURGED_AT_A_TIME = 1000

# Rows travel as one JSON text: the driver looks at every element of an array, which took half of the time of a burst.
_SPEND = Statement(
    """
    INSERT INTO run_keys (scope, run_key, run_id, dedup, expires_at)
    SELECT scope, run_key, run_id, dedup, now() + make_interval(secs => ttl_seconds)
    FROM json_to_recordset(CAST(:rows AS json)) AS asked(
        scope uuid, run_key text, run_id uuid, dedup text, ttl_seconds double precision
    )
    ORDER BY scope, run_key
    ON CONFLICT DO NOTHING RETURNING scope, run_key, run_id
    """
)
_ASKED = "json_to_recordset(CAST(:rows AS json)) AS asked(scope uuid, run_key text)"
_HELD = "(run_keys.expires_at IS NULL OR run_keys.expires_at > now())"
_READ = Statement(
    f"SELECT run_keys.scope, run_keys.run_key, run_keys.run_id FROM run_keys JOIN {_ASKED} USING (scope, run_key) "
    f"WHERE {_HELD}"
)
_DELETE_EXPIRED = text(
    f"DELETE FROM run_keys USING {_ASKED} WHERE (run_keys.scope, run_keys.run_key) = (asked.scope, asked.run_key) "
    f"AND run_keys.expires_at <= now()"
)
# A part of the statement that ends runs: `ended` has their id and status, whatever status that is.
FREE_ENDED = """
    DELETE FROM run_keys USING ended
    WHERE run_keys.run_id = ended.id AND run_keys.dedup IN ('UNTIL_SUCCESS', 'WHILE_ACTIVE')
      AND (ended.status IN ('FAILURE', 'CANCELED') OR (ended.status = 'SUCCESS' AND run_keys.dedup = 'WHILE_ACTIVE'))
"""

Key = tuple[UUID, str]


class KeyWish(NamedTuple):
    """A run that is to have a key in a scope (a sensor's id, a job's id); `ttl_seconds` goes with TTL alone."""

    scope: UUID
    run_key: str
    run_id: UUID
    dedup: Dedup = Dedup.FOREVER
    ttl_seconds: float | None = None


def _json(rows: Sequence[dict[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()


async def spend(connection: AsyncConnection, wishes: Iterable[KeyWish]) -> dict[Key, UUID]:
    """Return by (scope, run key) the run that has the key now: the one wished for, or the one that had it before.

    At most one wish a key. Waits for a transaction that takes or frees one of the keys just now.
    """
    left = {(wish.scope, wish.run_key): wish for wish in wishes}
    held: dict[Key, UUID] = {}
    while left:
        rows = {"rows": _json([wish._asdict() for wish in left.values()])}
        _settle(left, held, await direct.fetch(connection, _SPEND, rows))
        if left:
            # A statement of its own: what another transaction committed while the insert waited is visible only now.
            rows = {"rows": _json([{"scope": scope, "run_key": key} for scope, key in left])}
            _settle(left, held, await direct.fetch(connection, _READ, rows))
        if left:
            # Expired, or freed a moment ago: the next round takes them.
            await connection.execute(_DELETE_EXPIRED, rows)
    return held


def _settle(left: dict[Key, KeyWish], held: dict[Key, UUID], rows: Iterable[Iterable[object]]) -> None:
    for scope, run_key, run_id in rows:
        assert isinstance(scope, UUID)
        assert isinstance(run_id, UUID)
        held[scope, str(run_key)] = run_id
        left.pop((scope, str(run_key)), None)


_HOLDERS = text(
    f"SELECT run_key, run_id FROM run_keys "
    f"WHERE scope = :scope AND run_key = ANY(CAST(:run_keys AS text[])) AND {_HELD}"
)


async def holders(connection: AsyncConnection, scope: UUID, run_keys: Sequence[str]) -> dict[str, UUID]:
    """Return those of the run keys that a run holds in a scope, each with that run."""
    rows = await connection.execute(_HOLDERS, {"scope": scope, "run_keys": list(run_keys)})
    return {row.run_key: row.run_id for row in rows}


_COLUMNS = "scope, run_key, run_id, dedup, at, expires_at"


def _build(values: pages.Values) -> SpentRunKey:
    scope, run_key, run_id, dedup, at, expires_at, *_ = values
    return SpentRunKey(scope, run_key, run_id, Dedup(dedup), at, expires_at)


_LISTING = pages.Listing(
    _COLUMNS, "run_keys", (By("run_key", "text"),), _build, parent=(By("scope", "uuid"),), scope=scopes.AS_ITS_PARENT
)  # fmt: skip


async def page_each(
    connection: AsyncConnection, scopes: Sequence[UUID], part: str | None, window: pages.Window
) -> list[pages.Page[SpentRunKey]]:
    """Return the same part of the list of the run keys that are held in each scope, by key; with `part` in them."""
    conditions = [Condition(_HELD, {})]
    if part is not None:
        conditions.append(pages.contains("run_key", part))
    return await pages.read_each(connection, _LISTING, [(scope,) for scope in scopes], window, conditions)


_RELEASE = text(f"DELETE FROM run_keys WHERE scope = :scope AND run_key = :run_key AND {_HELD} RETURNING {_COLUMNS}")


async def release(connection: AsyncConnection, scope: UUID, run_key: str) -> SpentRunKey | None:
    """Free a key for the next run that asks for it; return it as it was, None where no run held it."""
    row = (await connection.execute(_RELEASE, {"scope": scope, "run_key": run_key})).first()
    return None if row is None else _build(row)


_PURGE = text(
    """
    DELETE FROM run_keys WHERE (scope, run_key) IN (
        SELECT scope, run_key FROM run_keys WHERE expires_at <= now()
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)


async def purge(connection: AsyncConnection) -> int:
    """Delete up to PURGED_AT_A_TIME keys that have expired; return how many."""
    return (await connection.execute(_PURGE, {"limit": PURGED_AT_A_TIME})).rowcount
