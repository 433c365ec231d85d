"""Steps of migrations that a live database takes without holding anybody up."""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

_PARTITIONED = text(
    """
    SELECT CAST(relid AS text) AS part, CAST(parentrelid AS text) AS parent
    FROM pg_partition_tree(CAST(:table AS regclass)) WHERE level > 0 AND NOT isleaf ORDER BY level, 1
    """
)
_LEAVES_WITHOUT = text(
    """
    SELECT CAST(relid AS text) AS leaf, CAST(parentrelid AS text) AS parent
    FROM pg_partition_tree(CAST(:table AS regclass))
    WHERE isleaf AND NOT EXISTS (
        SELECT FROM pg_index AS own
        JOIN pg_inherits ON inhrelid = own.indexrelid
        JOIN pg_index AS above ON above.indexrelid = inhparent AND above.indrelid = parentrelid
        WHERE own.indrelid = relid AND CAST(CAST(above.indexrelid AS regclass) AS text) = ANY (:indexes)
    )
    ORDER BY 1
    """
)
_IS_PARTITIONED = text("SELECT relkind = 'p' FROM pg_class WHERE oid = CAST(:table AS regclass)")
_IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
_IS_ATTACHED = text("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = CAST(:name AS regclass))")
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")


def create_index(name: str, table: str, columns: str, where: str | None = None) -> None:
    """Create an index of a table, or of all partitions of one, while everybody reads and writes; any part may be there.

    Partitions may be made and dropped meanwhile. It commits what the migration did before: give it a migration of its
    own.
    """
    definition = f"({columns}){f' WHERE {where}' if where else ''}"
    with op.get_context().autocommit_block():
        if not op.get_bind().execute(_IS_PARTITIONED, {"table": table}).scalar_one():
            _build(name, table, definition)
            return
        # First all that have partitions: one that is made from here on comes with its part of the index.
        names = _declare(name, table, definition)
        left = op.get_bind().execute(_LEAVES_WITHOUT, {"table": table, "indexes": list(names.values())})
        for leaf, parent in left.all():
            _build_part(names[parent], f"{leaf}_{name}"[:63], leaf, definition)


def _declare(name: str, table: str, definition: str) -> dict[str, str]:
    """Create the index of every table that has partitions, without theirs; return the names by table."""
    op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table} {definition}")
    names = {table: name}
    for part, parent in op.get_bind().execute(_PARTITIONED, {"table": table}).all():
        names[part] = f"{part}_{name}"[:63]
        op.execute(f"CREATE INDEX IF NOT EXISTS {names[part]} ON ONLY {part} {definition}")
        _attach(names[parent], names[part])
    return names


def _attach(parent: str, name: str) -> None:
    if not op.get_bind().execute(_IS_ATTACHED, {"name": name}).scalar_one():
        op.execute(f"ALTER INDEX {parent} ATTACH PARTITION {name}")


def _build_part(parent: str, name: str, leaf: str, definition: str) -> None:
    try:
        _build(name, leaf, definition)
        _attach(parent, name)
    except DBAPIError:
        # Retention may have dropped it meanwhile: then nothing is missing.
        if op.get_bind().execute(_IS_THERE, {"name": leaf}).scalar_one():
            raise


def _build(name: str, table: str, definition: str) -> None:
    # One that was cut off is there, and of no use.
    if op.get_bind().execute(_IS_VALID, {"name": name}).scalar() is False:
        op.execute(f"DROP INDEX CONCURRENTLY {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} {definition}")
