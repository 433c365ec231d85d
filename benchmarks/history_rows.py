"""A long history, made in the database in a few statements: partitions first, then each table in the order of time."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from vedette.domain.retention import DAY, missing
from vedette.retention.keeper import kept
from vedette.settings import Settings
from vedette.storage import table_partitions
from vedette.storage.connecting import connect
from vedette.storage.database import Database

# Of 20 ticks, 16 skip, 3 launch a run and one fails. Skips are kept for a week, the others for four. Long ago one
# sensor reacted where the others launch.
_OF = {"SKIPPED": (16, 7), "SUCCESS": (3, 28), "FAILURE": (1, 28)}
SENSORS = 1000
OPEN_RUNS = 120
CHANGES_DAYS = 3


def id_at(moment: str) -> str:
    """Return the SQL of a new id made at `moment`, the SQL of a timestamp."""
    milliseconds = f"lpad(to_hex(CAST(floor(extract(epoch FROM {moment}) * 1000) AS bigint)), 12, '0')"
    return f"CAST({milliseconds} || '7' || substr(CAST(gen_random_uuid() AS text), 16) AS uuid)"


_CODE = """
INSERT INTO code_locations (id, name, target, version, loaded_at)
    VALUES (gen_random_uuid(), 'shop', 'shop.py', '1', now());
INSERT INTO jobs (id, code_location, name, loaded, spec)
    SELECT gen_random_uuid(), 'shop', 'job' || n, true, jsonb_build_object('name', 'job' || n)
    FROM generate_series(0, 99) AS n;
INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at, last_tick_at,
    cursor, cursor_version, cursor_at)
    SELECT gen_random_uuid(), 'shop', 's' || n, true, jsonb_build_object('name', 's' || n, 'job_names',
        jsonb_build_array('job' || n % 100)), n % 16, 'RUNNING', 'CODE', now() + n * interval '1 ms',
        now() - n * interval '1 ms', 'c', 1, now()
    FROM generate_series(1, {sensors}) AS n;
CREATE TABLE numbered AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM sensors;
CREATE UNIQUE INDEX ON numbered (place) INCLUDE (id);
"""
_TICKS = """
INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, finished_at, skip_reason, error,
    requested_count, launched_count, reaction_count, cursor_before, cursor_after)
SELECT {id}, numbered.id, n / {sensors} + 1, '{status}', 'INTERVAL', 1, at, at + interval '12 ms',
    CASE '{status}' WHEN 'SKIPPED' THEN 'Nothing new.' END,
    CASE '{status}' WHEN 'FAILURE' THEN CAST('{{"type": "ValueError", "message": "no", "stack": []}}' AS jsonb) END,
    {launched} - reacted, {launched} - reacted, reacted, 'c', 'c'
FROM (SELECT n, CAST('{now}' AS timestamptz) - interval '{days} days' * (1 - n / {count}.0) AS at,
        CASE WHEN n % {sensors} = 0 AND n < {count} / 50 THEN {launched} ELSE 0 END AS reacted
    FROM generate_series(0, {count} - 1) AS n) AS moments
JOIN numbered ON place = n % {sensors}
"""
_RUNS = """
INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, on_interrupted, queued_at, started_at,
    finished_at, sensor_id, tick_id, event_count, claimed_until, launcher_id)
SELECT {id}, 'shop', 'job' || n % 100, status, 'key' || n, '{{}}', jsonb_build_object('team', 't' || n % 50), 'fail',
    at, at, CASE WHEN ended THEN at + interval '1 s' END, numbered.id, tick, 3,
    CASE WHEN status = 'STARTED' THEN now() + interval '1 hour' END,
    CASE WHEN status = 'STARTED' THEN CAST('01900000-0000-7000-8000-000000000001' AS uuid) END
FROM (SELECT n, n < {count} - {open} AS ended, {tick} AS tick,
        CAST('{now}' AS timestamptz) - interval '28 days' * (1 - n / {count}.0) AS at,
        CASE WHEN n >= {count} - {open} / 2 THEN 'QUEUED' WHEN n >= {count} - {open} THEN 'STARTED'
            WHEN n % 50 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END AS status
    FROM generate_series(0, {count} - 1) AS n) AS moments
JOIN numbered ON place = n % {sensors}
"""
# What belongs to runs, and what belongs to ticks: made side by side.
_OF_RUNS = """
INSERT INTO run_events (run_id, position, at, kind, message)
    SELECT runs.id, position, queued_at, (ARRAY['RUN_QUEUED', 'RUN_STARTED', 'RUN_SUCCESS'])[position], 'said'
    FROM runs, generate_series(1, 3) AS position;
