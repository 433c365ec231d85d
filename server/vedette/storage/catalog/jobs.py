"""Jobs: what the code locations define, by id, by name and as lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import JobSpec
from vedette.storage import pages, scopes
from vedette.storage.pages import By, Condition

_spec = msgspec.json.Decoder(JobSpec).decode


class JobSeen(NamedTuple):
    """A job; `loaded` is false once its code location no longer defines it."""

    id: UUID
    code_location: str
    loaded: bool
    spec: JobSpec


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list holds; what is None does not restrict."""

    code_location: str | None = None
    name_contains: str | None = None


def _build(values: pages.Values) -> JobSeen:
    key, location, loaded, spec, *_ = values
    return JobSeen(key, location, loaded, _spec(spec))


_LISTING = pages.Listing(
    "id, code_location, loaded, CAST(spec AS text)",
    "jobs",
    (By("name", "text"), By("id", "uuid")),
    _build,
    parent=(By("code_location", "text"),),
    scope=scopes.OF_LOCATION,
)
_LOADED = Condition("loaded", {})


async def page(connection: AsyncConnection, of: JobFilter, window: pages.Window) -> pages.Page[JobSeen]:
    """Return a part of the list of the jobs that are defined now, by name."""
    conditions = [_LOADED]
    if of.code_location is not None:
        conditions.append(Condition("code_location = :code_location", {"code_location": of.code_location}))
    if of.name_contains:
        conditions.append(pages.contains("name", of.name_contains))
    return await pages.read(connection, _LISTING, window, conditions)


async def page_each(
    connection: AsyncConnection, code_locations: Sequence[str], window: pages.Window
) -> list[pages.Page[JobSeen]]:
    """Return the same part of the list of the jobs that each code location defines now, by name."""
    parents = [(name,) for name in code_locations]
    return await pages.read_each(connection, _LISTING, parents, window, [_LOADED])


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, JobSeen]:
    """Return those of the jobs that exist, by id."""
    wanted = [Condition("id = ANY(:ids)", {"ids": list(ids)})]
    return {job.id: job for job in await pages.select(connection, _LISTING, wanted)}


async def by_name(connection: AsyncConnection, name: str, code_location: str | None) -> list[JobSeen]:
    """Return the jobs of that name that are defined now: at most one where the code location is given, else two."""
    conditions = [_LOADED, Condition("name = :name", {"name": name})]
    if code_location is not None:
        conditions.append(Condition("code_location = :code_location", {"code_location": code_location}))
    return await pages.select(connection, _LISTING, conditions, "ORDER BY code_location LIMIT 2")


_BY_NAMES = text(
    """
    SELECT id, code_location, loaded, spec FROM jobs
    JOIN unnest(CAST(:code_locations AS text[]), CAST(:names AS text[])) AS wanted(code_location, name)
        USING (code_location, name)
    WHERE CAST(:confined_to AS text[]) IS NULL OR code_location = ANY(CAST(:confined_to AS text[]))
    """
)


async def by_names(connection: AsyncConnection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], JobSeen]:
    """Return those of the (code location, job name) that exist or ever did."""
    values: dict[str, Any] = {
        "code_locations": [name[0] for name in names],
        "names": [name[1] for name in names],
        "confined_to": scopes.confines(connection),
    }
    found = [_build(row) for row in await connection.execute(_BY_NAMES, values)]
    return {(job.code_location, job.spec.name): job for job in found}
