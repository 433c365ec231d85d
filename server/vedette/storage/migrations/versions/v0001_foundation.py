"""The tables of the foundation: code locations, sensors, ticks, runs, leases and streams; history in partitions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What is kept for as long as a tick's status says is split by status first: the table → its key and its statuses.
BY_STATUS = {
    "ticks": ("id", ("SKIPPED", "SUCCESS", "FAILURE")),
    "tick_logs": ("tick_id", ("SKIPPED", "SUCCESS", "FAILURE")),
    "run_requests": ("tick_id", ("SKIPPED", "SUCCESS")),
    "reactions": ("tick_id", ("SKIPPED", "SUCCESS", "FAILURE")),
}
BY_TIME = (
    *("cursor_changes", "sensor_changes", "tick_changes", "run_changes"),
    *("runs", "run_steps", "run_events", "asset_events"),
)


def upgrade() -> None:
    _create_tables()
    _create_queue()
    _index_runs()
    _index_ticks()
    _index_assets()
    _create_reactions()
    _create_access()
    _create_audit_log()
    _create_outbox()
    op.execute("CREATE TABLE ticks_started PARTITION OF ticks FOR VALUES IN ('STARTED')")
    op.execute("CREATE TABLE tick_logs_started PARTITION OF tick_logs FOR VALUES IN ('STARTED')")
    for table, (key, statuses) in BY_STATUS.items():
        for status in statuses:
            family = f"{table}_{status.lower()}"
            values = f"FOR VALUES IN ('{status}') PARTITION BY RANGE ({key})"
            op.execute(f"CREATE TABLE {family} PARTITION OF {table} {values}")
            _take_the_rest(family)
    for table in BY_TIME:
        _take_the_rest(table)
    op.execute("INSERT INTO streams (name) VALUES ('runs'), ('sensors'), ('ticks'), ('assets'), ('audit')")
    op.execute("INSERT INTO retention (id) VALUES (1)")
    op.execute("INSERT INTO compatibility (id, oldest_code) VALUES (1, '0001')")


def _take_the_rest(table: str) -> None:
    """Give a table a partition for whatever no other one takes: no insert fails for want of a partition."""
    op.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")


def _index_runs() -> None:
    op.create_index(
        "ix_runs_long",
        "runs",
        [sa.text("tstzrange(queued_at, greatest(queued_at, finished_at), '()')")],
        postgresql_using="gist",
        postgresql_where=sa.text("finished_at - queued_at > interval '1 hour'"),
    )


def _index_ticks() -> None:
    for name, condition in {
        "launched": "launched_count > 0",
        "reacted": "reaction_count > 0 AND launched_count = 0",
    }.items():
        where = sa.text(condition)
        op.create_index(f"ix_ticks_{name}", "ticks", ["id"], postgresql_where=where)
        op.create_index(f"ix_ticks_{name}_of_sensor", "ticks", ["sensor_id", "id"], postgresql_where=where)


def _index_assets() -> None:
    op.create_index(op.f("ix_asset_definitions_key"), "asset_definitions", ["key"])
    op.create_index("ix_asset_definitions_group", "asset_definitions", [sa.text("(spec ->> 'group')"), "key"])


def _create_queue() -> None:
    place = [sa.text("(-priority)"), sa.text("turn"), sa.text("id")]
    for name, columns in (
        ("ix_runs_queue", place),
        ("ix_runs_lanes", [sa.text("lane"), sa.text("code_location"), *place]),
        ("ix_runs_sources", [sa.text("source_id"), sa.text("priority"), sa.text("turn")]),
    ):
        op.create_index(name, "runs", columns, unique=False, postgresql_where=sa.text("status = 'QUEUED'"))
    op.create_table(
        "queue_turns",
        sa.Column("priority", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("priority", name=op.f("pk_queue_turns")),
    )
    op.create_table(
        "run_limits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("max_runs", sa.Integer(), nullable=False),
        sa.Column("set_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.CheckConstraint("max_runs >= 0", name=op.f("ck_run_limits_max_runs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_limits")),
        sa.UniqueConstraint("subject", name=op.f("uq_run_limits_subject")),
    )


def _create_reactions() -> None:
    op.create_table(
        "reactions",
        sa.Column("tick_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("run_status", sa.Text(), nullable=True),
        sa.Column("asset_key", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tick_id", "index", "status", name=op.f("pk_reactions")),
        postgresql_partition_by="LIST (status)",
    )
    op.create_index(
        "ix_reactions_run_id",
        "reactions",
        ["run_id", "tick_id", "index"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )


def _create_tables() -> None:
    op.create_table(
        "asset_events",
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partition_key", sa.Text(), nullable=True),
        sa.Column("check_name", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("tick_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("source_id", "index", name=op.f("pk_asset_events")),
        postgresql_partition_by="RANGE (source_id)",
    )
    op.create_index(op.f("ix_asset_events_key_kind_position"), "asset_events", ["key", "kind", "position"])
    op.create_index(
        "ix_asset_events_partition",
        "asset_events",
        ["key", "partition_key", "position"],
        unique=False,
        postgresql_where=sa.text("partition_key IS NOT NULL"),
    )
    op.create_index(
        "ix_asset_events_check",
        "asset_events",
        ["key", "check_name", "position"],
        unique=False,
        postgresql_where=sa.text("check_name IS NOT NULL"),
    )
    op.create_index("ix_asset_events_position", "asset_events", [sa.text("(position + 0)")])
    op.create_table(
        "asset_partitions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("partition_key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("key", "partition_key", name=op.f("pk_asset_partitions")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "assets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("materialized_position", sa.BigInteger(), nullable=True),
        sa.Column("materialized_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("materialized_by", sa.Uuid(), nullable=True),
        sa.Column("materialized_code_version", sa.Text(), nullable=True),
        sa.Column("wiped_position", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_assets")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "dynamic_partitions",
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("definition", "key", name=op.f("pk_dynamic_partitions")),
        sa.UniqueConstraint("definition", "position", name=op.f("uq_dynamic_partitions_definition_position")),
    )
    op.create_table(
        "dynamic_partitions_definitions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("added_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_dynamic_partitions_definitions")),
    )
    op.create_table(
        "code_locations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), sa.Identity(always=False, start=0, minvalue=0), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("loaded_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reload_asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reload_done", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_locations")),
        sa.UniqueConstraint("name", name=op.f("uq_code_locations_name")),
        sa.UniqueConstraint("number", name=op.f("uq_code_locations_number")),
    )
    op.create_table(
        "compatibility",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("oldest_code", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_compatibility_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compatibility")),
    )
    op.create_table(
        "cursor_changes",
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tick_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sensor_id", "version", "id", name=op.f("pk_cursor_changes")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_at"), "idempotency_keys", ["at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Uuid(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "expires_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("'-infinity'"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "retention",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("succeeded_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("partitions_made", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("partitions_dropped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_dropped", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_retention_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention")),
    )
    op.create_table(
        "run_changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", "at", name=op.f("pk_run_changes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("logger", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_run_events")),
        postgresql_partition_by="RANGE (run_id)",
    )
    op.create_table(
        "run_keys",
        sa.Column("scope", sa.Uuid(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("dedup", sa.Text(), server_default="FOREVER", nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("(expires_at IS NOT NULL) = (dedup = 'TTL')", name=op.f("ck_run_keys_expires")),
        sa.PrimaryKeyConstraint("scope", "run_key", name=op.f("pk_run_keys")),
    )
    op.create_index(
        "ix_run_keys_ending",
        "run_keys",
        ["run_id"],
        unique=False,
        postgresql_where=sa.text("dedup IN ('UNTIL_SUCCESS', 'WHILE_ACTIVE')"),
    )
    op.create_index(
        "ix_run_keys_expiring",
        "run_keys",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "run_requests",
        sa.Column("tick_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("job_name", sa.Text(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=True),
        sa.Column("dedup", sa.Text(), nullable=True),
        sa.Column("ttl_seconds", sa.Double(), nullable=True),
        sa.Column("run_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("partition_key", sa.Text(), nullable=True),
        sa.Column("asset_selection", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asset_checks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tick_id", "index", "status", name=op.f("pk_run_requests")),
        postgresql_partition_by="LIST (status)",
    )
    op.create_table(
        "run_steps",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "index", name=op.f("pk_run_steps")),
        postgresql_partition_by="RANGE (run_id)",
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_location", sa.Text(), nullable=False),
        sa.Column("job_name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("run_key", sa.Text(), nullable=True),
        sa.Column("run_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("partition_key", sa.Text(), nullable=True),
        sa.Column("asset_selection", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("asset_checks", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sensor_id", sa.Uuid(), nullable=True),
        sa.Column("tick_id", sa.Uuid(), nullable=True),
        sa.Column("queued_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("rerun_of", sa.Uuid(), nullable=True),
        sa.Column("done_steps", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("on_interrupted", sa.Text(), nullable=False),
        sa.Column("launcher_id", sa.Uuid(), nullable=True),
        sa.Column("claim_epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancel_asked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancel_forced", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("event_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("lane", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        "ix_runs_claimed",
        "runs",
        ["launcher_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('STARTING', 'STARTED', 'CANCELING')"),
    )
    op.create_index(
        op.f("ix_runs_code_location_job_name_queued_at_id"),
        "runs",
        ["code_location", "job_name", "queued_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_runs_job_name_queued_at_id"), "runs", ["job_name", "queued_at", "id"], unique=False)
    op.create_index(op.f("ix_runs_queued_at_id"), "runs", ["queued_at", "id"], unique=False)
    op.create_index(
        "ix_runs_run_key", "runs", ["run_key"], unique=False, postgresql_where=sa.text("run_key IS NOT NULL")
    )
    op.create_index(op.f("ix_runs_sensor_id_queued_at_id"), "runs", ["sensor_id", "queued_at", "id"], unique=False)
    op.create_index(op.f("ix_runs_status_queued_at_id"), "runs", ["status", "queued_at", "id"], unique=False)
    op.create_index("ix_runs_tags", "runs", ["tags"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_runs_tick_id_queued_at_id"), "runs", ["tick_id", "queued_at", "id"], unique=False)
    op.create_table(
        "sensor_changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", "at", name=op.f("pk_sensor_changes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "streams",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("home", sa.Text(), nullable=True),
        sa.Column("purged", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_streams")),
    )
    op.create_table(
        "tick_changes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tick_id", sa.Uuid(), nullable=False),
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", "at", name=op.f("pk_tick_changes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "tick_logs",
        sa.Column("tick_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("logger", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tick_id", "seq", "status", name=op.f("pk_tick_logs")),
        postgresql_partition_by="LIST (status)",
    )
    op.create_table(
        "ticks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cursor_before", sa.Text(), nullable=True),
        sa.Column("cursor_after", sa.Text(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("requested_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("launched_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reaction_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repeats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_repeat_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("partition_changes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(launched_count > 0 OR reaction_count > 0) = (status = 'SUCCESS')", name=op.f("ck_ticks_launched")
        ),
        sa.PrimaryKeyConstraint("id", "status", name=op.f("pk_ticks")),
        postgresql_partition_by="LIST (status)",
    )
    op.create_index(op.f("ix_ticks_sensor_id_id"), "ticks", ["sensor_id", "id"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("code_locations", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("slots", sa.Integer(), nullable=True),
        sa.Column("renewed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("tasks", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "asset_definitions",
        sa.Column("code_location", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("loaded", sa.Boolean(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_location"], ["code_locations.name"], name=op.f("fk_asset_definitions_code_location")
        ),
        sa.PrimaryKeyConstraint("code_location", "key", name=op.f("pk_asset_definitions")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_location", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("loaded", sa.Boolean(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["code_location"], ["code_locations.name"], name=op.f("fk_jobs_code_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("code_location", "name", name=op.f("uq_jobs_code_location_name")),
    )
    op.create_index(
        "ix_jobs_limited",
        "jobs",
        ["code_location", "name"],
        unique=False,
        postgresql_where=sa.text("(spec ->> 'max_concurrent_runs') IS NOT NULL"),
    )
    op.create_table(
        "sensors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_location", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("loaded", sa.Boolean(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_source", sa.Text(), nullable=False),
        sa.Column("status_actor", sa.Text(), nullable=True),
        sa.Column("status_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("status_note", sa.Text(), nullable=True),
        sa.Column("overruled", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("cursor_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cursor_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cursor_tick_id", sa.Uuid(), nullable=True),
        sa.Column("cursor_actor", sa.Text(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("next_tick_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("tick_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_tick_id", sa.Uuid(), nullable=True),
        sa.Column("last_tick_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("evaluating_tick_id", sa.Uuid(), nullable=True),
        sa.Column("consecutive_failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_late", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('RUNNING', 'STOPPED')", name=op.f("ck_sensors_status")),
        sa.ForeignKeyConstraint(["code_location"], ["code_locations.name"], name=op.f("fk_sensors_code_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sensors")),
        sa.UniqueConstraint("code_location", "name", name=op.f("uq_sensors_code_location_name")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(op.f("ix_sensors_name_id"), "sensors", ["name", "id"], unique=False)
    op.create_index(op.f("ix_sensors_shard"), "sensors", ["shard"], unique=False)
    op.create_table(
        "evaluation_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sensor_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("use_current_cursor", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("last_finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("asked_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("cursor_version", sa.Integer(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("tick_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sensor_id"], ["sensors.id"], name=op.f("fk_evaluation_requests_sensor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_requests")),
    )
    op.create_index(op.f("ix_evaluation_requests_asked_at"), "evaluation_requests", ["asked_at"], unique=False)
    op.create_index(
        "ix_evaluation_requests_waiting",
        "evaluation_requests",
        ["asked_at"],
        unique=False,
        postgresql_where=sa.text("state IS NULL"),
    )


def _create_access() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("code_locations", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=True),
        sa.Column("cost_per_minute", sa.BigInteger(), nullable=True),
        sa.Column("streams", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name=op.f("ck_tokens_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_tokens_digest")),
    )
    op.create_index("ix_tokens_name", "tokens", ["name"], unique=True, postgresql_where=sa.text("revoked_at IS NULL"))
    op.create_table(
        "deprecated_uses",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("first_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("member", "client", "version", "actor", name=op.f("pk_deprecated_uses")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("code_locations", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("began_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'ADMIN')", name=op.f("ck_sessions_role")),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_sessions_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("entry", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_runs", "outbox", ["subject_id"], unique=False, postgresql_where=sa.text("stream = 'runs'")
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("code_location", sa.Text(), nullable=True),
        sa.Column("given", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_actor_position"), "audit_log", ["actor", "position"], unique=False)
    op.create_index(
        op.f("ix_audit_log_code_location_position"), "audit_log", ["code_location", "position"], unique=False
    )
    op.create_index(op.f("ix_audit_log_subject_id_position"), "audit_log", ["subject_id", "position"], unique=False)
    op.execute(
        """
        CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'The audit log is append-only.' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()
        """
    )
