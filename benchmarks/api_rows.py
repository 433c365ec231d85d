"""What the benchmark of the API reads: 100 sensors of one project, 100 ticks of each, and 1,000 runs."""

from sqlalchemy import text

from benchmarks.history_rows import id_at
from vedette.storage.database import Database

SENSORS, TICKS, RUNS = 100, 10_000, 1_000

_AT = "now() - n * interval '1 s'"
_STATEMENTS = f"""
INSERT INTO code_locations (id, name, target, version, loaded_at)
    VALUES (gen_random_uuid(), 'shop', 'shop.py', '1', now());
INSERT INTO jobs (id, code_location, name, loaded, spec)
    VALUES (gen_random_uuid(), 'shop', 'process', true, '{{"name": "process"}}');
INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source, next_tick_at, cursor,
        cursor_version, cursor_at)
    SELECT gen_random_uuid(), 'shop', name, true,
        jsonb_build_object('name', name, 'job_names', jsonb_build_array('process'), 'tags', '{{"team": "data"}}'::jsonb,
            'description', 'Watches the folder of incoming files.'),
        n % 16, 'RUNNING', 'CODE', now() + interval '1 hour', 'file-' || n, 1, now()
    FROM (SELECT n, 'sensor_' || lpad(CAST(n AS text), 3, '0') AS name FROM generate_series(0, {SENSORS - 1}) AS n);
INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, finished_at, skip_reason, cursor_before,
        cursor_after, requested_count, launched_count)
    SELECT {id_at(_AT)}, sensors.id, {TICKS // SENSORS} - n / {SENSORS}, kind.status, 'INTERVAL', 1, {_AT},
        {_AT} + interval '12 ms', CASE kind.status WHEN 'SKIPPED' THEN 'Nothing new in the folder.' END, 'c', 'c',
        kind.launched, kind.launched
    FROM generate_series(0, {TICKS - 1}) AS n
    JOIN sensors ON name = 'sensor_' || lpad(CAST(n % {SENSORS} AS text), 3, '0')
    CROSS JOIN LATERAL (SELECT CASE WHEN n % 10 = 9 THEN 'SUCCESS' ELSE 'SKIPPED' END AS status,
        CASE WHEN n % 10 = 9 THEN 1 ELSE 0 END AS launched) AS kind;
UPDATE sensors SET last_tick_id = last.id, last_tick_at = last.started_at, tick_count = last.number
    FROM (SELECT DISTINCT ON (sensor_id) * FROM ticks ORDER BY sensor_id, id DESC) AS last
    WHERE last.sensor_id = sensors.id;
INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, on_interrupted, queued_at, started_at,
        finished_at, sensor_id, tick_id, event_count)
    SELECT {id_at("started_at")}, 'shop', 'process', 'SUCCESS', 'key-' || CAST(id AS text), '{{"path": "in/a.csv"}}',
        '{{"team": "data"}}', 'fail', started_at, started_at + interval '3 ms', started_at + interval '1 s',
        sensor_id, id, 5
    FROM ticks WHERE status = 'SUCCESS' ORDER BY id DESC LIMIT {RUNS};
ANALYZE
"""


async def fill(database: Database) -> None:
    """Write the rows."""
    async with database.writing() as connection:
        for statement in _STATEMENTS.split(";"):
            await connection.execute(text(statement.replace(":", r"\:")))
