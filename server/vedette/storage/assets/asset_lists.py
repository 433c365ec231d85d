"""Lists of assets: what code locations define and what was told of, each once, by key."""

from collections.abc import Collection, Hashable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import Path, escaped, unescaped
from vedette.domain.catalog import AssetSpec
from vedette.storage import pages, scopes
from vedette.storage.pages import By, Condition

_spec = msgspec.json.Decoder(AssetSpec).decode

# Of its definitions, the one that makes it goes before those that only name it. What nobody defines any more is there
# for as long as something is known of it.
_SEEN = """(
    SELECT assets.key, best.code_location, best.spec FROM assets LEFT JOIN LATERAL (
        SELECT defined.code_location, defined.spec FROM asset_definitions AS defined
        WHERE defined.key = assets.key AND defined.loaded
        ORDER BY CAST(defined.spec ->> 'executable' AS boolean) DESC, defined.code_location LIMIT 1
    ) AS best ON true
    WHERE best.spec IS NOT NULL OR assets.materialized_position IS NOT NULL OR EXISTS (
        SELECT FROM asset_events AS told WHERE told.key = assets.key AND told.position > assets.wiped_position
    )
) AS seen"""


class AssetSeen(NamedTuple):
    """An asset; no code location defines one that is known by what was told of it alone."""

    spec: AssetSpec
    code_location: str | None


class AssetFilter(NamedTuple):
    """Which assets a list holds; what is None does not restrict."""

    key_prefix: Path | None = None
    key_contains: str | None = None
    group: str | None = None
    code_location: str | None = None
    is_executable: bool | None = None
    keys: Sequence[Path] | None = None


def _build(values: pages.Values) -> AssetSeen:
    key, location, spec, *_ = values
    return AssetSeen(AssetSpec(unescaped(key), executable=False) if spec is None else _spec(spec), location)


_LISTING = pages.Listing(
    "key, code_location, CAST(spec AS text)", _SEEN, (By("key", "text"),), _build, scope=scopes.OF_ASSET
)


async def page(connection: AsyncConnection, of: AssetFilter, window: pages.Window) -> pages.Page[AssetSeen]:
    """Return a part of the list of assets, by key."""
    return await pages.read(connection, _LISTING, window, _conditions(of))


# By any of its definitions first, along an index: to find which of them is the best, each key has to be looked at.
_IN_GROUP = """spec ->> 'group' = :group AND key IN (
    SELECT named.key FROM asset_definitions AS named WHERE named.spec ->> 'group' = :group AND named.loaded)"""
_OF_LOCATION = """code_location = :code_location AND key IN (
    SELECT named.key FROM asset_definitions AS named WHERE named.code_location = :code_location AND named.loaded)"""
# If any of its definitions makes it, the best does.
_IS_EXECUTABLE = """key IN (
    SELECT made.key FROM asset_definitions AS made WHERE made.loaded AND CAST(made.spec ->> 'executable' AS boolean))"""


def _conditions(of: AssetFilter) -> list[Condition]:
    conditions = []
    if of.key_prefix:
        prefix = escaped(of.key_prefix)
        within = "(key = :prefix OR starts_with(key, :prefix_within))"
        conditions.append(Condition(within, {"prefix": prefix, "prefix_within": f"{prefix}/"}))
    if of.key_contains:
        conditions.append(pages.contains("key", of.key_contains))
    if of.group is not None:
        conditions.append(Condition(_IN_GROUP, {"group": of.group}))
    if of.code_location is not None:
        conditions.append(Condition(_OF_LOCATION, {"code_location": of.code_location}))
    if of.is_executable is not None:
        conditions.append(Condition("NOT " * (not of.is_executable) + _IS_EXECUTABLE, {}))
    if of.keys is not None:
        conditions.append(_among(of.keys))
    return conditions


def _among(keys: Sequence[Path]) -> Condition:
    return Condition("key = ANY(CAST(:keys AS text[]))", {"keys": [escaped(key) for key in keys]})


