"""Evaluations that somebody asked for: the API asks and reads; the evaluator that holds the shard takes and answers.

A row's state: NULL waits; TAKEN is the evaluator's; DONE has its answer or tick; BUSY found no turn in time; WITHDRAWN
was given up by its asker.
"""

import enum
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.audit import DONE, Attempt
from vedette.domain.ids import new_id
from vedette.domain.ticks import Evaluation
from vedette.storage import direct
from vedette.storage.access import audit_log
from vedette.storage.direct import Statement
from vedette.storage.leases import lease_names

PURGED_AT_A_TIME = 1000


class RequestKind(enum.StrEnum):
    """What is asked for: a preview records nothing; a tick is a real one, now."""

    PREVIEW = "PREVIEW"
    TICK = "TICK"


class RequestState(enum.StrEnum):
    """How a request stands once it no longer waits."""

    TAKEN = "TAKEN"
    DONE = "DONE"
    BUSY = "BUSY"
    WITHDRAWN = "WITHDRAWN"


class Answer(msgspec.Struct, frozen=True):
    """What a preview produced, the cursor it began with, and the version to name when its cursor is to be kept."""

    evaluation: Evaluation
    cursor_before: str | None
    cursor_version: int


class AskedEvaluation(msgspec.Struct, frozen=True):
    """A request as its asker sees it: `state` is None while it waits; `tick_id` is there as soon as the tick shows."""

    state: RequestState | None
    answer: Answer | None
    tick_id: UUID | None
    cursor_version: int | None


class TakenRequest(msgspec.Struct, frozen=True):
    """A request as its evaluator sees it. `waited_seconds` is what had passed since it was asked when it was taken."""

    id: UUID
    sensor_id: UUID
    kind: RequestKind
    use_current_cursor: bool
    cursor: str | None
    run_id: UUID | None
    trace: str | None
    asked_at: datetime
    waited_seconds: float
    last_finished_at: datetime | None


_INSERT = """
    INSERT INTO evaluation_requests (id, sensor_id, kind, use_current_cursor, cursor, last_finished_at, run_id, trace)
    VALUES (:id, :sensor_id, :kind, :use_current, CAST(:cursor AS text), CAST(:last_finished_at AS timestamptz),
        CAST(:run_id AS uuid), CAST(:trace AS text))
    """
_ASK = Statement(_INSERT)
# One statement, and so one transaction by itself.
_ASK_AND_TELL = Statement(f"WITH {audit_log.adding('Sensor')} {_INSERT}")
_READ = Statement("SELECT state, answer, tick_id, cursor_version FROM evaluation_requests WHERE id = :id")
_WITHDRAW = text("UPDATE evaluation_requests SET state = 'WITHDRAWN' WHERE id = :id AND state IS NULL")
# Only what the holder of the lease may answer is taken: a holder that lost it without knowing takes nothing.
_TAKE = Statement(
    """
    WITH waiting AS (
        SELECT asked.id
        FROM evaluation_requests AS asked
        JOIN sensors ON sensors.id = asked.sensor_id
        JOIN leases ON leases.name = 'sensors/' || sensors.shard AND leases.holder = :worker_id
        WHERE asked.state IS NULL
          AND sensors.shard = ANY(CAST(:shards AS smallint[]))
          AND sensors.code_location = ANY(CAST(:locations AS text[]))
        ORDER BY asked.asked_at
        LIMIT 100
        FOR UPDATE OF asked SKIP LOCKED
    )
    UPDATE evaluation_requests AS asked SET state = 'TAKEN'
    FROM waiting WHERE asked.id = waiting.id
    RETURNING asked.id, asked.sensor_id, asked.kind, asked.use_current_cursor, asked.cursor, asked.asked_at,
        CAST(extract(epoch FROM clock_timestamp() - asked.asked_at) AS double precision) AS waited_seconds,
        asked.last_finished_at, asked.run_id, asked.trace
    """
)
_SETTLE = text(
    """
    UPDATE evaluation_requests SET state = CAST(:state AS text)
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'TAKEN'
    """
)
_TAKE_OVER = text(
    """
    UPDATE evaluation_requests AS asked SET state = NULL
    FROM sensors, leases
    WHERE sensors.id = asked.sensor_id AND asked.state = 'TAKEN'
      AND leases.name = 'sensors/' || sensors.shard AND leases.holder = :worker_id
      AND leases.name = ANY(CAST(:names AS text[]))
      AND asked.asked_at > now() - make_interval(secs => :within)
    """
)
_ANSWER = text(
    """
    UPDATE evaluation_requests SET state = 'DONE', answer = CAST(:answer AS jsonb), cursor_version = :cursor_version
    WHERE id = :id AND state = 'TAKEN'
    """
)
_PURGE = text(
    """
    DELETE FROM evaluation_requests WHERE id IN (
        SELECT id FROM evaluation_requests WHERE asked_at < now() - make_interval(secs => :older_than)
        ORDER BY asked_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    """
)


