"""Sessions of people who signed in: begun, ended, and recognised by the digest of their cookie."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.access import Lapse, Reach, Recognised, Role
from vedette.domain.ids import new_id
from vedette.storage.access.tokens import LAPSE, QUOTA, recognised


class NewSession(NamedTuple):
    """A session to be: the digest of its cookie, whose it is, what they may do, and for how many seconds.

    It ends with the token `token_id`, where it was begun with one.
    """

    digest: bytes
    subject: str
    name: str
    role: Role
    code_locations: Reach
    seconds: float
    token_id: UUID | None = None


_BEGIN = text(
    """
    INSERT INTO sessions (id, digest, token_id, subject, name, role, code_locations, expires_at)
    VALUES (:id, :digest, :token_id, :subject, :name, :role, CAST(:code_locations AS text[]),
        now() + make_interval(secs => :seconds))
    """
)
# Those that are over are of no use to anybody; what was done in them stands in the audit log.
_FORGET = text("DELETE FROM sessions WHERE expires_at < now() - interval '1 day'")
_LAPSE = f"""CASE WHEN ended_at IS NOT NULL THEN '{Lapse.SIGNED_OUT}'
    ELSE coalesce({LAPSE}, CASE WHEN sessions.expires_at <= now() THEN '{Lapse.EXPIRED}' END) END"""
_FROM = "FROM sessions LEFT JOIN tokens ON tokens.id = token_id"
_RECOGNISE = text(
    f"""
    SELECT sessions.id, token_id, sessions.name, coalesce(tokens.role, sessions.role) AS role,
        CASE WHEN token_id IS NULL THEN sessions.code_locations ELSE tokens.code_locations END AS code_locations,
        least(sessions.expires_at, tokens.expires_at) AS expires_at, {QUOTA}, {_LAPSE} AS lapse
    {_FROM} WHERE sessions.digest = :digest
    """
)
_END = text("UPDATE sessions SET ended_at = now() WHERE digest = :digest AND ended_at IS NULL")
_STILL_GOOD = text(f"SELECT sessions.id {_FROM} WHERE sessions.id = ANY(CAST(:ids AS uuid[])) AND {_LAPSE} IS NULL")


async def begin(connection: AsyncConnection, wanted: NewSession) -> UUID:
    """Begin a session and return its id."""
    await connection.execute(_FORGET)
    key = new_id()
    reach = None if wanted.code_locations is None else list(wanted.code_locations)
    await connection.execute(_BEGIN, {**wanted._asdict(), "id": key, "code_locations": reach})
    return key


async def end(connection: AsyncConnection, digest: bytes) -> None:
    """End a session, if it goes on. Knock ACCESS after the commit."""
    await connection.execute(_END, {"digest": digest})


async def recognise(connection: AsyncConnection, digest: bytes) -> Recognised | None:
    """Return the session of a digest, whether it goes on or not."""
    return recognised((await connection.execute(_RECOGNISE, {"digest": digest})).first())


async def still_good(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the sessions that go on."""
    return {row.id for row in await connection.execute(_STILL_GOOD, {"ids": list(ids)})}