async def by_keys(connection: AsyncConnection, keys: Sequence[Path]) -> dict[Path, AssetSeen]:
    """Return those of the assets that are known, by key."""
    return {seen.spec.key: seen for seen in await pages.select(connection, _LISTING, [_among(keys)])}


_DEFINED = text(
    """
    SELECT DISTINCT ON (key) code_location, CAST(spec AS text) AS spec FROM asset_definitions WHERE loaded
    ORDER BY key, CAST(spec ->> 'executable' AS boolean) DESC, code_location
    """
)


# Each loading of a code location, whether it succeeds or fails, is a change of its row.
_DEFINED_AS_OF = text("SELECT name, loaded_at, error IS NULL FROM code_locations ORDER BY name")


async def defined_as_of(connection: AsyncConnection) -> Hashable:
    """Return what is another whenever `defined` is. Ask for it first: what changes in between is then noticed later."""
    return tuple(tuple(row) for row in await connection.execute(_DEFINED_AS_OF))


async def defined(connection: AsyncConnection) -> list[AssetSeen]:
    """Return all assets that code locations define now, each once, by key."""
    return [AssetSeen(_spec(spec), location) for location, spec in await connection.execute(_DEFINED)]


_IN_SCOPE = text(
    f"SELECT DISTINCT key FROM asset_definitions WHERE key = ANY(CAST(:keys AS text[])) AND {scopes.OF_ASSET}"
)


async def in_scope(connection: AsyncConnection, keys: Collection[Path]) -> Collection[Path]:
    """Return those of the keys whose assets the connection may see, whether there is such an asset or not."""
    confined_to = scopes.confines(connection)
    if confined_to is None:
        return keys
    rows = await connection.execute(_IN_SCOPE, {"keys": [escaped(key) for key in keys], "confined_to": confined_to})
    return {unescaped(row.key) for row in rows}


_DEFINITIONS = text(
    """
    SELECT code_location, CAST(spec AS text) AS spec FROM asset_definitions
    WHERE loaded AND key = ANY(CAST(:keys AS text[]))
        AND (CAST(:confined_to AS text[]) IS NULL OR code_location = ANY(CAST(:confined_to AS text[])))
    ORDER BY code_location, key
    """
)


async def definitions(connection: AsyncConnection, keys: Sequence[Path]) -> list[AssetSeen]:
    """Return every definition there is now of each of the assets."""
    values: dict[str, Any] = {"keys": [escaped(key) for key in keys], "confined_to": scopes.confines(connection)}
    rows = await connection.execute(_DEFINITIONS, values)
    return [AssetSeen(_spec(spec), location) for location, spec in rows]


_STEPS = text(
    """
    SELECT code_location, CAST(spec AS text) AS spec FROM asset_definitions
    WHERE loaded AND code_location = :code_location AND spec ->> 'op_name' = ANY(CAST(:steps AS text[])) ORDER BY key
    """
)


async def of_steps(connection: AsyncConnection, code_location: str, steps: Sequence[str]) -> list[AssetSpec]:
    """Return all assets that these steps of a code location make."""
    rows = await connection.execute(_STEPS, {"code_location": code_location, "steps": list(steps)})
    return [_spec(spec) for _, spec in rows]


_OF_JOBS = text(
    """
    SELECT wanted.ordinal, defined.key
    FROM asset_definitions AS defined CROSS JOIN LATERAL jsonb_array_elements_text(spec -> 'jobs') AS named(job)
    JOIN unnest(CAST(:code_locations AS text[]), CAST(:jobs AS text[])) WITH ORDINALITY
        AS wanted(code_location, job, ordinal) USING (code_location, job)
    WHERE defined.loaded ORDER BY wanted.ordinal, defined.key
    """
)


async def keys_of_jobs(connection: AsyncConnection, jobs: Sequence[tuple[str, str]]) -> list[list[Path]]:
    """Return for each (code location, job name) the keys of the assets that it makes."""
    values = {"code_locations": [job[0] for job in jobs], "jobs": [job[1] for job in jobs]}
    found: list[list[Path]] = [[] for _ in jobs]
    for ordinal, key in await connection.execute(_OF_JOBS, values):
        found[ordinal - 1].append(unescaped(key))
    return found


