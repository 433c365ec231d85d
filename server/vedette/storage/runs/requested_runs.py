"""The runs that ticks ask for: run keys decide which are launched, then runs, their first events and the requests."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import new_ids
from vedette.domain.staleness import to_make
from vedette.domain.ticks import RequestedRun, RunRequestOutcome
from vedette.storage.assets import stale_assets
from vedette.storage.runs import run_keys
from vedette.storage.runs.run_keys import KeyWish
from vedette.storage.ticks.verdicts import Verdict
from vedette.telemetry import tracing

SENSOR_TAG = "vedette/sensor_name"
TICK_TAG = "vedette/tick"
RUN_KEY_TAG = "vedette/run_key"


class TickRequest(msgspec.Struct, gc=False):
    """One run request on its way into the database. `run_id` is that of its own run until it turns out a duplicate.

    `key` is what may exist once, (sensor, run key); None where it may exist any number of times.
    """

    verdict: Verdict
    index: int
    request: RequestedRun
    run_id: UUID
    key: tuple[UUID, str] | None
    outcome: RunRequestOutcome = RunRequestOutcome.LAUNCHED


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
    return [
        TickRequest(verdict, index, request, run_id, _key(verdict, request))
        for (verdict, index, request), run_id in zip(asked, new_ids(len(asked)), strict=True)
    ]


def _key(verdict: Verdict, request: RequestedRun) -> tuple[UUID, str] | None:
    return None if request.run_key is None else (verdict.sensor.id, request.run_key)


async def spend_run_keys(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> list[TickRequest]:
    """Decide by their run keys which requests launch; each verdict gets its `launched`, and its skip if all repeat."""
    items = _itemise(verdicts)
    await _narrow(connection, [item for item in items if item.request.stale_assets_only])
    first: dict[tuple[UUID, str], KeyWish] = {}
    for item in items:
        if item.key is not None and item.key not in first and item.outcome is RunRequestOutcome.LAUNCHED:
            first[item.key] = KeyWish(*item.key, item.run_id, item.request.dedup, item.request.ttl_seconds)
    holders = await run_keys.spend(connection, first.values())
    for item in items:
        if item.outcome is RunRequestOutcome.LAUNCHED and item.key is not None and holders[item.key] != item.run_id:
            item.run_id, item.outcome = holders[item.key], RunRequestOutcome.DUPLICATE
    for item in items:
        item.verdict.launched += item.outcome is RunRequestOutcome.LAUNCHED
    fresh = Counter(item.verdict.tick.id for item in items if item.outcome is RunRequestOutcome.FRESH)
    for verdict in verdicts:
        if verdict.requests and not verdict.launched:
            verdict.nothing_launched(fresh[verdict.tick.id])
    return items


async def _narrow(connection: AsyncConnection, items: Sequence[TickRequest]) -> None:
    """Have each of the items ask for those of its assets that are stale now; FRESH where none is."""
    if not items:
        return
    states = await stale_assets.states(connection, {item.verdict.sensor.code_location for item in items})
    for item in items:
        known = states[item.verdict.sensor.code_location]
        selection = to_make(known, item.request.asset_selection or ())
        item.request = msgspec.structs.replace(item.request, asset_selection=selection)
        if not selection:
            item.outcome = RunRequestOutcome.FRESH


def rows_of(items: Sequence[TickRequest]) -> str:
    """Return the requests as JSON, with what became of each, as the statement that launches wants them."""
    return _json([_row(item) for item in items])


def launched(items: Sequence[TickRequest]) -> list[UUID]:
    """Return the runs that the requests launch."""
    return [item.run_id for item in items if item.outcome is RunRequestOutcome.LAUNCHED]


def _row(item: TickRequest) -> dict[str, object]:
    launched = item.outcome is RunRequestOutcome.LAUNCHED
    tick = item.verdict.tick
    return {
        "tick_id": tick.id,
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
        "asset_checks": item.request.asset_checks,
        "outcome": item.outcome,
        "run_id": None if item.outcome is RunRequestOutcome.FRESH else item.run_id,
        "trace": None if tick.trace is None else tracing.of_tick(tick.id, tick.trace).text,
    }
