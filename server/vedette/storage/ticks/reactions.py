"""Reactions as rows: what ticks of sensors that react to events made of each event."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.assets import escaped, unescaped
from vedette.domain.logs import ErrorInfo
from vedette.domain.reactions import Reaction, ReactionOutcome, RecordedReaction
from vedette.domain.runs import RunStatus
from vedette.storage import pages, scopes
from vedette.storage.pages import By
from vedette.storage.ticks.verdicts import Verdict

_INSERT = text(
    """
    INSERT INTO reactions (tick_id, index, status, sensor_id, position, outcome, attempt, run_id, run_status,
        asset_key, skip_reason, error)
    SELECT tick_id, index, status, sensor_id, position, outcome, attempt, run_id, run_status, asset_key, skip_reason,
        error
    FROM json_to_recordset(CAST(:rows AS json)) AS made(
        tick_id uuid, index integer, status text, sensor_id uuid, position bigint, outcome text, attempt integer,
        run_id uuid, run_status text, asset_key text, skip_reason text, error jsonb
    )
    """
)


async def write(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    """Write the reactions of ticks that are there already."""
    rows = [_row(verdict, index, one) for verdict in verdicts for index, one in enumerate(verdict.reactions)]
    if rows:
        await connection.execute(_INSERT, {"rows": msgspec.json.encode(rows).decode()})


def _row(verdict: Verdict, index: int, reaction: Reaction) -> dict[str, object]:
    return {
        "tick_id": verdict.tick.id,
        "index": index,
        "status": verdict.status,
        "sensor_id": verdict.sensor.id,
        "position": reaction.position,
        "outcome": reaction.outcome,
        "attempt": reaction.attempt,
        "run_id": reaction.run_id,
        "run_status": reaction.run_status,
        "asset_key": None if reaction.asset_key is None else escaped(reaction.asset_key),
        "skip_reason": reaction.skip_reason,
        "error": reaction.error,
    }


def _build(values: pages.Values) -> RecordedReaction:
    tick_id, index, position, outcome, attempt, run_id, status, asset_key, reason, error, *_ = values
    reaction = Reaction(
        position=position,
        outcome=ReactionOutcome(outcome),
        attempt=attempt,
        run_id=run_id,
        run_status=None if status is None else RunStatus(status),
        asset_key=None if asset_key is None else unescaped(asset_key),
        skip_reason=reason,
        error=None if error is None else msgspec.json.decode(error, type=ErrorInfo),
    )
    return RecordedReaction(tick_id, index, reaction)


_COLUMNS = """tick_id, index, position, outcome, attempt, run_id, run_status, asset_key, skip_reason,
    CAST(error AS text)"""
_OF_TICKS = pages.Listing(
    _COLUMNS, "reactions", (By("index", "integer"),), _build, parent=(By("tick_id", "uuid"),), scope=scopes.OF_SENSOR
)  # fmt: skip
_OF_RUNS = pages.Listing(
    _COLUMNS,
    "reactions",
    (By("tick_id", "uuid"), By("index", "integer")),
    _build,
    parent=(By("run_id", "uuid"),),
    scope=scopes.OF_SENSOR,
)


async def page_each_tick(
    connection: AsyncConnection, tick_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[RecordedReaction]]:
    """Return the same part of the reactions of each tick, in the order of the events."""
    return await pages.read_each(connection, _OF_TICKS, [(tick_id,) for tick_id in tick_ids], window)


async def page_each_run(
    connection: AsyncConnection, run_ids: Sequence[UUID], window: pages.Window
) -> list[pages.Page[RecordedReaction]]:
    """Return the same part of the reactions to each run, in the order in which they were made."""
    return await pages.read_each(connection, _OF_RUNS, [(run_id,) for run_id in run_ids], window)
