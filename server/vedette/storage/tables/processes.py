"""Processes, what they hold, where streams stand, and the upkeep of history."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

workers = Table(
    "workers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("role", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Timestamp, nullable=False, server_default=NOW),
    Column("last_seen_at", Timestamp, nullable=False, server_default=NOW),
    # The key of the session advisory lock that the worker's own connection holds while the process lives. Postgres
    # drops it with the process, so a successor need not wait for the lease to run out. A hint: epochs keep it right.
    Column("lock_key", BigInteger, nullable=False),
    # What it has loaded, by name: whose sensors an evaluator can evaluate, whose runs a launcher can execute.
    Column("code_locations", ARRAY(Text), nullable=False, server_default="{}"),
    # How many runs a launcher executes at once.
    Column("slots", Integer),
    # When an evaluator last began to renew its leases: it counts as one for as long as a lease lasts from then.
    Column("renewed_at", Timestamp),
    # Tasks of its event loop when it was last seen: a number that grows without end is a leak.
    Column("tasks", Integer, nullable=False, server_default="0"),
)

leases = Table(
    "leases",
    metadata,
    # "sensors/<shard>"
    Column("name", Text, primary_key=True),
    Column("holder", Uuid),
    # Grows by one whenever the holder changes; every commit under the lease names the epoch it was taken at.
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("expires_at", Timestamp, nullable=False, server_default=text("'-infinity'")),
)

streams = Table(
    "streams",
    metadata,
    # "ticks", "sensors", "runs", "assets", "audit"
    Column("name", Text, primary_key=True),
    # The last position given out.
    Column("position", BigInteger, nullable=False, server_default="0"),
    # When it was given out.
    Column("at", Timestamp, nullable=False, server_default=NOW),
    # The database that gives positions out: a restored copy finds the name of another here.
    Column("home", Text),
    # Rows up to here were purged.
    Column("purged", BigInteger, nullable=False, server_default="0"),
)

# What was committed and has no position in its stream yet: rows stay for milliseconds, see `storage/outbox.py`.
outbox = Table(
    "outbox",
    metadata,
    # In the order in which things were told.
    Column("id", BigInteger, Identity(), primary_key=True),
    # "runs", "sensors" or "audit"
    Column("stream", Text, nullable=False),
    # The run or the sensor, and what the run became.
    Column("subject_id", Uuid),
    Column("status", Text),
    # The row of the audit log, but for its position.
    Column("entry", JSONB),
    Index("ix_outbox_runs", "subject_id", postgresql_where=text("stream = 'runs'")),
)

# One row: the oldest code, by the version that it brings, that can work with these tables.
compatibility = Table(
    "compatibility",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("oldest_code", Text, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# One row: how retention fares.
retention = Table(
    "retention",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    # Whoever finds it due moves this on, and does it.
    Column("due_at", Timestamp, nullable=False, server_default=NOW),
    Column("succeeded_at", Timestamp, nullable=False, server_default=NOW),
    # Since it succeeded last.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    # In all of its life.
    Column("partitions_made", BigInteger, nullable=False, server_default="0"),
    Column("partitions_dropped", BigInteger, nullable=False, server_default="0"),
    Column("rows_dropped", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="single"),
)
