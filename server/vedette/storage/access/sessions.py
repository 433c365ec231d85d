"""Sessions of people who signed in: begun, ended, and recognised by the digest of their cookie."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.access import Reach, Role
from vedette.domain.ids import new_id


class NewSession(NamedTuple):
    """A session to be: the digest of its cookie, whose it is, what they may do, and for how many seconds."""

    digest: bytes
    subject: str
    name: str
    role: Role
    code_locations: Reach
    seconds: float


class SessionFacts(NamedTuple):
    """What a server needs to know of a session that goes on."""

    id: UUID
    name: str
    role: Role
    code_locations: Reach


_BEGIN = text(
    """
    INSERT INTO sessions (id, digest, subject, name, role, code_locations, expires_at)
    VALUES (:id, :digest, :subject, :name, :role, CAST(:code_locations AS text[]),
        now() + make_interval(secs => :seconds))
    """
)
# Those that are over are of no use to anybody; what was done in them stands in the audit log.
_FORGET = text("DELETE FROM sessions WHERE expires_at < now() - interval '1 day'")
_GOES_ON = "ended_at IS NULL AND expires_at > now()"
_RECOGNISE = text(f"SELECT id, name, role, code_locations FROM sessions WHERE digest = :digest AND {_GOES_ON}")
_END = text(f"UPDATE sessions SET ended_at = now() WHERE digest = :digest AND {_GOES_ON} RETURNING id")
_STILL_GOOD = text(f"SELECT id FROM sessions WHERE id = ANY(CAST(:ids AS uuid[])) AND {_GOES_ON}")


async def begin(connection: AsyncConnection, wanted: NewSession) -> UUID:
    """Begin a session and return its id."""
    await connection.execute(_FORGET)
    key = new_id()
    reach = None if wanted.code_locations is None else list(wanted.code_locations)
    await connection.execute(_BEGIN, {**wanted._asdict(), "id": key, "code_locations": reach})
    return key


async def end(connection: AsyncConnection, digest: bytes) -> bool:
    """End a session; tell whether it went on. Knock ACCESS after the commit."""
    return (await connection.execute(_END, {"digest": digest})).first() is not None


async def recognise(connection: AsyncConnection, digest: bytes) -> SessionFacts | None:
    """Return the session of a digest, if it goes on."""
    row = (await connection.execute(_RECOGNISE, {"digest": digest})).first()
    if row is None:
        return None
    reach = None if row.code_locations is None else tuple(row.code_locations)
    return SessionFacts(row.id, row.name, Role(row.role), reach)


async def still_good(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the sessions that go on."""
    return {row.id for row in await connection.execute(_STILL_GOOD, {"ids": list(ids)})}
