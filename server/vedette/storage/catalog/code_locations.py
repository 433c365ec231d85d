"""Code locations: the projects that are served, and the wish to load one anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.logs import ErrorInfo
from vedette.storage import scopes


class CodeLocationSeen(NamedTuple):
    """A code location as it was last loaded; `error` tells why it could not be. Reloads are counted, see tables."""

    id: UUID
    name: str
    target: str
    version: str | None
    loaded_at: datetime | None
    error: ErrorInfo | None
    reload_asked: int
    reload_done: int


COLUMNS = "id, name, target, version, loaded_at, error, reload_asked, reload_done"
_IN_SCOPE = "(CAST(:confined_to AS text[]) IS NULL OR name = ANY(CAST(:confined_to AS text[])))"
_ALL = text(f"SELECT {COLUMNS} FROM code_locations WHERE {_IN_SCOPE} ORDER BY name")
_BY_IDS = text(f"SELECT {COLUMNS} FROM code_locations WHERE id = ANY(CAST(:ids AS uuid[])) AND {_IN_SCOPE}")
_BY_NAMES = text(f"SELECT {COLUMNS} FROM code_locations WHERE name = ANY(CAST(:names AS text[])) AND {_IN_SCOPE}")
_ASK = text("UPDATE code_locations SET reload_asked = reload_asked + 1 WHERE id = :id RETURNING reload_asked")


def build(values: Sequence[Any]) -> CodeLocationSeen:
    """Return the code location of what COLUMNS select, in their order."""
    key, name, target, version, loaded_at, error, asked, done = values
    known = None if error is None else msgspec.json.decode(error, type=ErrorInfo)
    return CodeLocationSeen(key, name, target, version, loaded_at, known, asked, done)


def _scope(connection: AsyncConnection) -> dict[str, Sequence[str] | None]:
    return {"confined_to": scopes.confines(connection)}


async def read_all(connection: AsyncConnection) -> list[CodeLocationSeen]:
    """Return every code location, by name."""
    return [build(row) for row in await connection.execute(_ALL, _scope(connection))]


async def by_ids(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, CodeLocationSeen]:
    """Return those of the code locations that exist, by id."""
    return {row.id: build(row) for row in await connection.execute(_BY_IDS, {"ids": list(ids), **_scope(connection)})}


async def by_names(connection: AsyncConnection, names: Sequence[str]) -> dict[str, CodeLocationSeen]:
    """Return those of the code locations that exist, by name."""
    return {
        row.name: build(row)
        for row in await connection.execute(_BY_NAMES, {"names": list(names), **_scope(connection)})
    }


async def ask_reload(connection: AsyncConnection, code_location_id: UUID) -> int | None:
    """Ask whoever serves it to load a code location anew.

    Return the number that `reload_done` reaches when that is done; None where there is no such code location.
    """
    asked: int | None = (await connection.execute(_ASK, {"id": code_location_id})).scalar()
    return asked
