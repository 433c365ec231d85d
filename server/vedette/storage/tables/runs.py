"""Runs with their steps and events."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from vedette.storage.tables.metadata import NOW, Timestamp, metadata

QUEUED = text("status = 'QUEUED'")
# From when a run was asked for to its end, without these moments; of those alone that took long.
LASTED = "tstzrange(queued_at, greatest(queued_at, finished_at), '()')"
IS_LONG = "finished_at - queued_at > interval '1 hour'"

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
    # Its place in the queue: the greatest priority first, then the least turn, then the id. A turn is taken by whoever
    # asks for runs, the source (see `run_turns`): NULL where nobody else waits for one.
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("source_id", Uuid),
    # The limits that it was found behind, as JSON (see `domain.run_limits`); those of a lane wait together, and are not
    # looked at one by one while a limit of it is reached. '': it was found behind none.
    Column("lane", Text, nullable=False, server_default=""),
    Index("ix_runs_queue", text("(-priority)"), "turn", "id", postgresql_where=QUEUED),
    Index("ix_runs_lanes", "lane", "code_location", text("(-priority)"), "turn", "id", postgresql_where=QUEUED),
    Index("ix_runs_sources", "source_id", "priority", "turn", postgresql_where=QUEUED),
    Index("ix_runs_claimed", "launcher_id", postgresql_where=text("status IN ('STARTING', 'STARTED', 'CANCELING')")),
    Index(None, "queued_at", "id"),
    Index(None, "sensor_id", "queued_at", "id"),
    Index(None, "tick_id", "queued_at", "id"),
    Index(None, "job_name", "queued_at", "id"),
    Index(None, "code_location", "job_name", "queued_at", "id"),
    Index(None, "status", "queued_at", "id"),
    Index("ix_runs_run_key", "run_key", postgresql_where=text("run_key IS NOT NULL")),
    Index("ix_runs_tags", "tags", postgresql_using="gin"),
    Index("ix_runs_long", text(LASTED), postgresql_using="gist", postgresql_where=text(IS_LONG)),
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

# How far the queue of each priority has come: the greatest turn that was claimed in it.
queue_turns = Table(
    "queue_turns",
    metadata,
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
)

# How many runs may be executed at once: of all, of a job, or with a tag. Those that code sets are in the specs of jobs.
run_limits = Table(
    "run_limits",
    metadata,
    Column("id", Uuid, primary_key=True),
    # What it limits, as JSON: see `domain.run_limits`.
    Column("subject", Text, nullable=False, unique=True),
    Column("max_runs", Integer, nullable=False),
    Column("set_at", Timestamp, nullable=False, server_default=NOW),
    Column("set_by", Text, nullable=False),
    CheckConstraint("max_runs >= 0", name="max_runs"),
)
