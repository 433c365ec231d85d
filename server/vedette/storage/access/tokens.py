"""API tokens: made, listed, revoked, and recognised by their digest."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.access import AS_SETTINGS, Lapse, Quota, Reach, Recognised, Role, Token
from vedette.domain.ids import new_id
from vedette.storage import pages
from vedette.storage.pages import By, Condition


class NewToken(NamedTuple):
    """A token to be: what is kept of it, who makes it, and for how long it is good (None: for ever)."""

    name: str
    digest: bytes
    prefix: str
    role: Role
    code_locations: Reach
    created_by: str
    expires_at: datetime | None
    quota: Quota = AS_SETTINGS


QUOTA = "requests_per_minute, cost_per_minute, streams"
_COLUMNS = (
    f"id, name, prefix, role, code_locations, created_at, created_by, expires_at, revoked_at, last_used_at, {QUOTA}"
)


def _build(values: pages.Values) -> Token:
    key, name, prefix, role, locations, made_at, made_by, expires, revoked, used, *quota = values
    return Token(
        key, name, prefix, Role(role), _reach(locations), made_at, made_by, expires, revoked, used, Quota(*quota[:3])
    )


def _reach(locations: Sequence[str] | None) -> Reach:
    return None if locations is None else tuple(locations)


# Whoever is confined sees what reaches no further than they do.
_OF_SCOPE = "code_locations <@ CAST(:confined_to AS text[])"
_LISTING = pages.Listing(
    _COLUMNS, "tokens", (By("created_at", "timestamptz"), By("id", "uuid")), _build, descending=True, scope=_OF_SCOPE
)  # fmt: skip
_MAKE = text(
    f"""
    INSERT INTO tokens (id, name, digest, prefix, role, code_locations, created_by, expires_at, {QUOTA})
    VALUES (:id, :name, :digest, :prefix, :role, CAST(:code_locations AS text[]), :created_by,
        CAST(:expires_at AS timestamptz), CAST(:requests_per_minute AS bigint), CAST(:cost_per_minute AS bigint),
        CAST(:streams AS bigint))
    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
    RETURNING {_COLUMNS}
    """
)
_REVOKE = text(
    f"UPDATE tokens SET revoked_at = coalesce(revoked_at, now()) WHERE id = :id RETURNING {_COLUMNS}"
)  # fmt: skip
_GOOD = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
# Why a token is good for nothing, NULL where it is good.
LAPSE = f"""CASE WHEN tokens.revoked_at IS NOT NULL THEN '{Lapse.REVOKED}'
    WHEN tokens.expires_at <= now() THEN '{Lapse.EXPIRED}' END"""
_RECOGNISE = text(
    f"""
    SELECT id, id AS token_id, name, role, code_locations, expires_at, {QUOTA}, {LAPSE} AS lapse
    FROM tokens WHERE digest = :digest
    """
)
_STILL_GOOD = text(f"SELECT id FROM tokens WHERE id = ANY(CAST(:ids AS uuid[])) AND {_GOOD}")
_USED = text(
    """
    UPDATE tokens SET last_used_at = greatest(last_used_at, now() - make_interval(secs => seconds))
    FROM unnest(CAST(:ids AS uuid[]), CAST(:seconds AS double precision[])) AS used(key, seconds)
    WHERE id = key
    """
)


async def make(connection: AsyncConnection, wanted: NewToken) -> Token | None:
    """Keep a new token; return it, None where a token that is not revoked has its name."""
    stored = {"id": new_id(), "code_locations": _stored(wanted.code_locations), **wanted.quota._asdict()}
    values = {name: value for name, value in wanted._asdict().items() if name != "quota"} | stored
    row = (await connection.execute(_MAKE, values)).first()
    return None if row is None else _build(row)


def _stored(reach: Reach) -> list[str] | None:
    return None if reach is None else sorted(set(reach))


async def revoke(connection: AsyncConnection, token_id: UUID) -> Token | None:
    """Make a token good for nothing; return it, None where there is none. To revoke it again changes nothing."""
    row = (await connection.execute(_REVOKE, {"id": token_id})).first()
    return None if row is None else _build(row)


async def page(connection: AsyncConnection, window: pages.Window) -> pages.Page[Token]:
    """Return a part of the list of tokens, the newest first, those that are revoked included."""
    return await pages.read(connection, _LISTING, window)


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Token]:
    """Return those of the tokens that there are, by id."""
    wanted = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    return {token.id: token for token in await pages.select(connection, _LISTING, wanted)}


async def named(connection: AsyncConnection, name: str) -> Token | None:
    """Return the token of a name that is not revoked."""
    wanted = [Condition("name = :name AND revoked_at IS NULL", {"name": name})]
    return next(iter(await pages.select(connection, _LISTING, wanted)), None)


async def recognise(connection: AsyncConnection, digest: bytes) -> Recognised | None:
    """Return the token of a digest, good or not."""
    return recognised((await connection.execute(_RECOGNISE, {"digest": digest})).first())


def recognised(row: Any) -> Recognised | None:
    """Return what a row tells of a secret."""
    if row is None:
        return None
    quota = Quota(row.requests_per_minute, row.cost_per_minute, row.streams)
    lapse = None if row.lapse is None else Lapse(row.lapse)
    reach = _reach(row.code_locations)
    return Recognised(row.id, row.token_id, row.name, Role(row.role), reach, row.expires_at, quota, lapse)


async def still_good(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the tokens that are good now."""
    return {row.id for row in await connection.execute(_STILL_GOOD, {"ids": list(ids)})}


async def used(connection: AsyncConnection, ago: Mapping[UUID, float]) -> None:
    """Note when tokens were last used: by id, how many seconds ago."""
    ids = sorted(ago)
    await connection.execute(_USED, {"ids": ids, "seconds": [ago[key] for key in ids]})
