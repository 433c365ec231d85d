"""Sensors and their cursors."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

sensors = Table(
    "sensors",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code_location", Text, ForeignKey("code_locations.name"), nullable=False),
    Column("name", Text, nullable=False),
    Column("loaded", Boolean, nullable=False),
    Column("spec", JSONB, nullable=False),
    # Sensors are leased by shard; the shard never changes.
    Column("shard", SmallInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_source", Text, nullable=False),
    Column("status_actor", Text),
    Column("status_at", Timestamp),
    Column("status_note", Text),
    # Where the failure policy decided last: whose decision, CODE or USER, that the sensor runs it has overruled.
    Column("overruled", Text),
    Column("cursor", Text),
    Column("cursor_version", Integer, nullable=False, server_default="0"),
    # When this version was made and by whom, a tick or a person; the same is in `cursor_changes` until that is dropped.
    Column("cursor_at", Timestamp),
    Column("cursor_tick_id", Uuid),
    Column("cursor_actor", Text),
    Column("started_at", Timestamp),
    Column("next_tick_at", Timestamp),
    Column("tick_count", Integer, nullable=False, server_default="0"),
    Column("last_tick_id", Uuid),
    # When the last tick that ended had started, and when it ended.
    Column("last_tick_at", Timestamp),
    Column("last_finished_at", Timestamp),
    Column("evaluating_tick_id", Uuid),
    Column("consecutive_failures", Integer, nullable=False, server_default="0"),
    # What the stream `sensors` told last of its lateness: HELD or UNHELD, with an evaluator for it or without; null: it
    # is not late.
    Column("told_late", Text),
    UniqueConstraint("code_location", "name"),
    CheckConstraint("status IN ('RUNNING', 'STOPPED')", name="status"),
    Index(None, "shard"),
    Index(None, "name", "id"),
    # Every tick updates its sensor. Half-full pages and no index over a column that ticks write keep these updates
    # within the page (HOT): a third less work for Postgres.
    postgresql_with={"fillfactor": 50},
)

cursor_changes = Table(
    "cursor_changes",
    metadata,
    Column("sensor_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    # The tick that made it, or an id of its own: when it was made.
    Column("id", Uuid, primary_key=True),
    Column("value", Text),
    Column("at", Timestamp, nullable=False, server_default=NOW),
    Column("tick_id", Uuid),
    Column("actor", Text),
    postgresql_partition_by="RANGE (id)",
)

sensor_changes = Table(
    "sensor_changes",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sensor_id", Uuid, nullable=False),
    # Never less than at the position before: told by the counter row, under its lock.
    Column("at", Timestamp, primary_key=True),
    postgresql_partition_by="RANGE (at)",
)
