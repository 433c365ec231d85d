"""The audit log: a row a mutation, in the transaction of its effect where it has one; rows are added and never changed.

An entry goes into the `outbox` first: it has its position, and shows, as soon as that is forwarded after the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.audit import DONE, Attempt, AuditEntry
from vedette.storage import direct, pages, scopes
from vedette.storage.direct import Statement
from vedette.storage.pages import By, Condition

_json = msgspec.json.decode

# Of what kind of thing: its table, the code location that it belongs to, and what is told of it before and after.
_SUBJECTS = {
    "Sensor": (
        "sensors",
        "code_location",
        "'name', name, 'status', status, 'cursor', left(cursor, 1000), 'cursorVersion', cursor_version",
    ),
    "Run": ("runs", "code_location", "'jobName', job_name, 'status', status, 'runKey', run_key"),
    "Job": ("jobs", "code_location", "'name', name"),
    "CodeLocation": ("code_locations", "name", "'name', name, 'version', version, 'reloads', reload_asked"),
    "RunLimit": (
        "run_limits",
        "CASE WHEN CAST(subject AS jsonb) ->> 0 = 'job' THEN CAST(subject AS jsonb) ->> 1 END",
        "'subject', CAST(subject AS jsonb), 'maxConcurrentRuns', max_runs",
    ),
    "ApiToken": (
        "tokens",
        "CASE WHEN cardinality(code_locations) = 1 THEN code_locations[1] END",
        """'name', name, 'role', role, 'codeLocations', code_locations, 'expiresAt', expires_at,
        'revokedAt', revoked_at, 'requestsPerMinute', requests_per_minute, 'costPerMinute', cost_per_minute,
        'streams', streams""",
    ),
}
# Whatever a provider calls people: what is written once has to find its place in the log, whose indexes have limits.
_ACTOR = "left(CAST(:actor AS text), 255)"
_NOTHING = ("(VALUES (CAST(NULL AS uuid)))", "CAST(NULL AS text)", "")


def _subject(kind: str | None, key: str = "CAST(:subject_id AS uuid)") -> str:
    table, location, facts = _SUBJECTS.get(kind or "", _NOTHING)
    if table is _NOTHING[0]:
        return "SELECT CAST(NULL AS text) AS code_location, CAST(NULL AS jsonb) AS facts"
    return f"""SELECT {location} AS code_location, jsonb_build_object({facts}) AS facts
        FROM {table} WHERE id = {key}"""


def adding(kind: str | None) -> str:
    """Return the parts of a WITH that add an entry about a thing of a kind; `values` gives what they name."""
    return f"""entry AS (
        SELECT clock_timestamp() AS at, {_ACTOR} AS actor, CAST(:address AS text) AS address,
            CAST(:mutation AS text) AS mutation, CAST(:result AS text) AS result,
            CAST(:subject_kind AS text) AS subject_kind, CAST(:subject_id AS uuid) AS subject_id,
            subject.code_location, CAST(:given AS jsonb) AS given, CAST(:before AS jsonb) AS before,
            CASE WHEN CAST(:result AS text) = '{DONE}' THEN subject.facts END AS after
        FROM (SELECT) AS one LEFT JOIN ({_subject(kind)}) AS subject ON true
    ), told AS (
        INSERT INTO outbox (stream, entry) SELECT 'audit', to_jsonb(entry) FROM entry
    )"""


def values(attempt: Attempt, result: str) -> dict[str, Any]:
    """Return the values of an entry, by the names that `adding` has for them."""
    kind, key = attempt.subject or (None, None)
    return {
        "actor": attempt.actor,
        "address": attempt.address,
        "mutation": attempt.mutation,
        "result": result,
        "subject_kind": kind,
        "subject_id": key,
        "given": msgspec.json.encode(attempt.given).decode(),
        "before": attempt.before,
    }


_SNAPSHOTS = {kind: Statement(f"SELECT CAST(facts AS text) FROM ({_subject(kind)}) AS subject") for kind in _SUBJECTS}
_ADD = {kind: Statement(f"WITH {adding(kind)} SELECT") for kind in (None, *_SUBJECTS)}


async def facts(connection: AsyncConnection, attempt: Attempt) -> str | None:
    """Return what is told of an attempt's subject as it is now, in JSON; None where there is none."""
    if attempt.subject is None or attempt.subject[0] not in _SNAPSHOTS:
        return None
    kind, key = attempt.subject
    rows = await direct.fetch(connection, _SNAPSHOTS[kind], {"subject_id": key})
    return rows[0]["facts"] if rows else None


async def add(connection: AsyncConnection, attempt: Attempt, result: str) -> None:
    """Add an entry; forward the outbox after the commit."""
    kind = attempt.subject[0] if attempt.subject is not None else None
    await direct.fetch(connection, _ADD.get(kind, _ADD[None]), values(attempt, result))


