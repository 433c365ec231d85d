"""The keys of dynamic partitions: added, deleted and listed in the order in which they were added.

A definition's row is locked before its keys are looked at, by whoever changes them or relies on them, definitions in
the order of their names: what was looked up is then so until the commit.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.partitions import DynamicKey
from vedette.storage import pages, scopes
from vedette.storage.pages import By, Condition

_MAKE = text(
    """
    INSERT INTO dynamic_partitions_definitions (name)
    SELECT name FROM unnest(CAST(:names AS text[])) AS given(name) ORDER BY name
    ON CONFLICT DO NOTHING
    """
)
_LOCK_TO_CHANGE = text(
    "SELECT name FROM dynamic_partitions_definitions WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR UPDATE"
)
_LOCK_TO_RELY = text(
    "SELECT name FROM dynamic_partitions_definitions WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR SHARE"
)
_GIVEN = "json_to_recordset(CAST(:rows AS json)) AS given(definition text, key text, ordinal integer)"
_THERE = text(f"SELECT definition, key FROM {_GIVEN} JOIN dynamic_partitions USING (definition, key)")
_DELETE = text(
    f"""
    WITH gone AS (
        DELETE FROM dynamic_partitions AS old USING {_GIVEN}
        WHERE old.definition = given.definition AND old.key = given.key
        RETURNING old.definition
    )
    UPDATE dynamic_partitions_definitions SET key_count = key_count - counted.total
    FROM (SELECT definition, count(*) AS total FROM gone GROUP BY definition) AS counted
    WHERE name = counted.definition
    """
)
_ADD = text(
    f"""
    WITH placed AS MATERIALIZED (
        SELECT definition, key, row_number() OVER (PARTITION BY definition ORDER BY ordinal) AS place FROM {_GIVEN}
    ), counted AS (
        UPDATE dynamic_partitions_definitions SET key_count = key_count + total, added_count = added_count + total
        FROM (SELECT definition, count(*) AS total FROM placed GROUP BY definition) AS counts
        WHERE name = counts.definition RETURNING name, added_count - total AS before
    )
    INSERT INTO dynamic_partitions (definition, key, position)
    SELECT definition, key, before + place FROM placed JOIN counted ON name = definition
    """
)
_KEYS = text(
    "SELECT definition, key FROM dynamic_partitions WHERE definition = ANY(CAST(:names AS text[])) ORDER BY position"
)


class DynamicPartition(NamedTuple):
    """A key, and when it was added."""

    key: str
    added_at: datetime


class DynamicDefinition(NamedTuple):
    """A definition that has ever had keys, and how many it has now."""

    name: str
    key_count: int


async def lock(connection: AsyncConnection, changed: Collection[str], relied_on: Collection[str]) -> None:
    """Keep others from changing the definitions `changed`, which are made, and `relied_on` until the commit."""
    if changed:
        await connection.execute(_MAKE, {"names": sorted(changed)})
        await connection.execute(_LOCK_TO_CHANGE, {"names": sorted({*changed, *relied_on})})
    elif relied_on:
        await connection.execute(_LOCK_TO_RELY, {"names": sorted(relied_on)})


async def there(connection: AsyncConnection, keys: Collection[DynamicKey]) -> set[DynamicKey]:
    """Return those of the keys that there are."""
    if not keys:
        return set()
    return {DynamicKey(*row) for row in await connection.execute(_THERE, {"rows": _rows(keys)})}


async def change(connection: AsyncConnection, added: Collection[DynamicKey], deleted: Collection[DynamicKey]) -> None:
    """Delete keys that there are, then add keys that there are not then, in order. Their definitions are locked."""
    if deleted:
        await connection.execute(_DELETE, {"rows": _rows(deleted)})
    if added:
        await connection.execute(_ADD, {"rows": _rows(added)})


def _rows(keys: Iterable[DynamicKey]) -> str:
    rows = [{"definition": key.definition, "key": key.key, "ordinal": ordinal} for ordinal, key in enumerate(keys)]
    return msgspec.json.encode(rows).decode()


async def keys_of(connection: AsyncConnection, names: Sequence[str]) -> dict[str, list[str]]:
    """Return all keys of the definitions, each in the order in which they were added."""
    found: dict[str, list[str]] = {name: [] for name in names}
    if names:
        for definition, key in await connection.execute(_KEYS, {"names": list(names)}):
            found[definition].append(key)
    return found


# Definitions belong to no code location: whoever is confined sees those that a job or an asset of theirs relies on.
_RELIED_ON = " UNION ".join(
    f"""SELECT jsonb_path_query(spec, 'strict $.partitions.**?(@.type == "dynamic").name') #>> '{{}}'
    FROM {table} WHERE code_location = ANY(:confined_to)"""
    for table in ("jobs", "asset_definitions")
)
_IS_RELIED_ON = text(f"SELECT CAST(:name AS text) IN ({_RELIED_ON})")
_LISTING = pages.Listing(
    "key, at",
    "dynamic_partitions",
    (By("position", "bigint"),),
    lambda values: DynamicPartition(values[0], values[1]),
    parent=(By("definition", "text"),),
    scope=scopes.AS_ITS_PARENT,
)
_DEFINITIONS = pages.Listing(
    "name, key_count",
    "dynamic_partitions_definitions",
    (By("name", "text"),),
    lambda values: DynamicDefinition(values[0], values[1]),
    scope=f"name IN ({_RELIED_ON})",
)


async def page_each(
    connection: AsyncConnection, names: Sequence[str], prefix: str | None, window: pages.Window
) -> list[pages.Page[DynamicPartition]]:
    """Return the same part of the keys of each definition, those that begin with `prefix`, the first added first."""
    conditions = [Condition("starts_with(key, :prefix)", {"prefix": prefix})] if prefix else []
    return await pages.read_each(connection, _LISTING, [(name,) for name in names], window, conditions)


async def definitions_page(connection: AsyncConnection, window: pages.Window) -> pages.Page[DynamicDefinition]:
    """Return a part of the list of the definitions, by name."""
    return await pages.read(connection, _DEFINITIONS, window)


async def is_in_scope(connection: AsyncConnection, name: str) -> bool:
    """Tell whether a definition, whether it ever had a key or not, is one that the connection may see and change."""
    confined_to = scopes.confines(connection)
    if confined_to is None:
        return True
    return bool((await connection.execute(_IS_RELIED_ON, {"name": name, "confined_to": confined_to})).scalar())


async def definition_named(connection: AsyncConnection, name: str) -> DynamicDefinition | None:
    """Return the definition of a name, if it ever had a key."""
    found = await pages.select(connection, _DEFINITIONS, [Condition("name = :name", {"name": name})])
    return found[0] if found else None
