"""Limits on what runs at once: set by people, in a table, or by code, in the specs of jobs; see `domain.run_limits`."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_id
from vedette.domain.run_limits import LimitKey, RunLimit
from vedette.storage import pages
from vedette.storage.pages import By, Condition

# Code that cannot be loaded any more limits its jobs as it last did: launchers may still execute what they have loaded.
_IN_CODE = """(spec ->> 'max_concurrent_runs') IS NOT NULL AND (loaded OR EXISTS (
    SELECT FROM code_locations WHERE code_locations.name = jobs.code_location AND error IS NOT NULL))"""

# Whether anything may have to wait for anything but a slot. Runs that a limit has left in a lane are claimed with it.
IS_LIMITED = f"""EXISTS (SELECT FROM run_limits)
        OR EXISTS (SELECT FROM jobs WHERE {_IN_CODE})
        OR EXISTS (SELECT FROM runs WHERE status = 'QUEUED' AND lane > '')"""

# All limits that count: what somebody set for a job goes before what its code says. The subject is JSON as Postgres
# writes it.
LIMITS = f"""(
    SELECT coalesce(own.id, code.id) AS id, subject, coalesce(own.max_runs, code.max_runs) AS max_runs,
        own.set_at, own.set_by, code.max_runs AS in_code,
        CASE WHEN CAST(subject AS jsonb) ->> 0 = 'job' THEN CAST(subject AS jsonb) ->> 1 END AS code_location
    FROM run_limits AS own FULL JOIN (
        SELECT id, CAST(jsonb_build_array('job', code_location, name) AS text) AS subject,
            CAST(spec ->> 'max_concurrent_runs' AS integer) AS max_runs
        FROM jobs WHERE {_IN_CODE}
    ) AS code USING (subject)
)"""
_SCOPE = "(code_location IS NULL OR code_location = ANY(:confined_to))"

_subject = msgspec.json.Decoder(tuple[str, ...]).decode


def _build(values: pages.Values) -> RunLimit:
    key, subject, max_runs, set_at, set_by, in_code, *_ = values
    return RunLimit(key, _subject(subject), max_runs, set_at, set_by, in_code)


_LISTING = pages.Listing(
    "id, subject, max_runs, set_at, set_by, in_code",
    f"{LIMITS} AS limits",
    (By("subject", "text"),),
    _build,
    scope=_SCOPE,
)


async def page(connection: AsyncConnection, window: pages.Window) -> pages.Page[RunLimit]:
    """Return a part of the list of all limits."""
    return await pages.read(connection, _LISTING, window)


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, RunLimit]:
    """Return those of the limits that there are, by id; that of a limit that only code sets is its job's."""
    wanted = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    return {limit.id: limit for limit in await pages.select(connection, _LISTING, wanted)}


_SET = text(
    """
    INSERT INTO run_limits (id, subject, max_runs, set_by)
    VALUES (:id, CAST(CAST(:subject AS jsonb) AS text), :max_runs, :actor)
    ON CONFLICT (subject) DO UPDATE SET max_runs = excluded.max_runs, set_by = excluded.set_by, set_at = now()
    RETURNING id
    """
)
_REMOVE = text("DELETE FROM run_limits WHERE id = :id RETURNING id")


async def put(connection: AsyncConnection, subject: LimitKey, max_runs: int, actor: str) -> UUID:
    """Set the limit of a subject; return its id."""
    encoded = msgspec.json.encode(subject).decode()
    values = {"id": new_id(), "subject": encoded, "max_runs": max_runs, "actor": actor}
    key: UUID = (await connection.execute(_SET, values)).scalar_one()
    return key


async def remove(connection: AsyncConnection, limit_id: UUID) -> bool:
    """Remove a limit that somebody set; tell whether it was there."""
    return (await connection.execute(_REMOVE, {"id": limit_id})).first() is not None
