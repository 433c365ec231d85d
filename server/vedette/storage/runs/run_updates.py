"""What launchers write about the runs they hold: many runs in one transaction, each fenced by its epoch.

While a run is claimed, only the holder of its epoch appends events to it, so `event_count` is known to the holder and
serves as the version of its writes: an update applies once, also when the answer to its commit was lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunStatus, RunStep
from vedette.storage import direct
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.direct import Statement
from vedette.storage.runs import run_events
from vedette.storage.runs.run_events import storable, storable_json
from vedette.storage.runs.run_keys import FREE_ENDED

# All that a batch changes in one statement: each round trip costs the launcher more than what is done in it. The rows
# of `runs` are locked first; the stream's counter waits for them, and is locked from then to the commit.
# What tells of a change of status is told in the database's clock, as are the times of the run itself. The steps of a
# run that is queued again belong to the attempt that was lost.
_APPLY = Statement(
    f"""
    WITH given AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:counts AS bigint[]), CAST(:added AS bigint[]),
            CAST(:statuses AS text[]), CAST(:errors AS jsonb[]), CAST(:attempts AS integer[])
        ) AS rows(id, epoch, event_count, added, status, error, attempt)
    ), held AS MATERIALIZED (
        SELECT runs.id FROM runs JOIN given USING (id)
        WHERE runs.claim_epoch = given.epoch AND runs.event_count = given.event_count
        ORDER BY runs.id FOR NO KEY UPDATE OF runs
    ), updated AS (
        UPDATE runs SET
            status = coalesce(given.status, runs.status),
            event_count = given.event_count + given.added,
            attempt = given.attempt,
            error = CASE WHEN given.status = 'QUEUED' THEN NULL ELSE coalesce(given.error, runs.error) END,
            started_at = CASE given.status WHEN 'STARTED' THEN now() WHEN 'QUEUED' THEN NULL ELSE runs.started_at END,
            finished_at = CASE WHEN given.status IN ('SUCCESS', 'FAILURE', 'CANCELED') THEN now()
                          ELSE runs.finished_at END,
            launcher_id = CASE WHEN given.status IN ('QUEUED', 'SUCCESS', 'FAILURE', 'CANCELED') THEN NULL
                          ELSE runs.launcher_id END,
            claimed_until = CASE WHEN given.status IN ('QUEUED', 'SUCCESS', 'FAILURE', 'CANCELED') THEN NULL
                            ELSE runs.claimed_until END
        FROM given JOIN held USING (id)
        WHERE runs.id = given.id AND runs.claim_epoch = given.epoch AND runs.event_count = given.event_count
        RETURNING runs.id, runs.status
    ), ended AS (
        SELECT id, status FROM updated
    ), freed AS ({FREE_ENDED}), told AS (
        INSERT INTO run_events (run_id, position, at, kind, step, message, level, logger, error, data)
        SELECT run_id, position, CASE WHEN starts_with(kind, 'RUN_') THEN now() ELSE at END,
               kind, step, message, level, logger, error, data
        FROM unnest(
            CAST(:event_run_ids AS uuid[]), CAST(:event_positions AS bigint[]), CAST(:event_ats AS timestamptz[]),
            CAST(:event_kinds AS text[]), CAST(:event_steps AS text[]), CAST(:event_messages AS text[]),
            CAST(:event_levels AS text[]), CAST(:event_loggers AS text[]), CAST(:event_errors AS jsonb[]),
            CAST(:event_datas AS jsonb[])
        ) AS rows(run_id, position, at, kind, step, message, level, logger, error, data)
        JOIN updated ON updated.id = rows.run_id
    ), kept AS (
        INSERT INTO run_steps (run_id, index, name, status, started_at, finished_at, attempt, error)
        SELECT rows.* FROM unnest(
            CAST(:step_run_ids AS uuid[]), CAST(:step_indexes AS integer[]), CAST(:step_names AS text[]),
            CAST(:step_statuses AS text[]), CAST(:step_started AS timestamptz[]),
            CAST(:step_finished AS timestamptz[]), CAST(:step_attempts AS integer[]), CAST(:step_errors AS jsonb[])
        ) AS rows(run_id, index, name, status, started_at, finished_at, attempt, error)
        JOIN updated ON updated.id = rows.run_id
        ON CONFLICT (run_id, index) DO UPDATE SET
            name = excluded.name, status = excluded.status, started_at = excluded.started_at,
            finished_at = excluded.finished_at, attempt = excluded.attempt, error = excluded.error
    ), forgotten AS (
        DELETE FROM run_steps USING updated JOIN given USING (id)
        WHERE run_steps.run_id = updated.id AND given.status = 'QUEUED'
    ), changed AS (
        SELECT rows.run_id, rows.status, row_number() OVER (ORDER BY rows.ordinal) AS ordinal,
               count(*) OVER () AS total
        FROM unnest(CAST(:changed_run_ids AS uuid[]), CAST(:changed_statuses AS text[]))
            WITH ORDINALITY AS rows(run_id, status, ordinal)
        JOIN updated ON updated.id = rows.run_id
    ), taken AS (
        UPDATE streams SET position = position + total, at = greatest(at, clock_timestamp())
        FROM (SELECT DISTINCT total FROM changed) AS counted
        WHERE name = 'runs' RETURNING position - total AS before, at
    ), streamed AS (
        INSERT INTO run_changes (position, at, run_id, status)
        SELECT taken.before + changed.ordinal, taken.at, changed.run_id, changed.status FROM taken, changed
    )
    SELECT id FROM updated
    """
)

# An update of which nothing else is known is there already if the run stands exactly where it would have put it.
_APPLIED = Statement(
    """
    SELECT runs.id FROM runs JOIN unnest(
        CAST(:ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:counts AS bigint[])
    ) AS given(id, epoch, event_count) USING (id)
    WHERE runs.claim_epoch = given.epoch AND runs.event_count = given.event_count
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUpdate:
    """One write about one run: at least one event, and what else changes with it.

    `event_count` is the number of events before; `statuses` are the states that the run passes through, in order, the
    last of which it keeps; `steps` are (index, step) as they stand now; `attempt` is the run's attempt from now on.
    """

    run_id: UUID
    epoch: int
    event_count: int
    attempt: int
    events: tuple[RunEvent, ...]
    statuses: tuple[RunStatus, ...] = ()
    error: ErrorInfo | None = None
    steps: tuple[tuple[int, RunStep], ...] = ()

    @property
    def status(self) -> RunStatus | None:
        """Return the status that the run ends in; None where it does not change."""
        return self.statuses[-1] if self.statuses else None

    @property
    def tells_of_assets(self) -> bool:
        """Tell whether something happened to assets."""
        return any(event.asset is not None for event in self.events)

    @property
    def is_queued_again(self) -> bool:
        """Tell whether the run goes back to the queue."""
        return self.status is RunStatus.QUEUED


