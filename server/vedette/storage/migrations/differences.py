"""Are the tables that the migrations build those that `tables/` declares? As a command: `python -m` this module.

Both are built in one Postgres and described by its own catalog, so that nothing is overlooked: columns with types and
defaults, constraints, indexes with their conditions, partition keys. Partitions themselves come and go.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import rules
from vedette.storage.migrations.migrating import VERSIONS, migrate
from vedette.storage.tables import metadata

_CREATE_SCHEMA = text("CREATE SCHEMA declared")
_ENTER_SCHEMA = text("SET LOCAL search_path TO declared")
# The definitions of one schema, one line a thing, without the schema's name in them.
_DESCRIBE = text(
    """
    WITH things AS (
        SELECT format('%s.%s %s%s default %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
                      coalesce(pg_get_expr(d.adbin, d.adrelid), 'none')) AS line
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = to_regnamespace(:schema) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT format('%s: constraint %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
        WHERE c.relnamespace = to_regnamespace(:schema) AND k.contype <> 'n'
        UNION ALL
        SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND NOT c.relispartition
        WHERE c.relnamespace = to_regnamespace(:schema)
        UNION ALL
        SELECT format('%s: partition by %s', c.relname, pg_get_partkeydef(c.oid)) FROM pg_class c
        WHERE c.relnamespace = to_regnamespace(:schema) AND c.relkind = 'p' AND NOT c.relispartition
    )
    SELECT replace(line, CAST(:schema AS text) || '.', '') FROM things WHERE line NOT LIKE '%alembic_version%'
    """
)


async def differences(url: str) -> list[str]:
    """What the migrated database at `url` and `tables/` do not have in common, one line each; nothing is changed."""
    async with Database(url) as database, database.writing() as connection:
        migrated = await _describe(connection, "public")
        await connection.execute(_CREATE_SCHEMA)
        await connection.execute(_ENTER_SCHEMA)
        await connection.run_sync(metadata.create_all)
        declared = await _describe(connection, "declared")
        await connection.rollback()
    return [
        *(f"only in tables: {line}" for line in sorted(declared - migrated)),
        *(f"only in the migrations: {line}" for line in sorted(migrated - declared)),
    ]


async def _describe(connection: AsyncConnection, schema: str) -> set[str]:
    return set((await connection.execute(_DESCRIBE, {"schema": schema})).scalars())


async def _check() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="vedette-", ignore_cleanup_errors=True) as home:
        async with EmbeddedPostgres(Path(home), {"fsync": "off"}) as postgres:
            await migrate(postgres.url)
            return await differences(postgres.url)


def main() -> int:
    """Print the differences, and the rules that versions break; the exit code is 1 when there are any."""
    found = [line for path in sorted(VERSIONS.glob("v[0-9]*_*.py")) for line in rules.broken(path)]
    found += asyncio.run(_check())
    for line in found:
        sys.stdout.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