async def ask(
    connection: AsyncConnection,
    sensor_id: UUID,
    kind: RequestKind,
    cursor: str | None,
    use_current: bool,
    last_finished_at: datetime | None = None,
    run_id: UUID | None = None,
    *,
    attempt: Attempt | None = None,
    trace: str | None = None,
) -> UUID:
    """Ask for an evaluation of the sensor and return the request's id; knock EVALUATIONS after the commit.

    `use_current` starts from the sensor's cursor, else from `cursor`; a TICK always starts from the sensor's.
    `last_finished_at` is when a PREVIEW is told that the last tick ended; None: when it did. `run_id` is the run to try
    a sensor with that reacts to runs. `attempt` is told in the audit log; `trace` is the asker's place in a trace.
    """
    request_id = new_id()
    values = {
        "id": request_id,
        "sensor_id": sensor_id,
        "kind": kind,
        "cursor": cursor,
        "use_current": use_current,
        "last_finished_at": last_finished_at,
        "run_id": run_id,
        "trace": trace,
    }
    if attempt is None:
        await direct.fetch(connection, _ASK, values)
    else:
        await direct.fetch(connection, _ASK_AND_TELL, values | audit_log.values(attempt, DONE))
    return request_id


async def read(connection: AsyncConnection, request_id: UUID) -> AskedEvaluation | None:
    """Return how a request stands; None where there is none (any more)."""
    rows = await direct.fetch(connection, _READ, {"id": request_id})
    if not rows:
        return None
    state, answer, tick_id, cursor_version = rows[0]
    return AskedEvaluation(
        None if state is None else RequestState(state),
        None if answer is None else msgspec.json.decode(answer, type=Answer),
        tick_id,
        cursor_version,
    )


async def withdraw(connection: AsyncConnection, request_id: UUID) -> bool:
    """Give a request up; True means that it will never be evaluated, False that an evaluator has taken it already."""
    return (await connection.execute(_WITHDRAW, {"id": request_id})).rowcount == 1


async def take(
    connection: AsyncConnection, worker_id: UUID, shards: Sequence[int], locations: Sequence[str]
) -> list[TakenRequest]:
    """Take up to 100 waiting requests for sensors of shards that `worker_id` holds and of `locations`, oldest first."""
    parameters = {"worker_id": worker_id, "shards": list(shards), "locations": list(locations)}
    taken = [
        TakenRequest(**{**row, "kind": RequestKind(row["kind"])})
        for row in await direct.fetch(connection, _TAKE, parameters)
    ]
    return sorted(taken, key=lambda request: request.asked_at)


async def give_back(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Let taken requests wait again."""
    if ids:
        await connection.execute(_SETTLE, {"ids": list(ids), "state": None})


async def busy(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Answer taken requests with BUSY: the sensor's evaluation did not end in time."""
    if ids:
        await connection.execute(_SETTLE, {"ids": list(ids), "state": RequestState.BUSY})


async def take_over(connection: AsyncConnection, worker_id: UUID, shards: Sequence[int], within: float) -> None:
    """Let requests wait again that a former holder of `shards` took and did not answer, if asked `within` seconds."""
    parameters = {"worker_id": worker_id, "names": lease_names(shards), "within": within}
    await connection.execute(_TAKE_OVER, parameters)


async def answer(connection: AsyncConnection, request_id: UUID, answer: Answer) -> None:
    """Answer a preview."""
    values = {"id": request_id, "answer": msgspec.json.encode(answer).decode(), "cursor_version": answer.cursor_version}
    await connection.execute(_ANSWER, values)


async def purge(connection: AsyncConnection, older_than_seconds: float) -> int:
    """Delete up to PURGED_AT_A_TIME requests asked longer ago than that; return how many."""
    result = await connection.execute(_PURGE, {"older_than": older_than_seconds, "limit": PURGED_AT_A_TIME})
    return result.rowcount
