"""Idempotency keys: what a mutation with a key did, written in the transaction of its effect.

The row is inserted before the effect and holds its twins back until the transaction ends: they then find what it did,
or, where it was rolled back, a key that is free. It is the first lock of the transaction.
"""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

KEPT_SECONDS = 24 * 3600.0
PURGED_AT_A_TIME = 1000


class Spent(msgspec.Struct, frozen=True):
    """A key that is spent: the digest of the mutation that spent it, and that mutation's outcome as JSON."""

    digest: str
    outcome: bytes


# A key that is older than it is kept for is free, whether it was purged by now or not.
_RESERVE = text(
    """
    INSERT INTO idempotency_keys AS kept (actor, key, digest) VALUES (:actor, :key, :digest)
    ON CONFLICT (actor, key) DO UPDATE SET digest = excluded.digest, outcome = NULL, at = now()
        WHERE kept.at < now() - make_interval(secs => :kept)
    RETURNING key
    """
)
_READ = text("SELECT digest, outcome FROM idempotency_keys WHERE actor = :actor AND key = :key")
_SETTLE = text("UPDATE idempotency_keys SET outcome = CAST(:outcome AS jsonb) WHERE actor = :actor AND key = :key")
_RELEASE = text(
    "DELETE FROM idempotency_keys WHERE actor = :actor AND key = :key AND outcome = CAST(:outcome AS jsonb)"
)
_PURGE = text(
    """
    DELETE FROM idempotency_keys WHERE (actor, key) IN (
        SELECT actor, key FROM idempotency_keys WHERE at < now() - make_interval(secs => :kept)
        ORDER BY at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)


async def reserve(connection: AsyncConnection, actor: str, key: str, digest: str) -> Spent | None:
    """Reserve a key of `actor` for this transaction; return who has spent it, None where it is now ours.

    Waits for a twin's transaction that has reserved it. Call `settle` before the commit.
    """
    named = {"actor": actor, "key": key}
    while (await connection.execute(_RESERVE, {**named, "digest": digest, "kept": KEPT_SECONDS})).first() is None:
        # A statement of its own: what the twin committed while the insert waited is visible only now.
        row = (await connection.execute(_READ, named)).first()
        if row is not None:
            return Spent(row.digest, row.outcome.encode())
    return None


async def settle(connection: AsyncConnection, actor: str, key: str, outcome: bytes) -> None:
    """Say what the mutation that reserved the key did, as JSON."""
    await connection.execute(_SETTLE, {"actor": actor, "key": key, "outcome": outcome.decode()})


async def release(connection: AsyncConnection, actor: str, key: str, outcome: bytes) -> None:
    """Make a key free again whose `outcome` came to nothing after all."""
    await connection.execute(_RELEASE, {"actor": actor, "key": key, "outcome": outcome.decode()})


async def purge(connection: AsyncConnection) -> int:
    """Delete up to PURGED_AT_A_TIME keys that are older than they are kept for; return how many."""
    return (await connection.execute(_PURGE, {"kept": KEPT_SECONDS, "limit": PURGED_AT_A_TIME})).rowcount