INSERT INTO run_steps (run_id, index, name, status) SELECT id, 0, 'op', 'SUCCESS' FROM runs;
INSERT INTO run_keys (scope, run_key, run_id) SELECT sensor_id, run_key, id FROM runs;
INSERT INTO run_changes (position, run_id, status, at)
    SELECT row_number() OVER (ORDER BY id), id, status, queued_at FROM runs
    WHERE queued_at > now() - interval '{changes} days';
UPDATE streams SET position = (SELECT coalesce(max(position), 0) FROM run_changes) WHERE name = 'runs';
"""
_OF_TICKS = """
INSERT INTO run_requests (tick_id, index, status, job_name, run_key, run_config, tags, outcome)
    SELECT id, 0, status, 'job1', 'k', '{{}}', '{{}}', 'LAUNCHED' FROM ticks WHERE launched_count > 0;
INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message)
    SELECT id, 1, status, started_at, 'INFO', 'sensor', 'hello' FROM ticks WHERE status = 'SUCCESS';
INSERT INTO cursor_changes (sensor_id, version, id, value, at, tick_id)
    SELECT sensor_id, number, id, 'c', started_at, id FROM ticks WHERE status = 'SUCCESS';
INSERT INTO tick_changes (position, tick_id, sensor_id, status, at)
    SELECT row_number() OVER (ORDER BY id), id, sensor_id, status, started_at FROM ticks
    WHERE started_at > now() - interval '{changes} days';
UPDATE streams SET position = (SELECT coalesce(max(position), 0) FROM tick_changes) WHERE name = 'ticks';
UPDATE sensors SET last_tick_id = last.id, tick_count = last.number FROM numbered, LATERAL (
    SELECT id, sensor_id, number FROM ticks WHERE status = 'SKIPPED' AND sensor_id = numbered.id
    ORDER BY id DESC LIMIT 1
) AS last WHERE last.sensor_id = sensors.id;
"""
_END = "DROP TABLE numbered", "VACUUM (ANALYZE)"


async def partition(database: Database, days: int = 29) -> None:
    """Make the partitions that a keeper would have made over the last `days` and not have dropped since."""
    now = await database.now()
    for family in table_partitions.FAMILIES:
        keeps = kept(Settings()).of(family.kind)
        oldest = days if keeps is None else min(days, keeps // DAY)
        for ago in range(oldest, -1, -1):
            await _make(database, family, now - ago * DAY)


async def _make(database: Database, family: table_partitions.Family, at: datetime) -> None:
    async with database.reading() as connection:
        there = await table_partitions.existing(connection, family)
    for covered in missing(at, kept(Settings()).of(family.kind), list(there)):
        async with database.writing() as connection:
            await table_partitions.make(connection, family, covered)


async def fill(database: Database, ticks: int, runs: int, sensors: int = SENSORS) -> None:
    """Make `ticks` ticks and `runs` runs of `sensors` sensors, with what belongs to them, up to now."""
    await partition(database)
    now = await database.now() - timedelta(seconds=1)
    values = {"sensors": sensors, "now": now.isoformat(), "open": OPEN_RUNS, "changes": CHANGES_DAYS}
    of_status = {
        status: _TICKS.format(
            **values,
            id=id_at("at"),
            status=status,
            days=days,
            count=ticks * share // 20,
            launched=int(status == "SUCCESS"),
        )
        for status, (share, days) in _OF.items()
    }
    moment = "CAST('{now}' AS timestamptz) - interval '28 days' * (1 - n / {count}.0)".format(**values, count=runs)
    of_runs = _RUNS.format(id=id_at("at"), tick=id_at(moment), count=runs, **values)
    skipped = of_status.pop("SKIPPED")
    await _execute(database.url, _CODE.format(**values).split(";\n"))
    # Two at a time, of about the same weight.
    await asyncio.gather(_execute(database.url, [skipped]), _execute(database.url, [*of_status.values(), of_runs]))
    await asyncio.gather(
        *(_execute(database.url, rest.format(**values).split(";\n")) for rest in (_OF_RUNS, _OF_TICKS))
    )
    await _execute(database.url, _END)


async def _execute(url: str, statements: Iterable[str]) -> None:
    connection = await connect(url, command_seconds=None, settings={"timezone": "UTC"})
    try:
        for statement in filter(str.strip, statements):
            await connection.execute(statement)
    finally:
        await connection.close()
