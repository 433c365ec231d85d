"""The runs that ticks ask for: run keys decide which are launched, then runs, their first events and the requests."""

from collections.abc import Sequence
from operator import attrgetter
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_id
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import RequestedRun, RunRequestOutcome
from vedette.storage import run_keys
from vedette.storage.run_keys import KeyWish
from vedette.storage.verdicts import Verdict

SENSOR_TAG = "vedette/sensor_name"
TICK_TAG = "vedette/tick"
RUN_KEY_TAG = "vedette/run_key"

# A job that the database does not know (its code location is just being stored) has no tags and does not retry.
_LAUNCH = text(
    """
    WITH asked AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS asked(
            tick_id uuid, index integer, status text, code_location text, sensor_id uuid, job_name text, run_key text,
            dedup text, ttl_seconds double precision, run_config jsonb, tags jsonb, run_tags jsonb, partition_key text,
            asset_selection jsonb, outcome text, run_id uuid
        )
    ), made AS (
        INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, partition_key,
            asset_selection, sensor_id, tick_id, on_interrupted, event_count)
        SELECT asked.run_id, asked.code_location, asked.job_name, 'QUEUED', asked.run_key, asked.run_config,
            coalesce(jobs.spec -> 'tags', '{}') || asked.run_tags, asked.partition_key, asked.asset_selection,
            asked.sensor_id, asked.tick_id, coalesce(jobs.spec ->> 'on_interrupted', 'fail'), 1
        FROM asked
        LEFT JOIN jobs ON jobs.code_location = asked.code_location AND jobs.name = asked.job_name
        WHERE asked.outcome = 'LAUNCHED'
        RETURNING id
    ), told AS (
        INSERT INTO run_events (run_id, position, at, kind, message)
        SELECT id, 1, now(), 'RUN_QUEUED', 'Asked for by a sensor.' FROM made
    )
    INSERT INTO run_requests (tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags,
        partition_key, asset_selection, outcome, run_id)
    SELECT tick_id, index, status, job_name, run_key, dedup, ttl_seconds, run_config, tags, partition_key,
        asset_selection, outcome, run_id
    FROM asked
    """
)


class TickRequest(msgspec.Struct):
    """One run request on its way into the database. `run_id` is that of its own run until it turns out a duplicate."""

    verdict: Verdict
    index: int
    request: RequestedRun
    run_id: UUID
    outcome: RunRequestOutcome = RunRequestOutcome.LAUNCHED

    @property
    def key(self) -> tuple[UUID, str] | None:
        """Return what may exist once: (sensor, run key)."""
        return None if self.request.run_key is None else (self.verdict.sensor.id, self.request.run_key)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _tags(item: TickRequest) -> dict[str, str]:
    own = {SENSOR_TAG: item.verdict.sensor.name, TICK_TAG: str(item.verdict.tick.id)}
    if item.request.run_key is not None:
        own[RUN_KEY_TAG] = item.request.run_key
    return {**item.request.tags, **own}


def _itemise(verdicts: Sequence[Verdict]) -> list[TickRequest]:
    asked = [
        (verdict, index, request) for verdict in verdicts for index, request in enumerate(verdict.requests)
    ]  # fmt: skip
    # Ids made in one millisecond have no order among them; sorted, the queue keeps the order of the requests.
    run_ids = sorted((new_id() for _ in asked), key=attrgetter("int"))
    return [TickRequest(*what, run_id) for what, run_id in zip(asked, run_ids, strict=True)]


async def spend_run_keys(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> list[TickRequest]:
    """Decide by their run keys which requests launch; each verdict gets its `launched`, and its skip if all repeat."""
    items = _itemise(verdicts)
    first: dict[tuple[UUID, str], KeyWish] = {}
    for item in items:
        if item.key is not None and item.key not in first:
            first[item.key] = KeyWish(*item.key, item.run_id, item.request.dedup, item.request.ttl_seconds)
    holders = await run_keys.spend(connection, first.values())
    for item in items:
        if item.key is not None and holders[item.key] != item.run_id:
            item.run_id, item.outcome = holders[item.key], RunRequestOutcome.DUPLICATE
    for item in items:
        item.verdict.launched += item.outcome is RunRequestOutcome.LAUNCHED
    for verdict in verdicts:
        if verdict.requests and not verdict.launched:
            verdict.all_repeat()
    return items


async def launch(connection: AsyncConnection, items: Sequence[TickRequest]) -> list[tuple[UUID, str]]:
    """Queue the runs of the requests that launch, write what became of each request (the ticks are there already).

    Returns the changes of the runs for the stream `runs`.
    """
    if items:
        await connection.execute(_LAUNCH, {"rows": _json([_row(item) for item in items])})
    return [(item.run_id, RunStatus.QUEUED) for item in items if item.outcome is RunRequestOutcome.LAUNCHED]


def _row(item: TickRequest) -> dict[str, object]:
    launched = item.outcome is RunRequestOutcome.LAUNCHED
    return {
        "tick_id": item.verdict.tick.id,
        "index": item.index,
        "status": item.verdict.status,
        "code_location": item.verdict.sensor.code_location,
        "sensor_id": item.verdict.sensor.id,
        "job_name": item.request.job_name,
        "run_key": item.request.run_key,
        "dedup": None if item.request.run_key is None else item.request.dedup,
        "ttl_seconds": item.request.ttl_seconds,
        "run_config": item.request.run_config,
        "tags": item.request.tags,
        "run_tags": _tags(item) if launched else None,
        "partition_key": item.request.partition_key,
        "asset_selection": item.request.asset_selection,
        "outcome": item.outcome,
        "run_id": item.run_id,
    }
