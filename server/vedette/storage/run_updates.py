"""What launchers write about the runs they hold: many runs in one transaction, each fenced by its epoch.

While a run is claimed, only the holder of its epoch appends events to it, so `event_count` is known to the holder and
serves as the version of its writes: an update applies once, also when the answer to its commit was lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunStatus, RunStep
from vedette.storage import run_events, streams
from vedette.storage.run_events import storable, storable_json

_UPDATE = text(
    """
    WITH given AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:counts AS bigint[]), CAST(:added AS bigint[]),
            CAST(:statuses AS text[]), CAST(:errors AS jsonb[]), CAST(:attempts AS integer[])
        ) AS rows(id, epoch, event_count, added, status, error, attempt)
    ), held AS MATERIALIZED (
        SELECT runs.id FROM runs JOIN given USING (id)
        WHERE runs.claim_epoch = given.epoch AND runs.event_count = given.event_count
        ORDER BY runs.id FOR NO KEY UPDATE OF runs
    )
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
    RETURNING runs.id
    """
)

# An update of which nothing else is known is there already if the run stands exactly where it would have put it.
_APPLIED = text(
    """
    SELECT runs.id FROM runs JOIN unnest(
        CAST(:ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:counts AS bigint[])
    ) AS given(id, epoch, event_count) USING (id)
    WHERE runs.claim_epoch = given.epoch AND runs.event_count = given.event_count
    """
)

_KEEP_STEPS = text(
    """
    INSERT INTO run_steps (run_id, index, name, status, started_at, finished_at, attempt, error)
    SELECT * FROM unnest(
        CAST(:run_ids AS uuid[]), CAST(:indexes AS integer[]), CAST(:names AS text[]), CAST(:statuses AS text[]),
        CAST(:started AS timestamptz[]), CAST(:finished AS timestamptz[]), CAST(:attempts AS integer[]),
        CAST(:errors AS jsonb[])
    )
    ON CONFLICT (run_id, index) DO UPDATE SET
        name = excluded.name, status = excluded.status, started_at = excluded.started_at,
        finished_at = excluded.finished_at, attempt = excluded.attempt, error = excluded.error
    """
)

# The steps of a run that is queued again belong to the attempt that was lost.
_FORGET_STEPS = text("DELETE FROM run_steps WHERE run_id = ANY(CAST(:run_ids AS uuid[]))")


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


async def apply(connection: AsyncConnection, updates: Sequence[RunUpdate]) -> frozenset[UUID]:
    """Write `updates` (one a run at most); return the ids of the runs that were still held."""
    ordered = sorted(updates, key=lambda update: update.run_id)
    rows = await connection.execute(
        _UPDATE,
        {
            "ids": [update.run_id for update in ordered],
            "epochs": [update.epoch for update in ordered],
            "counts": [update.event_count for update in ordered],
            "added": [len(update.events) for update in ordered],
            "statuses": [update.status for update in ordered],
            "errors": [storable_json(update.error) for update in ordered],
            "attempts": [update.attempt for update in ordered],
        },
    )
    held = frozenset(rows.scalars())
    kept = [update for update in ordered if update.run_id in held]
    await run_events.append(connection, [(update.run_id, update.event_count, update.events) for update in kept])
    await _keep_steps(connection, [(update.run_id, *step) for update in kept for step in update.steps])
    await _forget_steps(connection, [update.run_id for update in kept if update.status is RunStatus.QUEUED])
    await streams.append_runs(connection, [(update.run_id, status) for update in kept for status in update.statuses])
    return held


async def applied(connection: AsyncConnection, updates: Sequence[RunUpdate]) -> frozenset[UUID]:
    """Return the ids of the runs whose update is in the database already, from a commit whose answer was lost."""
    rows = await connection.execute(
        _APPLIED,
        {
            "ids": [update.run_id for update in updates],
            "epochs": [update.epoch for update in updates],
            "counts": [update.event_count + len(update.events) for update in updates],
        },
    )
    return frozenset(rows.scalars())


async def _keep_steps(connection: AsyncConnection, steps: Sequence[tuple[UUID, int, RunStep]]) -> None:
    if not steps:
        return
    await connection.execute(
        _KEEP_STEPS,
        {
            "run_ids": [run_id for run_id, _, _ in steps],
            "indexes": [index for _, index, _ in steps],
            "names": [storable(step.name) for _, _, step in steps],
            "statuses": [step.status for _, _, step in steps],
            "started": [step.started_at for _, _, step in steps],
            "finished": [step.finished_at for _, _, step in steps],
            "attempts": [step.attempt for _, _, step in steps],
            "errors": [storable_json(step.error) for _, _, step in steps],
        },
    )


async def _forget_steps(connection: AsyncConnection, run_ids: Sequence[UUID]) -> None:
    if run_ids:
        await connection.execute(_FORGET_STEPS, {"run_ids": list(run_ids)})
