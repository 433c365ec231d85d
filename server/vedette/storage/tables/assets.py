"""Assets: what is defined, and what happened to each."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from vedette.storage.tables.metadata import Timestamp, metadata

# Every key that a code location has defined or that an event has told of, and how it stands. Its rows are written under
# the lock of the stream `assets` only.
assets = Table(
    "assets",
    metadata,
    # The parts joined by slashes, those within a part escaped.
    Column("key", Text, primary_key=True),
    # Of the last materialization: kept when the event itself is gone.
    Column("materialized_position", BigInteger),
    Column("materialized_at", Timestamp),
    Column("materialized_by", Uuid),
    Column("materialized_code_version", Text),
    # Lists of what happened to it leave out what lies at or before this position: somebody wiped it.
    Column("wiped_position", BigInteger, nullable=False, server_default="0"),
    # Every event of it moves its row.
    postgresql_with={"fillfactor": 50},
)

asset_definitions = Table(
    "asset_definitions",
    metadata,
    Column("code_location", Text, ForeignKey("code_locations.name"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("loaded", Boolean, nullable=False),
    Column("spec", JSONB, nullable=False),
    Index(None, "key"),
    Index("ix_asset_definitions_group", text("(spec ->> 'group')"), "key"),
)

# The last materialization of each partition.
asset_partitions = Table(
    "asset_partitions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("partition_key", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("run_id", Uuid),
    postgresql_with={"fillfactor": 50},
)

asset_events = Table(
    "asset_events",
    metadata,
    # Who told it, once: a run and the event's place in it, a tick or a report and the event's place there.
    Column("source_id", Uuid, primary_key=True),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("partition_key", Text),
    Column("check_name", Text),
    Column("run_id", Uuid),
    Column("step", Text),
    Column("tick_id", Uuid),
    Column("data", JSONB, nullable=False),
    # For the stream alone. As an expression it is no way to the events of one asset in their order: where one asset has
    # most of all events, it would look like one, and be a walk for the others.
    Index("ix_asset_events_position", text("(position + 0)")),
    Index(None, "key", "kind", "position"),
    Index(
        "ix_asset_events_partition", "key", "partition_key", "position",
        postgresql_where=text("partition_key IS NOT NULL"),
    ),
    Index(
        "ix_asset_events_check", "key", "check_name", "position",
        postgresql_where=text("check_name IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (source_id)",
)  # fmt: skip
