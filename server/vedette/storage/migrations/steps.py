"""Steps of migrations that a live database takes without holding anybody up."""

from alembic import op
from sqlalchemy import text

_PARTS = text(
    """
    SELECT CAST(relid AS text) AS part, CAST(parentrelid AS text) AS parent, isleaf
    FROM pg_partition_tree(CAST(:table AS regclass)) WHERE level > 0 ORDER BY level, 1
    """
)
_KIND = text("SELECT relkind = 'p' FROM pg_class WHERE oid = CAST(:table AS regclass)")
_IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
_IS_ATTACHED = text("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = CAST(:name AS regclass))")


def create_index(name: str, table: str, columns: str, where: str | None = None) -> None:
    """Create an index of a table, or of all partitions of one, while everybody reads and writes; any part may be there.

    It commits what the migration did before: give it a migration of its own.
    """
    condition = f" WHERE {where}" if where else ""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        if not connection.execute(_KIND, {"table": table}).scalar_one():
            _build(name, table, columns, condition)
            return
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY {table} ({columns}){condition}")
        names = {table: name}
        for part, parent, is_leaf in connection.execute(_PARTS, {"table": table}).all():
            names[part] = f"{part}_{name}"[:63]
            if is_leaf:
                _build(names[part], part, columns, condition)
            else:
                op.execute(f"CREATE INDEX IF NOT EXISTS {names[part]} ON ONLY {part} ({columns}){condition}")
            if not connection.execute(_IS_ATTACHED, {"name": names[part]}).scalar_one():
                op.execute(f"ALTER INDEX {names[parent]} ATTACH PARTITION {names[part]}")


def _build(name: str, table: str, columns: str, condition: str) -> None:
    # One that was cut off is there, and of no use.
    if op.get_bind().execute(_IS_VALID, {"name": name}).scalar() is False:
        op.execute(f"DROP INDEX CONCURRENTLY {name}")
    op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({columns}){condition}")
