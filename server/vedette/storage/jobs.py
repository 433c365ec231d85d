"""Jobs: what the code locations define, by id, by name and as lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import JobSpec
from vedette.storage import pages
from vedette.storage.tables import jobs

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


_SELECT = select(*jobs.c)


def _build(row: Row[Any]) -> JobSeen:
    return JobSeen(row.id, row.code_location, row.loaded, _spec(row.spec))


_LISTING = pages.Listing(_SELECT, (jobs.c.name, jobs.c.id), _build, parent=(jobs.c.code_location,))


async def page(connection: AsyncConnection, of: JobFilter, window: pages.Window) -> pages.Page[JobSeen]:
    """Return a part of the list of the jobs that are defined now, by name."""
    conditions: list[ColumnElement[bool]] = [jobs.c.loaded]
    if of.code_location is not None:
        conditions.append(jobs.c.code_location == of.code_location)
    if of.name_contains:
        conditions.append(jobs.c.name.icontains(of.name_contains, autoescape=True))
    return await pages.read(connection, _LISTING, window, conditions)


async def page_each(
    connection: AsyncConnection, code_locations: Sequence[str], window: pages.Window
) -> list[pages.Page[JobSeen]]:
    """Return the same part of the list of the jobs that each code location defines now, by name."""
    parents = [(name,) for name in code_locations]
    return await pages.read_each(connection, _LISTING, parents, window, [jobs.c.loaded])


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, JobSeen]:
    """Return those of the jobs that exist, by id."""
    wanted = jobs.c.id == func.any(literal(list(ids), ARRAY(jobs.c.id.type)))
    return {row.id: _build(row) for row in await connection.execute(_SELECT.where(wanted))}


async def by_name(connection: AsyncConnection, name: str, code_location: str | None) -> list[JobSeen]:
    """Return the jobs of that name that are defined now: at most one where the code location is given, else two."""
    statement = _SELECT.where(jobs.c.name == name, jobs.c.loaded).order_by(jobs.c.code_location).limit(2)
    if code_location is not None:
        statement = statement.where(jobs.c.code_location == code_location)
    return [_build(row) for row in await connection.execute(statement)]


_BY_NAMES = text(
    """
    SELECT jobs.* FROM jobs JOIN unnest(CAST(:code_locations AS text[]), CAST(:names AS text[]))
        AS wanted(code_location, name) USING (code_location, name)
    """
)


async def by_names(connection: AsyncConnection, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], JobSeen]:
    """Return those of the (code location, job name) that exist or ever did."""
    values = {"code_locations": [name[0] for name in names], "names": [name[1] for name in names]}
    found = [_build(row) for row in await connection.execute(_BY_NAMES, values)]
    return {(job.code_location, job.spec.name): job for job in found}
