"""Which clients use what of the schema is deprecated: counted by servers, added up here now and then."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.access import DeprecatedUse
from vedette.storage import pages
from vedette.storage.pages import By

# Clients choose their names: there are so many rows at most, and beyond these whoever is new is OTHER.
MOST_ROWS = 1000
OTHER = "other"
KEPT = "90 days"


class User(NamedTuple):
    """Who uses a member: the client's name and version as it tells them, empty where it does not, and whose it is."""

    member: str
    client: str
    version: str
    actor: str


# Sorted, so that servers that count at the same time lock in one order.
_ADD = text(
    """
    WITH given AS (
        SELECT * FROM unnest(
            CAST(:members AS text[]), CAST(:clients AS text[]), CAST(:versions AS text[]), CAST(:actors AS text[]),
            CAST(:uses AS bigint[])
        ) AS rows(member, client, version, actor, uses)
    ), judged AS (
        SELECT given.*, (SELECT count(*) FROM deprecated_uses) < :most OR EXISTS (
            SELECT FROM deprecated_uses AS known WHERE known.member = given.member AND known.client = given.client
                AND known.version = given.version AND known.actor = given.actor
        ) AS fits
        FROM given
    )
    INSERT INTO deprecated_uses AS old (member, client, version, actor, uses)
    SELECT member, CASE WHEN fits THEN client ELSE :other END, CASE WHEN fits THEN version ELSE '' END,
        CASE WHEN fits THEN actor ELSE '' END, sum(uses)
    FROM judged GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (member, client, version, actor) DO UPDATE SET uses = old.uses + excluded.uses, last_at = now()
    """
)
_FORGET = text("DELETE FROM deprecated_uses WHERE last_at < now() - CAST(CAST(:kept AS text) AS interval)")
_LISTING = pages.Listing(
    "member, client, version, actor, uses, first_at, last_at",
    "deprecated_uses",
    (By("member", "text"), By("client", "text"), By("version", "text"), By("actor", "text")),
    lambda values: DeprecatedUse(*values[:7]),
    # What is deprecated is of no code location.
    scope="false",
)


async def add(connection: AsyncConnection, counts: Mapping[User, int]) -> None:
    """Add up how often members were used, and forget who has not used one for long."""
    await connection.execute(_FORGET, {"kept": KEPT})
    columns = ("members", "clients", "versions", "actors")
    values = dict(zip(columns, map(list, zip(*counts, strict=True)), strict=True))
    await connection.execute(_ADD, {**values, "uses": list(counts.values()), "most": MOST_ROWS, "other": OTHER})


async def page(connection: AsyncConnection, window: pages.Window) -> pages.Page[DeprecatedUse]:
    """Return a part of the list of uses, by member and client."""
    return await pages.read(connection, _LISTING, window, [])
