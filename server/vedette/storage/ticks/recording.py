"""Recording: a batch of ticks with all their effects in one transaction, all or nothing.

The order of the statements is the order of the locks: leases, sensors, evaluation requests, then what is new, and the
streams last.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.catalog import SensorStatus
from vedette.domain.logs import ErrorInfo
from vedette.domain.ticks import Evaluation, TickStatus
from vedette.errors import DatabaseError, VedetteError
from vedette.faults import Point, reached
from vedette.storage import direct, leases
from vedette.storage.assets import asset_events
from vedette.storage.assets.asset_events import ToldEvent
from vedette.storage.database import Database
from vedette.storage.direct import Statement
from vedette.storage.runs.requested_runs import TickRequest, launched, rows_of, spend_run_keys
from vedette.storage.ticks import partition_verdicts, reactions
from vedette.storage.ticks import recording_statements as statements
from vedette.storage.ticks.verdicts import LockedSensor, SensorState, TickRecord, Verdict, Writing, decide

STATUSES = {status.value: status for status in SensorStatus}
# Classes of SQLSTATE that lie in the data: they fail again however often they are tried.
REFUSALS = ("22", "23", "54")


class TickRefused(VedetteError):
    """The database refuses what a tick holds; trying again is of no use."""


class RecordedTick(msgspec.Struct, frozen=True, gc=False):
    """What became of a tick: `sensor` is its sensor after the commit, None where the lease was lost: it was dropped.

    `status` is the one that it ended with, None where it has not ended, or not here.
    """

    tick: TickRecord
    sensor: SensorState | None
    shown: bool = False
    status: TickStatus | None = None


class Recording(msgspec.Struct, frozen=True):
    """What one transaction did: its ticks, and which streams it wrote to."""

    ticks: tuple[RecordedTick, ...]
    ticks_changed: bool = False
    sensors_changed: bool = False
    runs_changed: bool = False
    requests_answered: bool = False
    assets_changed: bool = False


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "22")
        message = " ".join(str(error.orig).split())
        if error.connection_invalidated or not state.startswith(REFUSALS):
            raise DatabaseError(message) from error
        raise TickRefused(message) from error


async def record(database: Database, worker_id: UUID, ticks: Sequence[TickRecord], timeout: float) -> Recording:
    """Record `ticks` (at most one a sensor) in one transaction within `timeout` seconds.

    Raises TickRefused where the data is to blame, DatabaseError or TimeoutError where it may work later.
    """
    with _refusals():
        async with asyncio.timeout(timeout), database.writing() as connection:
            recording = await _record(connection, worker_id, ticks)
            reached(Point.TICK_COMMIT)
        reached(Point.TICK_COMMITTED)
        return recording


async def _record(connection: AsyncConnection, worker_id: UUID, ticks: Sequence[TickRecord]) -> Recording:
    ticks = sorted(ticks, key=attrgetter("sensor_id"))
    sensors = await _lock(connection, worker_id, ticks)
    verdicts = [decide(tick, sensors[tick.sensor_id]) for tick in ticks if tick.sensor_id in sensors]
    verdicts = await partition_verdicts.settle(connection, verdicts, _decide_again)
    written = [verdict for verdict in verdicts if verdict.writing is not Writing.NOTHING]
    parameters = await _write(connection, written) if written else {}
    assets_changed = await asset_events.append(connection, [told for verdict in written for told in _told(verdict)])
    outcomes = {verdict.tick.id: _outcome(verdict) for verdict in verdicts}
    return Recording(
        ticks=tuple(outcomes.get(tick.id) or RecordedTick(tick, None) for tick in ticks),
        ticks_changed=bool(parameters.get("tick_ids")),
        sensors_changed=bool(parameters.get("changed_ids")),
        runs_changed=bool(parameters.get("run_ids")),
        requests_answered=bool(parameters.get("answered_request_ids")),
        assets_changed=assets_changed,
    )


def _decide_again(verdict: Verdict, evaluation: Evaluation) -> Verdict:
    return decide(msgspec.structs.replace(verdict.tick, evaluation=evaluation), verdict.sensor)


def _told(verdict: Verdict) -> list[ToldEvent]:
    tick_id = verdict.tick.id
    return [ToldEvent(tick_id, index, event, tick_id=tick_id) for index, event in enumerate(verdict.asset_events)]


async def _write(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> dict[str, list[Any]]:
    """Write everything; return the columns of what most batches write, by which can be told what has changed."""
    items = await spend_run_keys(connection, verdicts)
    await _write_rarer(connection, verdicts)
    columns = _columns(verdicts, items)
    statement = statements.WRITE_AND_LAUNCH if items else statements.WRITE
    await direct.fetch(connection, statement, {**columns, "requests": rows_of(items)})
    # Of ticks that are there only now: nobody else can have locked them.
    await partition_verdicts.keep(connection, verdicts)
    return columns


def _columns(verdicts: Sequence[Verdict], items: Sequence[TickRequest]) -> dict[str, list[Any]]:
    answering = [(tick.request_id, tick.id) for tick in (each.tick for each in verdicts) if tick.request_id is not None]
    rows: list[tuple[tuple[str, ...], Sequence[Sequence[object]]]] = [
        (statements.ANSWERED, answering),
        (statements.NEW, [_inserted(verdict) for verdict in verdicts if verdict.is_new]),
        (statements.CURSOR, [_moved(verdict) for verdict in verdicts if verdict.cursor_changed]),
        (statements.ENDED, [_updated(verdict) for verdict in verdicts if verdict.writing is not Writing.SHOW]),
        (statements.CHANGED, _tick_changes(verdicts)),
    ]
    columns: dict[str, list[Any]] = {}
    for names, of in rows:
        columns.update(zip(names, map(list, zip(*of, strict=True)) if of else ([] for _ in names), strict=True))
    columns["run_ids"] = launched(items)
    columns["changed_ids"] = [verdict.sensor.id for verdict in verdicts if verdict.sensor_changed]
    return columns


async def _write_rarer(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    """Write what few ticks have: repeats, a STARTED before the end, reactions, log lines, a change of status."""
    await _fold(connection, verdicts)
    await _write_shown(connection, verdicts)
    await reactions.write(connection, verdicts)
    await _write_logs(connection, verdicts)
    changed = [
        (verdict.sensor.id, change.status, change.note) for verdict in verdicts if (change := verdict.status_change)
    ]
    await _execute(connection, statements.SET_STATUSES, changed)


async def _lock(connection: AsyncConnection, worker_id: UUID, ticks: Sequence[TickRecord]) -> dict[UUID, LockedSensor]:
    """Lock the leases of `ticks`, then the sensors of those whose lease is held as it was when they began."""
    parameters = {
        "worker_id": worker_id,
        "names": leases.lease_names(tick.shard for tick in ticks),
        "epochs": [tick.epoch for tick in ticks],
        "ids": [tick.sensor_id for tick in ticks],
        "cursor_versions": [tick.before.cursor_version for tick in ticks],
    }
    rows = await direct.fetch(connection, statements.LOCK_SENSORS, parameters)
    before = {tick.sensor_id: tick.before for tick in ticks}
    return {row[0]: _locked(row, before[row[0]]) for row in rows}


def _locked(row: Iterable[Any], before: SensorState) -> LockedSensor:
    # Taken apart in one go, in the order of the statement: by name, each column costs as much as all do here.
    (id_, name, code_location, loaded, status, status_at, started_at, cursor_version, edited_cursor, last_tick_at,
        last_finished_at, next_tick_at, decided_by_policy, *rest) = row  # fmt: skip
    cursor = before.cursor if cursor_version == before.cursor_version else edited_cursor
    state = SensorState(
        loaded,
        STATUSES[status],
        status_at,
        started_at,
        cursor,
        cursor_version,
        last_tick_at,
        last_finished_at,
        next_tick_at,
        decided_by_policy,
    )
    return LockedSensor(id_, name, code_location, state, *rest)


async def _execute(connection: AsyncConnection, statement: Statement, rows: Sequence[Sequence[object]]) -> None:
    """Execute `statement` once for all rows; its parameters, in the order they are first used, are the columns."""
    if rows:
        columns = map(list, zip(*rows, strict=True))
        await direct.fetch(connection, statement, dict(zip(statement.names, columns, strict=True)))


def _error(error: ErrorInfo | None) -> str | None:
    return None if error is None else msgspec.json.encode(error).decode()


def _inserted(verdict: Verdict) -> tuple[object, ...]:
    tick = verdict.tick
    return (
        tick.id,
        tick.sensor_id,
        verdict.number,
        verdict.status,
        tick.cause,
        tick.started_at,
        tick.finished_at,
        tick.before.cursor,
        verdict.cursor_after,
        verdict.skip_reason,
        _error(verdict.error),
        len(verdict.requests),
        verdict.launched,
        verdict.reaction_count,
        tick.epoch,
        tick.trace,
    )


def _ended(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.tick.id,
        verdict.status,
        verdict.tick.finished_at,
        verdict.cursor_after,
        verdict.skip_reason,
        _error(verdict.error),
        len(verdict.requests),
        verdict.launched,
        verdict.reaction_count,
    )


def _moved(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.sensor.id, verdict.sensor.state.cursor_version + 1, verdict.cursor_after, verdict.tick.id)


def _updated(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.sensor.id,
        verdict.number,
        verdict.sensor.last_tick_id if verdict.writing is Writing.FOLD else verdict.tick.id,
        verdict.tick.started_at,
        verdict.tick.finished_at,
        verdict.next_tick_at,
        verdict.failures,
        verdict.sensor.state.cursor_version + 1 if verdict.cursor_changed else None,
        verdict.cursor_after if verdict.cursor_changed else None,
        verdict.tick.id,
    )


async def _fold(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    folded = [
        (verdict.sensor.last_tick_id, verdict.tick.started_at)
        for verdict in verdicts
        if verdict.writing is Writing.FOLD
    ]  # fmt: skip
    await _execute(connection, statements.FOLD_TICKS, folded)


async def _write_shown(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    ended = [_ended(verdict) for verdict in verdicts if verdict.writing is Writing.END]
    await _execute(connection, statements.END_TICKS, ended)
    shown = [
        (verdict.sensor.id, verdict.number, verdict.tick.id) for verdict in verdicts if verdict.writing is Writing.SHOW
    ]
    await _execute(connection, statements.SHOW_EVALUATIONS, shown)


async def _write_logs(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    shown = [(verdict.tick.id, verdict.status) for verdict in verdicts if verdict.writing is Writing.END]
    await _execute(connection, statements.MOVE_LOGS, shown)
    rows = [
        (verdict.tick.id, seq, verdict.status, line.at, line.level, line.logger, line.message, _error(line.error))
        for verdict in verdicts
        for seq, line in enumerate(verdict.logs, start=verdict.tick.lines_stored + 1)
    ]
    await _execute(connection, statements.INSERT_LOGS, rows)


def _tick_changes(verdicts: Sequence[Verdict]) -> list[tuple[UUID, UUID, str]]:
    return [
        (verdict.tick.id, verdict.sensor.id, verdict.status)
        for verdict in verdicts
        if verdict.writing is not Writing.FOLD
    ]


def _outcome(verdict: Verdict) -> RecordedTick:
    state = verdict.sensor.state
    if verdict.tick.evaluation is None:
        shown = verdict.writing is Writing.SHOW or verdict.sensor.evaluating_tick_id == verdict.tick.id
        return RecordedTick(verdict.tick, state, shown=shown)
    if verdict.writing is Writing.NOTHING:
        return RecordedTick(verdict.tick, state)
    after = msgspec.structs.replace(
        state,
        cursor=verdict.cursor_after if verdict.cursor_changed else state.cursor,
        cursor_version=state.cursor_version + verdict.cursor_changed,
        last_tick_at=verdict.tick.started_at,
        last_finished_at=verdict.tick.finished_at,
        next_tick_at=verdict.next_tick_at,
    )
    if verdict.status_change is not None:
        status = verdict.status_change.status
        after = msgspec.structs.replace(after, status=status, status_at=verdict.sensor.now, decided_by_policy=True)
    return RecordedTick(verdict.tick, after, status=verdict.status)
