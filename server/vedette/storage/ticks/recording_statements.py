"""The statements of one recording transaction: each writes a whole batch of ticks."""

from vedette.storage.direct import Statement
from vedette.storage.runs.run_turns import LAST_TURN, priority_of
from vedette.storage.streams import APPENDED

# In the order of the fields of LockedSensor and SensorState. The cursor is read only where it is not the one that the
# evaluation began with: cursors can be large.
# A tick takes no repeats for longer than a day (FOLDED_WITHIN): its partition is dropped by when it began.
# The leases are locked, and thereby verified, before any sensor: the sort below takes in all of `held` first.
LOCK_SENSORS = Statement(
    """
    WITH asked AS MATERIALIZED (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:cursor_versions AS integer[]), CAST(:names AS text[]), CAST(:epochs AS bigint[])
        ) AS rows(id, cursor_version, lease, epoch)
    ), held AS MATERIALIZED (
        SELECT leases.name, leases.epoch FROM leases
        WHERE leases.holder = :worker_id AND (leases.name, leases.epoch) IN (SELECT lease, epoch FROM asked)
        ORDER BY leases.name FOR SHARE OF leases
    )
    SELECT sensors.id, sensors.name, sensors.code_location,
        sensors.loaded, sensors.status, sensors.status_at, sensors.started_at, sensors.cursor_version,
        CASE WHEN sensors.cursor_version <> asked.cursor_version THEN sensors.cursor END AS edited_cursor,
        sensors.last_tick_at, sensors.last_finished_at, sensors.next_tick_at,
        sensors.status_source = 'FAILURE_POLICY' AS decided_by_policy,
        sensors.tick_count, sensors.last_tick_id, sensors.evaluating_tick_id, sensors.consecutive_failures,
        coalesce(last.cause <> 'MANUAL' AND last.requested_count = 0
            AND last.cursor_before IS NOT DISTINCT FROM last.cursor_after
            AND last.cursor_after IS NOT DISTINCT FROM sensors.cursor
            AND last.partition_changes IS NULL
            AND last.started_at > now() - interval '1 day', false) AS foldable,
        last.skip_reason AS quiet_reason, now() AS now
    FROM asked
    JOIN held ON held.name = asked.lease AND held.epoch = asked.epoch
    JOIN sensors ON sensors.id = asked.id
    LEFT JOIN ticks AS last ON last.id = sensors.last_tick_id AND last.status = 'SKIPPED'
    ORDER BY sensors.id
    FOR UPDATE OF sensors
    """
)
FOLD_TICKS = Statement(
    """
    UPDATE ticks SET repeats = ticks.repeats + 1, last_repeat_at = folded.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:ats AS timestamptz[])) AS folded(id, at)
    WHERE ticks.id = folded.id AND ticks.status = 'SKIPPED'
    """
)
END_TICKS = Statement(
    """
    UPDATE ticks SET status = ended.status, finished_at = ended.finished_at, cursor_after = ended.cursor_after,
        skip_reason = ended.skip_reason, error = ended.error, requested_count = ended.requested_count,
        launched_count = ended.launched_count, reaction_count = ended.reaction_count
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:finished_ats AS timestamptz[]),
        CAST(:cursors_after AS text[]), CAST(:skip_reasons AS text[]), CAST(:errors AS jsonb[]),
        CAST(:requested_counts AS integer[]), CAST(:launched_counts AS integer[]), CAST(:reaction_counts AS integer[])
    ) AS ended(id, status, finished_at, cursor_after, skip_reason, error, requested_count, launched_count,
        reaction_count)
    WHERE ticks.id = ended.id AND ticks.status = 'STARTED'
    """
)
# The lines of a tick that ends follow it to the partition of its status.
MOVE_LOGS = Statement(
    """
    UPDATE tick_logs SET status = ended.status
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[])) AS ended(id, status)
    WHERE tick_logs.tick_id = ended.id AND tick_logs.status = 'STARTED'
    """
)
# Those that were stored while the evaluation went on are there already.
INSERT_LOGS = Statement(
    """
    INSERT INTO tick_logs (tick_id, seq, status, at, level, logger, message, error)
    SELECT * FROM unnest(
        CAST(:tick_ids AS uuid[]), CAST(:seqs AS integer[]), CAST(:statuses AS text[]),
        CAST(:ats AS timestamptz[]), CAST(:levels AS text[]), CAST(:loggers AS text[]), CAST(:messages AS text[]),
        CAST(:errors AS jsonb[])
    )
    ON CONFLICT DO NOTHING
    """
)
# A pause outlives what it overrules: whose decision that was counts again when the code changes its mind.
SET_STATUSES = Statement(
    """
    UPDATE sensors SET status = changed.status, status_at = now(), status_note = changed.note, status_actor = NULL,
        overruled = CASE WHEN status_source = 'FAILURE_POLICY' THEN overruled ELSE status_source END,
        status_source = 'FAILURE_POLICY'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:notes AS text[])) AS changed(id, status, note)
    WHERE sensors.id = changed.id
    """
)
SHOW_EVALUATIONS = Statement(
    """
    UPDATE sensors SET tick_count = shown.tick_count, evaluating_tick_id = shown.tick_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:tick_counts AS integer[]), CAST(:tick_ids AS uuid[]))
        AS shown(id, tick_count, tick_id)
    WHERE sensors.id = shown.id
    """
)
# Most of what a batch writes, in one statement: each round trip costs the evaluator more than what is done in it. The
# streams come last, once the requests are answered; the sensors are locked before. Where nothing launches, the parts
# that launch are left out.
# The cursor of a sensor changes where its version grows with the tick.
# A job that the database does not know (its code location is just being stored) has no tags and does not retry.
_LAUNCHING = """
    asked AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:requests AS json)) AS asked(
            tick_id uuid, index integer, status text, code_location text, sensor_id uuid, job_name text, run_key text,
            dedup text, ttl_seconds double precision, run_config jsonb, tags jsonb, run_tags jsonb, partition_key text,
            asset_selection jsonb, asset_checks jsonb, outcome text, run_id uuid, trace text
        )
    ), tagged AS MATERIALIZED (
        SELECT asked.*, spec, coalesce(spec -> 'tags', '{{}}') || run_tags AS all_tags
        FROM asked LEFT JOIN jobs ON jobs.code_location = asked.code_location AND jobs.name = asked.job_name
        WHERE asked.outcome = 'LAUNCHED'
    ), placed AS MATERIALIZED (
        SELECT tagged.*, {priority} AS priority FROM tagged
    ), turns AS MATERIALIZED (
        SELECT source.*, {last_turn} AS last_turn
        FROM (SELECT DISTINCT sensor_id, priority FROM placed) AS source
    ), made AS (
        INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, partition_key,
            asset_selection, asset_checks, sensor_id, tick_id, trace, on_interrupted, event_count,
            priority, turn, source_id)
        SELECT run_id, code_location, job_name, 'QUEUED', run_key, run_config, all_tags, partition_key,
            asset_selection, asset_checks, sensor_id, tick_id, trace, coalesce(spec ->> 'on_interrupted', 'fail'), 1,
            priority, last_turn + row_number() OVER (PARTITION BY sensor_id, priority ORDER BY run_id), sensor_id
        FROM placed JOIN turns USING (sensor_id, priority)
        RETURNING id
    ), told AS (
        INSERT INTO run_events (run_id, position, at, kind, message)
        SELECT id, 1, now(), 'RUN_QUEUED', 'Asked for by a sensor.' FROM made
    ), requested AS (
        INSERT INTO run_requests (tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags,
            partition_key, asset_selection, asset_checks, outcome, run_id)
        SELECT tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags, partition_key,
            asset_selection, asset_checks, outcome, run_id
        FROM asked
    ),""".format(
    priority=priority_of("all_tags"),
    last_turn=LAST_TURN.format(priority="source.priority", source="source.sensor_id"),
)
_WRITE = """
    WITH {launching} answered AS (
        UPDATE evaluation_requests AS asked SET state = 'DONE', tick_id = recorded.tick_id
        FROM unnest(CAST(:answered_request_ids AS uuid[]), CAST(:answered_tick_ids AS uuid[])) AS recorded(id, tick_id)
        WHERE asked.id = recorded.id AND asked.state = 'TAKEN'
        RETURNING true
    ), inserted AS (
        INSERT INTO ticks (id, sensor_id, number, status, cause, started_at, finished_at, cursor_before, cursor_after,
            skip_reason, error, requested_count, launched_count, reaction_count, epoch, trace)
        SELECT * FROM unnest(
            CAST(:new_ids AS uuid[]), CAST(:new_sensor_ids AS uuid[]), CAST(:new_numbers AS integer[]),
            CAST(:new_statuses AS text[]), CAST(:new_causes AS text[]), CAST(:new_started_ats AS timestamptz[]),
            CAST(:new_finished_ats AS timestamptz[]), CAST(:new_cursors_before AS text[]),
            CAST(:new_cursors_after AS text[]), CAST(:new_skip_reasons AS text[]), CAST(:new_errors AS jsonb[]),
            CAST(:new_requested_counts AS integer[]), CAST(:new_launched_counts AS integer[]),
            CAST(:new_reaction_counts AS integer[]), CAST(:new_epochs AS bigint[]), CAST(:new_traces AS text[])
        )
        RETURNING true
    ), moved AS (
        INSERT INTO cursor_changes (sensor_id, version, value, id, tick_id)
        SELECT sensor_id, version, value, tick_id, tick_id FROM unnest(
            CAST(:cursor_sensor_ids AS uuid[]), CAST(:cursor_versions AS integer[]), CAST(:cursor_values AS text[]),
            CAST(:cursor_tick_ids AS uuid[])
        ) AS changed(sensor_id, version, value, tick_id)
    ), updated AS (
        UPDATE sensors SET tick_count = ended.tick_count, last_tick_id = ended.last_tick_id,
            last_tick_at = ended.last_tick_at, last_finished_at = ended.last_finished_at,
            next_tick_at = ended.next_tick_at,
            consecutive_failures = ended.failures, evaluating_tick_id = NULL,
            cursor_version = coalesce(ended.version, sensors.cursor_version),
            cursor = CASE WHEN ended.version IS NULL THEN sensors.cursor ELSE ended.cursor END,
            cursor_at = CASE WHEN ended.version IS NULL THEN sensors.cursor_at ELSE now() END,
            cursor_tick_id = CASE WHEN ended.version IS NULL THEN sensors.cursor_tick_id ELSE ended.tick_id END,
            cursor_actor = CASE WHEN ended.version IS NULL THEN sensors.cursor_actor END
        FROM unnest(
            CAST(:ended_ids AS uuid[]), CAST(:ended_tick_counts AS integer[]), CAST(:ended_last_tick_ids AS uuid[]),
            CAST(:ended_last_tick_ats AS timestamptz[]), CAST(:ended_last_finished_ats AS timestamptz[]),
            CAST(:ended_next_tick_ats AS timestamptz[]), CAST(:ended_failures AS integer[]),
            CAST(:ended_versions AS integer[]), CAST(:ended_cursors AS text[]), CAST(:ended_tick_ids AS uuid[])
        ) AS ended(id, tick_count, last_tick_id, last_tick_at, last_finished_at, next_tick_at, failures, version,
            cursor, tick_id)
        WHERE sensors.id = ended.id
        RETURNING true
    ), {appended}
    SELECT
    """


def _writing(launching: str, *results: str) -> Statement:
    after = " AND ".join(f"(SELECT count(*) FROM {result}) >= 0" for result in results)
    return Statement(_WRITE.format(launching=launching, appended=APPENDED.format(after=after)))


WRITE = _writing("", "answered", "inserted", "updated")
WRITE_AND_LAUNCH = _writing(_LAUNCHING, "made", "answered", "inserted", "updated")


def _columns(prefix: str) -> tuple[str, ...]:
    return tuple(name for name in WRITE.names if name.startswith(prefix))


# The columns of its parts, in the order of what is in a row.
ANSWERED, NEW, CURSOR, ENDED, CHANGED = map(_columns, ("answered_", "new_", "cursor_", "ended_", "tick_"))
