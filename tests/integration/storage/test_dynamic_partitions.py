"""Dynamic partitions in the database, at the size that they may have."""

import json
from typing import Any

from sqlalchemy import text

import seeds
from integration.storage.test_plans import explained
from vedette.domain.partitions import DynamicKey
from vedette.storage.catalog import dynamic_partitions
from vedette.storage.database import Database
from vedette.storage.pages import Window

KEYS = 100_000
FILL = """
INSERT INTO dynamic_partitions (definition, key, position)
SELECT definition, 'key-' || number, number
FROM unnest(ARRAY['a', 'b', 'c']) AS definition, generate_series(1, :keys) AS number
"""


async def full(database: Database) -> None:
    await seeds.execute(database, FILL, keys=KEYS)
    await seeds.execute(
        database,
        "INSERT INTO dynamic_partitions_definitions SELECT name, :keys, :keys FROM unnest(ARRAY['a', 'b', 'c']) name",
        keys=KEYS,
    )
    async with database.writing() as connection:
        await connection.execute(text("ANALYZE dynamic_partitions"))


def nodes(plan: Any) -> list[Any]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


def indexes(plan: str | list[Any]) -> set[str]:
    """Return the indexes that a plan goes by; a walk over a table fails the test."""
    read = json.loads(plan) if isinstance(plan, str) else plan
    found = nodes(read[0]["Plan"])
    assert not any(node["Node Type"] == "Seq Scan" for node in found)
    assert all(node.get("Rows Removed by Filter", 0) == 0 for node in found)
    return {node["Index Name"] for node in found if "Index Name" in node}


async def test_a_page_is_found_by_index_wherever_it_is(database: Database) -> None:
    await full(database)
    window = Window(25, (KEYS - 30,))
    async with database.reading() as connection:
        [page] = await dynamic_partitions.page_each(connection, ["b"], None, window)
    assert [row.key for row in page.rows][:2] == [f"key-{KEYS - 29}", f"key-{KEYS - 28}"]
    assert page.has_next
    plans: list[Any] = []
    async with database.reading() as connection:
        with explained(plans):
            await dynamic_partitions.page_each(connection, ["b"], None, window)
    assert indexes(plans[-1]) == {"uq_dynamic_partitions_definition_position"}


async def test_keys_are_looked_up_by_index_however_many(database: Database) -> None:
    await full(database)
    asked = [DynamicKey("b", f"key-{number}") for number in range(KEYS - 100, KEYS + 100)]
    async with database.reading() as connection:
        assert len(await dynamic_partitions.there(connection, asked)) == 101
    plans: list[Any] = []
    async with database.reading() as connection:
        with explained(plans):
            await dynamic_partitions.there(connection, asked)
    assert indexes(plans[-1]) == {"pk_dynamic_partitions"}
