"""Every table, in the order of the nouns. Migrations build them; a check holds the two equal.

Three rules run through all of them. Truth is a UNIQUE constraint or a counter in one row, never a clock: a run key is
spent once by its primary key; a tick's number, a cursor's version and a stream's position are given out by the one row
that counts them, under its lock. What a stream shows is an append-only `*_changes` table whose positions come from the
`streams` counter row, taken last in the writing transaction, so that positions are gapless and in commit order.

And what grows without end is history: partitioned by time, to be dropped a partition at a time (`table_partitions.py`).
Ids are UUIDv7, so an id is a time: the id of a tick or run is its partition key, and its rows elsewhere follow it. What
is kept for as long as its status says is split by status first. No foreign key leads into or out of history: it would
cost each insert a look-up, and each drop a scan; whoever writes history holds the row that it belongs to.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Timestamp = TIMESTAMP(timezone=True)
NOW = text("now()")

# --- code locations, jobs ---------------------------------------------------------------------------------------------

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
)

# --- sensors, cursors -------------------------------------------------------------------------------------------------

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

# --- ticks ------------------------------------------------------------------------------------------------------------

_ONLY_REACTED = text("reaction_count > 0 AND launched_count = 0")

ticks = Table(
    "ticks",
    metadata,
    # Made from `started_at`, so that the order of ids is the order of time.
    Column("id", Uuid, primary_key=True),
    Column("sensor_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    # A tick that ends moves from the few that are STARTED to the partition of its status and time.
    Column("status", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("started_at", Timestamp, nullable=False),
    Column("finished_at", Timestamp),
    Column("cursor_before", Text),
    Column("cursor_after", Text),
    Column("skip_reason", Text),
    Column("error", JSONB),
    Column("requested_count", Integer, nullable=False, server_default="0"),
    Column("launched_count", Integer, nullable=False, server_default="0"),
    # Events that it reacted to otherwise than by asking for runs.
    Column("reaction_count", Integer, nullable=False, server_default="0"),
    # Quiet skips that followed this one and were folded into it.
    Column("repeats", Integer, nullable=False, server_default="0"),
    Column("last_repeat_at", Timestamp),
    # What became of the dynamic partitions that it asked to add and delete.
    Column("partition_changes", JSONB),
    # The shard's lease epoch of the evaluator that wrote it: a STARTED tick of an older epoch has lost its evaluator.
    Column("epoch", BigInteger, nullable=False),
    # What neither launched nor reacted is no success, and nothing else is one; lists of ticks with runs rely on it.
    CheckConstraint("(launched_count > 0 OR reaction_count > 0) = (status = 'SUCCESS')", name="launched"),
    Index(None, "sensor_id", "id"),
    # Few of the successes may have launched, or few may only have reacted: neither list walks through the others.
    Index("ix_ticks_launched", "id", postgresql_where=text("launched_count > 0")),
    Index("ix_ticks_launched_of_sensor", "sensor_id", "id", postgresql_where=text("launched_count > 0")),
    Index("ix_ticks_reacted", "id", postgresql_where=_ONLY_REACTED),
    Index("ix_ticks_reacted_of_sensor", "sensor_id", "id", postgresql_where=_ONLY_REACTED),
    postgresql_partition_by="LIST (status)",
)

tick_logs = Table(
    "tick_logs",
    metadata,
    Column("tick_id", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    # That of the tick, which says for how long it is kept.
    Column("status", Text, primary_key=True),
    Column("at", Timestamp, nullable=False),
    Column("level", Text, nullable=False),
    Column("logger", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("error", JSONB),
    postgresql_partition_by="LIST (status)",
)

tick_changes = Table(
    "tick_changes",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("tick_id", Uuid, nullable=False),
    Column("sensor_id", Uuid, nullable=False),
    # What the tick became with this change; a reader shows the tick as of then.
    Column("status", Text, nullable=False),
    Column("at", Timestamp, primary_key=True),
    postgresql_partition_by="RANGE (at)",
)

run_requests = Table(
    "run_requests",
    metadata,
    Column("tick_id", Uuid, primary_key=True),
    Column("index", Integer, primary_key=True),
    # That of the tick, which says for how long it is kept.
    Column("status", Text, primary_key=True),
    Column("job_name", Text, nullable=False),
    Column("run_key", Text),
    # For how long the run that it launched holds the key.
    Column("dedup", Text),
    Column("ttl_seconds", Double),
    Column("run_config", JSONB, nullable=False),
    Column("tags", JSONB, nullable=False),
    Column("partition_key", Text),
    Column("asset_selection", JSONB),
    # [key, name] of each check.
    Column("asset_checks", JSONB),
    Column("outcome", Text, nullable=False),
    Column("run_id", Uuid),
    postgresql_partition_by="LIST (status)",
)

# What a tick of a sensor that reacts to events made of each, in order.
reactions = Table(
    "reactions",
    metadata,
    Column("tick_id", Uuid, primary_key=True),
    Column("index", Integer, primary_key=True),
    # That of the tick, which says for how long it is kept.
    Column("status", Text, primary_key=True),
    Column("sensor_id", Uuid, nullable=False),
    # Of the event, in its stream.
    Column("position", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("run_id", Uuid),
    Column("run_status", Text),
    Column("asset_key", Text),
    Column("skip_reason", Text),
    Column("error", JSONB),
    Index("ix_reactions_run_id", "run_id", "tick_id", "index", postgresql_where=text("run_id IS NOT NULL")),
    postgresql_partition_by="LIST (status)",
)

run_keys = Table(
    "run_keys",
    metadata,
    # `scope` is the sensor's id, or the id of the job for runs launched by mutation with a key.
    Column("scope", Uuid, primary_key=True),
    Column("run_key", Text, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("at", Timestamp, nullable=False, server_default=NOW),
    # The row is there for as long as the key is held: see `domain/run_keys.py`.
    Column("dedup", Text, nullable=False, server_default="FOREVER"),
    # From then on it is as if it were not there.
    Column("expires_at", Timestamp),
    CheckConstraint("(expires_at IS NOT NULL) = (dedup = 'TTL')", name="expires"),
    # For the end of a run, which frees its key.
    Index("ix_run_keys_ending", "run_id", postgresql_where=text("dedup IN ('UNTIL_SUCCESS', 'WHILE_ACTIVE')")),
    Index("ix_run_keys_expiring", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
)

# An evaluation that somebody asked for by mutation: `serve` writes the row and knocks, the evaluator that holds the
# sensor's shard takes it, evaluates and answers in it.
evaluation_requests = Table(
    "evaluation_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sensor_id", Uuid, ForeignKey("sensors.id", ondelete="CASCADE"), nullable=False),
    # PREVIEW: user code runs, nothing is recorded. TICK: a real tick, now.
    Column("kind", Text, nullable=False),
    Column("use_current_cursor", Boolean, nullable=False),
    Column("cursor", Text),
    # When a preview is told that the last tick ended; NULL: when it did.
    Column("last_finished_at", Timestamp),
    # Of a sensor that reacts to runs: the run to try it with.
    Column("run_id", Uuid),
    # The place of the request in a trace, as W3C `traceparent`.
    Column("trace", Text),
    Column("asked_at", Timestamp, nullable=False, server_default=NOW),
    # NULL: waiting; TAKEN: being evaluated; DONE: `answer` or `tick_id` is there; BUSY: another evaluation did not end
    # in time; WITHDRAWN: the asker gave up.
    Column("state", Text),
    Column("cursor_version", Integer),
    Column("answer", JSONB),
    Column("tick_id", Uuid),
    Index("ix_evaluation_requests_waiting", "asked_at", postgresql_where=text("state IS NULL")),
    Index(None, "asked_at"),
)

# --- runs -------------------------------------------------------------------------------------------------------------

runs = Table(
    "runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code_location", Text, nullable=False),
    Column("job_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("run_key", Text),
    Column("run_config", JSONB, nullable=False),
    Column("tags", JSONB, nullable=False),
    Column("partition_key", Text),
    Column("asset_selection", JSONB),
    Column("asset_checks", JSONB),
    Column("sensor_id", Uuid),
    Column("tick_id", Uuid),
    Column("queued_at", Timestamp, nullable=False, server_default=NOW),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("error", JSONB),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("rerun_of", Uuid),
    # Of a rerun from failure: names of the ops that have succeeded before and need not be executed again.
    Column("done_steps", ARRAY(Text)),
    # The place in a trace of what asked for it, as W3C `traceparent`; NULL: that of its tick, if it has one.
    Column("trace", Text),
    # Copied from the job when the run is made, so that a rescue needs no code.
    Column("on_interrupted", Text, nullable=False),
    # Who executes it, fenced: a claim adds one to `claim_epoch`; every write of a launcher names the epoch it holds.
    Column("launcher_id", Uuid),
    Column("claim_epoch", BigInteger, nullable=False, server_default="0"),
    Column("claimed_until", Timestamp),
    Column("cancel_asked_at", Timestamp),
    Column("cancel_forced", Boolean, nullable=False, server_default="false"),
    Column("event_count", BigInteger, nullable=False, server_default="0"),
    Index("ix_runs_queue", "queued_at", "id", postgresql_where=text("status = 'QUEUED'")),
    Index("ix_runs_claimed", "launcher_id", postgresql_where=text("status IN ('STARTING', 'STARTED', 'CANCELING')")),
    Index(None, "queued_at", "id"),
    Index(None, "sensor_id", "queued_at", "id"),
    Index(None, "tick_id", "queued_at", "id"),
    Index(None, "job_name", "queued_at", "id"),
    Index(None, "code_location", "job_name", "queued_at", "id"),
    Index(None, "status", "queued_at", "id"),
    Index("ix_runs_run_key", "run_key", postgresql_where=text("run_key IS NOT NULL")),
    Index("ix_runs_tags", "tags", postgresql_using="gin"),
    postgresql_partition_by="RANGE (id)",
)

run_steps = Table(
    "run_steps",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", Timestamp),
    Column("finished_at", Timestamp),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("error", JSONB),
    postgresql_partition_by="RANGE (run_id)",
)

run_events = Table(
    "run_events",
    metadata,
    Column("run_id", Uuid, primary_key=True),
    # 1, 2, 3 … within the run, from `runs.event_count`: the run's own gapless stream.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("step", Text),
    Column("message", Text),
    Column("level", Text),
    Column("logger", Text),
    Column("error", JSONB),
    Column("data", JSONB),
    postgresql_partition_by="RANGE (run_id)",
)

run_changes = Table(
    "run_changes",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Timestamp, primary_key=True),
    postgresql_partition_by="RANGE (at)",
)

# --- assets -----------------------------------------------------------------------------------------------------------

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

# --- dynamic partitions -----------------------------------------------------------------------------------------------

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

# --- mutations --------------------------------------------------------------------------------------------------------

# What a client's mutation with an idempotency key did, written in the transaction of its effect: the key can be spent
# once, and the same mutation with the same key is answered with `outcome`.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    # Of the mutation's name and its input.
    Column("digest", Text, nullable=False),
    Column("outcome", JSONB),
    Column("at", Timestamp, nullable=False, server_default=NOW),
    Index(None, "at"),
)

# --- access -----------------------------------------------------------------------------------------------------------

tokens = Table(
    "tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    # SHA-256 of the token, which is not kept.
    Column("digest", LargeBinary, nullable=False, unique=True),
    # How it begins, for people to tell it by.
    Column("prefix", Text, nullable=False),
    Column("role", Text, nullable=False),
    # Those that it is confined to; NULL: to none.
    Column("code_locations", ARRAY(Text)),
    Column("created_at", Timestamp, nullable=False, server_default=NOW),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Timestamp),
    Column("revoked_at", Timestamp),
    # Written now and then, not at each use.
    Column("last_used_at", Timestamp),
    CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name="role"),
    # A name is free again once its token is revoked.
    Index("ix_tokens_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
)

# People who signed in, until a day after it is over.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # SHA-256 of the cookie, which is not kept.
    Column("digest", LargeBinary, nullable=False, unique=True),
    # Who it is to the provider, and what they are called.
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("code_locations", ARRAY(Text)),
    Column("began_at", Timestamp, nullable=False, server_default=NOW),
    Column("expires_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name="role"),
    Index(None, "expires_at"),
)

# Every mutation that somebody tried, for ever. Rows are added; a trigger refuses all else.
audit_log = Table(
    "audit_log",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("mutation", Text, nullable=False),
    # DONE, REPEATED, or the name of what was wrong.
    Column("result", Text, nullable=False),
    Column("subject_kind", Text),
    Column("subject_id", Uuid),
    Column("code_location", Text),
    Column("given", JSONB),
    Column("before", JSONB),
    Column("after", JSONB),
    Index(None, "actor", "position"),
    Index(None, "code_location", "position"),
)

# --- processes, leases, streams ---------------------------------------------------------------------------------------

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
    # What an evaluator has loaded, by name: whose sensors it can evaluate.
    Column("code_locations", ARRAY(Text), nullable=False, server_default="{}"),
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

# One row: the oldest code, by the version that it brings, that can work with these tables.
compatibility = Table(
    "compatibility",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("oldest_code", Text, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# --- upkeep -----------------------------------------------------------------------------------------------------------

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