_CHILDREN = text(
    """
    SELECT DISTINCT wanted.ordinal, defined.key
    FROM asset_definitions AS defined CROSS JOIN LATERAL jsonb_array_elements(spec -> 'deps') AS named(dep)
    JOIN unnest(CAST(:keys AS jsonb[])) WITH ORDINALITY AS wanted(dep, ordinal) USING (dep)
    WHERE defined.loaded ORDER BY wanted.ordinal, defined.key
    """
)


async def children(connection: AsyncConnection, keys: Sequence[Path]) -> list[list[Path]]:
    """Return for each asset the keys of those that are made of it."""
    found: list[list[Path]] = [[] for _ in keys]
    for ordinal, key in await connection.execute(_CHILDREN, {"keys": [_json(key) for key in keys]}):
        found[ordinal - 1].append(unescaped(key))
    return found


# The sensors are gone through once, whatever the number of assets: the planner takes lists in jsonb for long ones.
_ASKING = text(
    """
    WITH making AS MATERIALIZED (
        SELECT wanted.ordinal, defined.code_location, named.job
        FROM unnest(CAST(:escaped AS text[])) WITH ORDINALITY AS wanted(key, ordinal)
        JOIN asset_definitions AS defined USING (key)
        CROSS JOIN LATERAL jsonb_array_elements_text(defined.spec -> 'jobs') AS named(job)
        WHERE defined.loaded
    ), jobs AS MATERIALIZED (
        SELECT DISTINCT code_location, job FROM making
    ), asking AS MATERIALIZED (
        SELECT sensors.id, sensors.name, code_location, job
        FROM sensors CROSS JOIN LATERAL jsonb_array_elements_text(spec -> 'job_names') AS named(job)
        JOIN jobs USING (code_location, job)
        WHERE sensors.loaded
    )
    SELECT wanted.ordinal, sensors.id, sensors.name
    FROM sensors CROSS JOIN LATERAL jsonb_array_elements(spec -> 'asset_keys') AS named(key)
    JOIN unnest(CAST(:keys AS jsonb[])) WITH ORDINALITY AS wanted(key, ordinal) USING (key)
    WHERE sensors.loaded
    UNION
    SELECT ordinal, id, name FROM making JOIN asking USING (code_location, job)
    ORDER BY ordinal, name, id
    """
)
_WATCHING = text(
    """
    SELECT DISTINCT wanted.ordinal, sensors.id, sensors.name
    FROM sensors CROSS JOIN LATERAL jsonb_array_elements(
        CASE spec -> 'monitors' ->> 'stream' WHEN 'assets' THEN spec -> 'monitors' -> 'keys' ELSE '[]' END
        || coalesce(spec -> 'watched_assets', '[]')
    ) AS named(key)
    JOIN unnest(CAST(:keys AS jsonb[])) WITH ORDINALITY AS wanted(key, ordinal) USING (key)
    WHERE sensors.loaded ORDER BY wanted.ordinal, sensors.name, sensors.id
    """
)


async def ids_of_sensors_asking(connection: AsyncConnection, keys: Sequence[Path]) -> list[list[UUID]]:
    """Return for each asset the ids of the sensors that may ask for runs that make it, by name."""
    values = {"keys": [_json(key) for key in keys], "escaped": [escaped(key) for key in keys]}
    return _grouped(await connection.execute(_ASKING, values), len(keys))


async def ids_of_sensors_watching(connection: AsyncConnection, keys: Sequence[Path]) -> list[list[UUID]]:
    """Return for each asset the ids of the sensors that react when it is materialized, by name."""
    return _grouped(await connection.execute(_WATCHING, {"keys": [_json(key) for key in keys]}), len(keys))


def _grouped(rows: object, count: int) -> list[list[UUID]]:
    found: list[list[UUID]] = [[] for _ in range(count)]
    for ordinal, sensor_id, _ in rows:  # type: ignore[attr-defined]  # rows of a result
        found[ordinal - 1].append(sensor_id)
    return found


def _json(key: Path) -> str:
    return msgspec.json.encode(key).decode()
