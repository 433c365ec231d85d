"""Every table, in the order of the nouns. Migrations build them; a check holds the two equal.

Three rules run through all of them. Truth is a UNIQUE constraint or a counter in one row, never a clock: a run key is
spent once by its primary key; a tick's number, a cursor's version and a stream's position are given out by the one row
that counts them, under its lock. What a stream shows is an append-only `*_changes` table whose positions come from the
`streams` counter row, taken last in the writing transaction or, by way of the `outbox`, right after it, so that
positions are gapless and in commit order.

And what grows without end is history: partitioned by time, to be dropped a partition at a time (`table_partitions.py`).
Ids are UUIDv7, so an id is a time: the id of a tick or run is its partition key, and its rows elsewhere follow it. What
is kept for as long as its status says is split by status first. No foreign key leads into or out of history: it would
cost each insert a look-up, and each drop a scan; whoever writes history holds the row that it belongs to.
"""

from vedette.storage.tables.access import audit_log, idempotency_keys, sessions, tokens
from vedette.storage.tables.assets import asset_definitions, asset_events, asset_partitions, assets
from vedette.storage.tables.catalog import code_locations, dynamic_partitions, dynamic_partitions_definitions, jobs
from vedette.storage.tables.metadata import metadata
from vedette.storage.tables.processes import compatibility, leases, outbox, retention, streams, workers
from vedette.storage.tables.runs import queue_turns, run_changes, run_events, run_limits, run_steps, runs
from vedette.storage.tables.sensors import cursor_changes, sensor_changes, sensors
from vedette.storage.tables.ticks import (
    _ONLY_REACTED,
    evaluation_requests,
    reactions,
    run_keys,
    run_requests,
    tick_changes,
    tick_logs,
    ticks,
)

__all__ = [
    "_ONLY_REACTED",
    "asset_definitions",
    "asset_events",
    "asset_partitions",
    "assets",
    "audit_log",
    "code_locations",
    "compatibility",
    "cursor_changes",
    "dynamic_partitions",
    "dynamic_partitions_definitions",
    "evaluation_requests",
    "idempotency_keys",
    "jobs",
    "leases",
    "metadata",
    "outbox",
    "queue_turns",
    "reactions",
    "retention",
    "run_changes",
    "run_events",
    "run_keys",
    "run_limits",
    "run_requests",
    "run_steps",
    "runs",
    "sensor_changes",
    "sensors",
    "sessions",
    "streams",
    "tick_changes",
    "tick_logs",
    "ticks",
    "tokens",
    "workers",
]