async def apply(connection: AsyncConnection, updates: Sequence[RunUpdate]) -> frozenset[UUID]:
    """Write `updates` (one a run at most); return the ids of the runs that were still held."""
    ordered = sorted(updates, key=lambda update: update.run_id)
    steps = [(update.run_id, *step) for update in ordered for step in update.steps if not update.is_queued_again]
    changed = [(update.run_id, status) for update in ordered for status in update.statuses]
    rows = await direct.fetch(
        connection,
        _APPLY,
        {
            "ids": [update.run_id for update in ordered],
            "epochs": [update.epoch for update in ordered],
            "counts": [update.event_count for update in ordered],
            "added": [len(update.events) for update in ordered],
            "statuses": [update.status for update in ordered],
            "errors": [storable_json(update.error) for update in ordered],
            "attempts": [update.attempt for update in ordered],
            **run_events.columns([(update.run_id, update.event_count, update.events) for update in ordered]),
            **_step_columns(steps),
            "changed_run_ids": [run_id for run_id, _ in changed],
            "changed_statuses": [status for _, status in changed],
        },
    )
    held = frozenset(row[0] for row in rows)
    await asset_events.append(
        connection, [told for update in ordered if update.run_id in held for told in _told(update)]
    )
    return held


def _told(update: RunUpdate) -> list[ToldEvent]:
    return [
        ToldEvent(update.run_id, position, event.asset, run_id=update.run_id, step=event.step)
        for position, event in enumerate(update.events, start=update.event_count + 1)
        if event.asset is not None
    ]


def _step_columns(steps: Sequence[tuple[UUID, int, RunStep]]) -> dict[str, list[Any]]:
    return {
        "step_run_ids": [run_id for run_id, _, _ in steps],
        "step_indexes": [index for _, index, _ in steps],
        "step_names": [storable(step.name) for _, _, step in steps],
        "step_statuses": [step.status for _, _, step in steps],
        "step_started": [step.started_at for _, _, step in steps],
        "step_finished": [step.finished_at for _, _, step in steps],
        "step_attempts": [step.attempt for _, _, step in steps],
        "step_errors": [storable_json(step.error) for _, _, step in steps],
    }


async def applied(connection: AsyncConnection, updates: Sequence[RunUpdate]) -> frozenset[UUID]:
    """Return the ids of the runs whose update is in the database already, from a commit whose answer was lost."""
    rows = await direct.fetch(
        connection,
        _APPLIED,
        {
            "ids": [update.run_id for update in updates],
            "epochs": [update.epoch for update in updates],
            "counts": [update.event_count + len(update.events) for update in updates],
        },
    )
    return frozenset(row[0] for row in rows)