# What a mutation of many sensors tells: an entry for each, in the order given.
_SNAPSHOT_OF_EACH = text(
    f"""
    SELECT asked.id, CAST(subject.facts AS text) FROM unnest(CAST(:ids AS uuid[])) AS asked(id),
        LATERAL ({_subject("Sensor", "asked.id")}) AS subject
    """
)
_ADD_EACH = text(
    f"""
    WITH entry AS (
        SELECT clock_timestamp() AS at, {_ACTOR} AS actor, CAST(:address AS text) AS address,
            CAST(:mutation AS text) AS mutation, told.result, 'Sensor' AS subject_kind, told.id AS subject_id,
            subject.code_location, told.given, told.before,
            CASE WHEN told.result = '{DONE}' THEN subject.facts END AS after, ordinal
        FROM unnest(CAST(:ids AS uuid[]), CAST(:results AS text[]), CAST(:given AS jsonb[]),
            CAST(:befores AS jsonb[])) WITH ORDINALITY AS told(id, result, given, before, ordinal)
            LEFT JOIN LATERAL ({_subject("Sensor", "told.id")}) AS subject ON true
    )
    INSERT INTO outbox (stream, entry) SELECT 'audit', to_jsonb(entry) - 'ordinal' FROM entry ORDER BY ordinal
    """
)


class SensorEntry(NamedTuple):
    """What came of a mutation of many sensors for one of them: `given` is its input, as if it were for that alone."""

    sensor_id: UUID
    given: Any
    before: str | None
    result: str


async def facts_each(connection: AsyncConnection, sensor_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what is told of each sensor as it is now, in JSON; those that do not exist are left out."""
    rows = await connection.execute(_SNAPSHOT_OF_EACH, {"ids": list(sensor_ids)})
    return {row.id: row.facts for row in rows}


async def add_each(connection: AsyncConnection, attempt: Attempt, entries: Sequence[SensorEntry]) -> None:
    """Add an entry for each sensor of an attempt; forward the outbox after the commit."""
    told = {
        "actor": attempt.actor,
        "address": attempt.address,
        "mutation": attempt.mutation,
        "ids": [entry.sensor_id for entry in entries],
        "results": [entry.result for entry in entries],
        "given": [msgspec.json.encode(entry.given).decode() for entry in entries],
        "befores": [entry.before for entry in entries],
    }
    await connection.execute(_ADD_EACH, told)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries a list holds; what is None does not restrict. `since` is inclusive, `until` exclusive."""

    actor: str | None = None
    mutation: str | None = None
    result: str | None = None
    code_location: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    subject_id: UUID | None = None
    position: int | None = None


def _build(row: pages.Values) -> AuditEntry:
    position, at, actor, address, mutation, result, kind, key, location, given, before, after, *_ = row
    decoded = (None if each is None else _json(each) for each in (given, before, after))
    return AuditEntry(position, at, actor, address, mutation, result, kind, key, location, *decoded)


_LISTING = pages.Listing(
    """position, at, actor, address, mutation, result, subject_kind, subject_id, code_location,
    CAST(given AS text), CAST(before AS text), CAST(after AS text)""",
    "audit_log",
    (By("position", "bigint"),),
    _build,
    descending=True,
    scope=scopes.OF_LOCATION,
)


async def page(connection: AsyncConnection, of: AuditFilter, window: pages.Window) -> pages.Page[AuditEntry]:
    """Return a part of the log, the newest first."""
    return await pages.read(connection, _LISTING, window, _conditions(of))


async def positions_after(connection: AsyncConnection, position: int, limit: int) -> Sequence[int]:
    """Return at most `limit` positions of entries after `position`, in order."""
    rows = await connection.execute(_POSITIONS, {"after": position, "limit": limit})
    return [row.position for row in rows]


_POSITIONS = text("SELECT position FROM audit_log WHERE position > :after ORDER BY position LIMIT :limit")


async def at_positions(connection: AsyncConnection, positions: Sequence[int], of: AuditFilter) -> list[AuditEntry]:
    """Return those of the entries that pass the filter, in order."""
    wanted = [Condition("position = ANY(:positions)", {"positions": list(positions)}), *_conditions(of)]
    return await pages.select(connection, _LISTING, wanted, "ORDER BY position")


def _conditions(of: AuditFilter) -> list[Condition]:
    equal = ("actor", "mutation", "result", "code_location", "subject_id", "position")
    wanted = [(name, value) for name in equal if (value := getattr(of, name)) is not None]
    conditions = [Condition(f"{name} = :{name}", {name: value}) for name, value in wanted]
    if of.since is not None:
        conditions.append(Condition("at >= :since", {"since": of.since}))
    if of.until is not None:
        conditions.append(Condition("at < :until", {"until": of.until}))
    return conditions
