"""Ticks with what each asked for: requests, reactions, run keys, evaluations that somebody asked for."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

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
    # The place in a trace of who asked for it, as W3C `traceparent`; NULL: nobody did, its trace is its own.
    Column("trace", Text),
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
