"""What Alembic runs for every command, on the connection that it is given: each version in a transaction of its own."""

from collections.abc import Collection, Mapping
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from vedette.faults import Point, reached
from vedette.storage.tables import metadata

_CONTRACT = text("UPDATE compatibility SET oldest_code = :oldest")


def _applied(ctx: Any, step: Any, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    """Record, in the transaction of a version, what code can still work with it."""
    connection: Connection = ctx.connection
    if (oldest := getattr(step.up_revision.module, "oldest_code", None)) is not None:
        connection.execute(_CONTRACT, {"oldest": oldest})
    reached(Point.MIGRATION_STEP)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    on_version_apply=_applied,
)
with context.begin_transaction():
    context.run_migrations()
