"""The runs that ticks ask for: run keys decide which are launched, then runs, their first events and the requests."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_id
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import RequestedRun, RunRequestOutcome
from vedette.storage.verdicts import Verdict

SENSOR_TAG = "vedette/sensor_name"
TICK_TAG = "vedette/tick"
RUN_KEY_TAG = "vedette/run_key"

_SPEND_KEYS = text(
    """
    INSERT INTO run_keys (scope, run_key, run_id)
    SELECT * FROM unnest(CAST(:scopes AS uuid[]), CAST(:keys AS text[]), CAST(:run_ids AS uuid[]))
        AS asked(scope, run_key, run_id)
    ORDER BY scope, run_key
    ON CONFLICT DO NOTHING RETURNING run_id
    """
)
_READ_KEYS = text(
    """
    SELECT run_keys.scope, run_keys.run_key, run_keys.run_id FROM run_keys
    JOIN unnest(CAST(:scopes AS uuid[]), CAST(:keys AS text[])) AS asked(scope, run_key) USING (scope, run_key)
    """
)
# A job that the database does not know (its code location is just being stored) has no tags and does not retry.
_LAUNCH = text(
    """
    WITH made AS (
        INSERT INTO runs (id, code_location, job_name, status, run_key, run_config, tags, partition_key,
            asset_selection, sensor_id, tick_id, on_interrupted, event_count)
        SELECT asked.id, asked.code_location, asked.job_name, 'QUEUED', asked.run_key, asked.run_config,
            coalesce(jobs.spec -> 'tags', '{}') || asked.tags, asked.partition_key, asked.asset_selection,
            asked.sensor_id, asked.tick_id, coalesce(jobs.spec ->> 'on_interrupted', 'fail'), 1
        FROM unnest(
            CAST(:ids AS uuid[]), CAST(:code_locations AS text[]), CAST(:job_names AS text[]), CAST(:keys AS text[]),
            CAST(:configs AS jsonb[]), CAST(:tags AS jsonb[]), CAST(:partition_keys AS text[]),
            CAST(:asset_selections AS jsonb[]), CAST(:sensor_ids AS uuid[]), CAST(:tick_ids AS uuid[])
        ) AS asked(id, code_location, job_name, run_key, run_config, tags, partition_key, asset_selection,
            sensor_id, tick_id)
        LEFT JOIN jobs ON jobs.code_location = asked.code_location AND jobs.name = asked.job_name
        RETURNING id
    )
    INSERT INTO run_events (run_id, position, at, kind, message)
    SELECT id, 1, now(), 'RUN_QUEUED', 'Asked for by a sensor.' FROM made
    """
)
_RECORD_REQUESTS = text(
    """
    INSERT INTO run_requests (tick_id, index, status, job_name, run_key, run_config, tags, partition_key,
        asset_selection, outcome, run_id)
    SELECT * FROM unnest(
        CAST(:tick_ids AS uuid[]), CAST(:indexes AS integer[]), CAST(:statuses AS text[]), CAST(:job_names AS text[]),
        CAST(:keys AS text[]), CAST(:configs AS jsonb[]), CAST(:tags AS jsonb[]), CAST(:partition_keys AS text[]),
        CAST(:asset_selections AS jsonb[]), CAST(:outcomes AS text[]), CAST(:run_ids AS uuid[])
    )
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


def _selection(request: RequestedRun) -> str | None:
    return None if request.asset_selection is None else _json(request.asset_selection)


def _tags(item: TickRequest) -> str:
    own = {SENSOR_TAG: item.verdict.sensor.name, TICK_TAG: str(item.verdict.tick.id)}
    if item.request.run_key is not None:
        own[RUN_KEY_TAG] = item.request.run_key
    return _json({**item.request.tags, **own})


def _itemise(verdicts: Sequence[Verdict]) -> list[TickRequest]:
    asked = [
        (verdict, index, request) for verdict in verdicts for index, request in enumerate(verdict.requests)
    ]  # fmt: skip
    # Ids made in one millisecond have no order among them; sorted, the queue keeps the order of the requests.
    run_ids = sorted(new_id() for _ in asked)
    return [TickRequest(*what, run_id) for what, run_id in zip(asked, run_ids, strict=True)]


async def spend_run_keys(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> list[TickRequest]:
    """Decide by their run keys which requests launch; each verdict gets its `launched`, and its skip if all repeat."""
    items = _itemise(verdicts)
    first: dict[tuple[UUID, str], UUID] = {}
    for item in items:
        if item.key is not None:
            first.setdefault(item.key, item.run_id)
    if first:
        await _spend(connection, first, items)
    for item in items:
        item.verdict.launched += item.outcome is RunRequestOutcome.LAUNCHED
    for verdict in verdicts:
        if verdict.requests and not verdict.launched:
            verdict.all_repeat()
    return items


async def _spend(
    connection: AsyncConnection, first: dict[tuple[UUID, str], UUID], items: Sequence[TickRequest]
) -> None:
    scopes, keys = [scope for scope, _ in first], [key for _, key in first]
    spent = await connection.execute(_SPEND_KEYS, {"scopes": scopes, "keys": keys, "run_ids": list(first.values())})
    mine = set(spent.scalars())
    repeated = [key for key, run_id in first.items() if run_id not in mine]
    runs = dict(first)
    if repeated:
        # A statement of its own: what another transaction committed while the insert waited is visible only now.
        scopes, keys = [scope for scope, _ in repeated], [key for _, key in repeated]
        rows = await connection.execute(_READ_KEYS, {"scopes": scopes, "keys": keys})
        runs.update({(row.scope, row.run_key): row.run_id for row in rows})
    for item in items:
        if item.key is not None and (item.key not in first or runs[item.key] != item.run_id):
            item.run_id, item.outcome = runs[item.key], RunRequestOutcome.DUPLICATE


async def launch(connection: AsyncConnection, items: Sequence[TickRequest]) -> list[tuple[UUID, str]]:
    """Queue the runs of the requests that launch and return their changes for the stream `runs`."""
    launched = [item for item in items if item.outcome is RunRequestOutcome.LAUNCHED]
    if launched:
        await connection.execute(
            _LAUNCH,
            {
                "ids": [item.run_id for item in launched],
                "code_locations": [item.verdict.sensor.code_location for item in launched],
                "sensor_ids": [item.verdict.sensor.id for item in launched],
                "tick_ids": [item.verdict.tick.id for item in launched],
                **_columns(launched),
                "tags": [_tags(item) for item in launched],
            },
        )
    return [(item.run_id, RunStatus.QUEUED) for item in launched]


def _columns(items: Sequence[TickRequest]) -> dict[str, object]:
    return {
        "job_names": [item.request.job_name for item in items],
        "keys": [item.request.run_key for item in items],
        "configs": [_json(item.request.run_config) for item in items],
        "tags": [_json(item.request.tags) for item in items],
        "partition_keys": [item.request.partition_key for item in items],
        "asset_selections": [_selection(item.request) for item in items],
    }


async def record_requests(connection: AsyncConnection, items: Sequence[TickRequest]) -> None:
    """Write what became of each request; the ticks are there already."""
    if items:
        await connection.execute(
            _RECORD_REQUESTS,
            {
                "tick_ids": [item.verdict.tick.id for item in items],
                "indexes": [item.index for item in items],
                "statuses": [item.verdict.status for item in items],
                **_columns(items),
                "outcomes": [item.outcome for item in items],
                "run_ids": [item.run_id for item in items],
            },
        )
