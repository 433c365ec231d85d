"""Code locations, their jobs, and the keys of dynamic partitions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

code_locations = Table(
    "code_locations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    # Its sensors' shards are those from 16 times this on.
    Column("number", SmallInteger, Identity(start=0, minvalue=0), nullable=False, unique=True),
    Column("target", Text, nullable=False),
    Column("version", Text),
    Column("loaded_at", Timestamp),
    Column("error", JSONB),
    # A reload is asked for by adding one to `reload_asked`; whoever loads writes that number into `reload_done`.
    Column("reload_asked", Integer, nullable=False, server_default="0"),
    Column("reload_done", Integer, nullable=False, server_default="0"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code_location", Text, ForeignKey("code_locations.name"), nullable=False),
    Column("name", Text, nullable=False),
    Column("loaded", Boolean, nullable=False),
    Column("spec", JSONB, nullable=False),
    UniqueConstraint("code_location", "name"),
    Index(
        "ix_jobs_limited",
        "code_location",
        "name",
        postgresql_where=text("(spec ->> 'max_concurrent_runs') IS NOT NULL"),
    ),
)

# One row a definition: its lock is held by whoever changes its keys, or relies on them, until the commit.
dynamic_partitions_definitions = Table(
    "dynamic_partitions_definitions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key_count", BigInteger, nullable=False, server_default="0"),
    # How many were ever added: the position of the last.
    Column("added_count", BigInteger, nullable=False, server_default="0"),
)

dynamic_partitions = Table(
    "dynamic_partitions",
    metadata,
    Column("definition", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # 1, 2, 3 … within the definition, in the order in which they were added; those of deleted keys stay empty.
    Column("position", BigInteger, nullable=False),
    Column("at", Timestamp, nullable=False, server_default=NOW),
    UniqueConstraint("definition", "position"),
)
