"""What people do with runs: launch one of a job, cancel one."""

import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import Path
from vedette.domain.ids import new_id
from vedette.domain.partitions import partition_tags
from vedette.domain.run_keys import Dedup
from vedette.domain.runs import FINISHED, RunStatus
from vedette.storage import outbox
from vedette.storage.catalog.jobs import JobSeen
from vedette.storage.runs import run_keys
from vedette.storage.runs.requested_runs import RUN_KEY_TAG
from vedette.storage.runs.run_keys import FREE_ENDED, KeyWish
from vedette.storage.runs.run_turns import LAST_TURN, priority_of

_LAUNCH = text(
    f"""
    WITH given AS (
        SELECT CAST(:tags AS jsonb) AS tags, {priority_of("CAST(:tags AS jsonb)")} AS priority
    ), made AS (
        INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, partition_key, rerun_of,
            done_steps, asset_selection, asset_checks, trace, on_interrupted, event_count, priority, turn, source_id)
        SELECT :id, :code_location, :job_name, 'QUEUED', :run_key, CAST(:run_config AS jsonb), tags,
            :partition_key, :rerun_of, CAST(:done_steps AS text[]),
            CAST(:asset_selection AS jsonb), CAST(:asset_checks AS jsonb), :trace, :on_interrupted, 1,
            priority, 1 + {LAST_TURN.format(priority="given.priority", source="CAST(:source_id AS uuid)")},
            CAST(:source_id AS uuid)
        FROM given
        RETURNING id
    )
    INSERT INTO run_events (run_id, position, at, kind, message)
    SELECT id, 1, now(), 'RUN_QUEUED', :message FROM made
    """
)


class Launch(NamedTuple):
    """The run that a launch made, or the one that has its run key already."""

    run_id: UUID
    made: bool


class RunWish(NamedTuple):
    """A run that somebody wants; `done_steps` are ops that need not be executed again: see RunInstruction."""

    job: JobSeen
    run_config: Mapping[str, Any]
    tags: Mapping[str, str]
    run_key: str | None = None
    partition_key: str | None = None
    rerun_of: UUID | None = None
    done_steps: Sequence[str] | None = None
    dedup: Dedup = Dedup.FOREVER
    ttl_seconds: float | None = None
    asset_selection: Sequence[Path] | None = None
    asset_checks: Sequence[tuple[Path, str]] | None = None


async def launch(connection: AsyncConnection, wish: RunWish, actor: str, trace: str | None = None) -> Launch:
    """Queue a run; its tags are the job's and the wish's. A run key is held by one run of the job at a time.

    `trace` is the place of who asks for it in a trace.
    """
    run_id = new_id()
    job = wish.job
    of_partition = {} if wish.partition_key is None else partition_tags(job.spec.partitions, wish.partition_key)
    all_tags = {**job.spec.tags, **wish.tags, **of_partition}
    if wish.run_key is not None:
        key = KeyWish(job.id, wish.run_key, run_id, wish.dedup, wish.ttl_seconds)
        (holder,) = (await run_keys.spend(connection, [key])).values()
        if holder != run_id:
            return Launch(holder, made=False)
        all_tags[RUN_KEY_TAG] = wish.run_key
    values = {
        "id": run_id,
        "code_location": job.code_location,
        "job_name": job.spec.name,
        "run_key": wish.run_key,
        "run_config": msgspec.json.encode(wish.run_config).decode(),
        "tags": msgspec.json.encode(all_tags).decode(),
        "partition_key": wish.partition_key,
        "rerun_of": wish.rerun_of,
        "done_steps": None if wish.done_steps is None else list(wish.done_steps),
        "asset_selection": _json(wish.asset_selection),
        "asset_checks": _json(wish.asset_checks),
        "trace": trace,
        "on_interrupted": job.spec.on_interrupted.value,
        "source_id": uuid5(job.id, actor),
        "message": f"Asked for by {actor}.",
    }
    await connection.execute(_LAUNCH, values)
    await outbox.add_runs(connection, [(run_id, RunStatus.QUEUED)])
    return Launch(run_id, made=True)


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


_FINISHED_STEPS = text(
    """
    SELECT coalesce(runs.done_steps, '{}')
        || coalesce(array_agg(run_steps.name) FILTER (WHERE run_steps.name IS NOT NULL),
        '{}') AS done
    FROM runs LEFT JOIN run_steps ON run_steps.run_id = runs.id AND run_steps.status = 'SUCCESS'
    WHERE runs.id = :id GROUP BY runs.id
    """
)


async def steps_done(connection: AsyncConnection, run_id: UUID) -> list[str]:
    """Return the names of the ops that succeeded in a run, or in those before it that it continues."""
    return list((await connection.execute(_FINISHED_STEPS, {"id": run_id})).scalar_one())


class Cancellation(enum.Enum):
    """What became of the wish to cancel a run."""

    DONE = enum.auto()
    ASKED = enum.auto()
    TOO_LATE = enum.auto()
    NO_SUCH_RUN = enum.auto()


_LOCK = text("SELECT status FROM runs WHERE id = :id FOR NO KEY UPDATE")
_CANCEL = text(
    f"""
    WITH ended AS (
        UPDATE runs SET status = 'CANCELED', finished_at = now(), cancel_asked_at = now(),
            event_count = event_count + 1
        WHERE id = :id RETURNING id, status, event_count
    ), freed AS ({FREE_ENDED})
    INSERT INTO run_events (run_id, position, at, kind, message)
    SELECT id, event_count, now(), 'RUN_CANCELED', :message FROM ended
    """
)
_ASK_CANCEL = text(
    """
    UPDATE runs SET cancel_asked_at = coalesce(cancel_asked_at, now()), cancel_forced = cancel_forced OR :force
    WHERE id = :id
    """
)


async def cancel(connection: AsyncConnection, run_id: UUID, force: bool, actor: str) -> Cancellation:
    """Cancel a run: at once while it is queued; else its launcher is asked to, with KILL instead of TERM by `force`."""
    status = (await connection.execute(_LOCK, {"id": run_id})).scalar()
    if status is None:
        return Cancellation.NO_SUCH_RUN
    if RunStatus(status) in FINISHED:
        return Cancellation.TOO_LATE
    if status != RunStatus.QUEUED:
        await connection.execute(_ASK_CANCEL, {"id": run_id, "force": force})
        return Cancellation.ASKED
    message = f"Canceled by {actor} before it had started."
    await connection.execute(_CANCEL, {"id": run_id, "message": message})
    await outbox.add_runs(connection, [(run_id, RunStatus.CANCELED)])
    return Cancellation.DONE
