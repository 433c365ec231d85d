"""What ticks ask of dynamic partitions, decided one tick after the other and then written for all of them at once.

A tick's changes count before its run requests are looked at. Where a request is for a partition that there is not even
so, the whole tick fails: nothing of it stays.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.logs import ErrorInfo
from vedette.domain.partitions import DynamicKey, PartitionChange, PartitionChangeKind
from vedette.domain.ticks import Evaluation, RequestedRun
from vedette.storage.catalog import dynamic_partitions
from vedette.storage.ticks.verdicts import Verdict

MOST_NAMED = 20

_KEEP = text(
    """
    UPDATE ticks SET partition_changes = changed.changes
    FROM json_to_recordset(CAST(:rows AS json)) AS changed(id uuid, status text, changes jsonb)
    WHERE ticks.id = changed.id AND ticks.status = changed.status
    """
)


@dataclass
class Ledger:
    """The dynamic keys that ticks speak of: those that there are, and what has been added and deleted so far."""

    there: set[DynamicKey]
    # In the order in which they come.
    added: dict[DynamicKey, None] = field(default_factory=dict)
    deleted: dict[DynamicKey, None] = field(default_factory=dict)

    def settle(
        self, changes: Sequence[PartitionChange], requests: Sequence[RequestedRun]
    ) -> tuple[PartitionChange, ...] | str:
        """Take the changes of a tick, and return what became of them; or why its requests do not allow for them."""
        trial = set(self.there)
        done = tuple(_tried(trial, change) for change in changes)
        faults = list(_faults(trial, requests))
        if faults:
            return _report(faults, len(requests))
        self.there = trial
        for change in done:
            self._note(change)
        return done

    def _note(self, change: PartitionChange) -> None:
        for key in _keys(change):
            if change.kind is PartitionChangeKind.ADD:
                self.added[key] = None
            elif key in self.added:
                del self.added[key]
            else:
                self.deleted[key] = None


def _keys(change: PartitionChange) -> Iterable[DynamicKey]:
    return (DynamicKey(change.definition, key) for key in change.keys)


def _tried(there: set[DynamicKey], change: PartitionChange) -> PartitionChange:
    is_add = change.kind is PartitionChangeKind.ADD
    keys = list(_keys(change))
    effective = [key for key in keys if (key not in there) is is_add]
    vain = tuple(key.key for key in keys if (key not in there) is not is_add)
    if is_add:
        there.update(effective)
    else:
        there.difference_update(effective)
    return PartitionChange(change.kind, change.definition, tuple(key.key for key in effective), vain)


def _faults(there: set[DynamicKey], requests: Sequence[RequestedRun]) -> Iterable[str]:
    for number, request in enumerate(requests, 1):
        for key in request.needed_keys:
            if key not in there:
                named = "" if request.run_key is None else f' (run_key "{request.run_key[:100]}")'
                yield (
                    f'run request {number}{named}: there is no partition "{key.key}" of the dynamic partitions'
                    f' "{key.definition}"'
                )


def _report(faults: Sequence[str], total: int) -> str:
    more = f"; and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
    return (
        f"Of {total} run request{'s' if total != 1 else ''}, {len(faults)} {'are' if len(faults) > 1 else 'is'} for a"
        f" partition that there is not: {'; '.join(faults[:MOST_NAMED])}{more}. Add it with the same result, by"
        " dynamic_partitions_requests, or before; nothing was launched and no partition was changed."
    )


def failed(evaluation: Evaluation, reason: str, fallback: Evaluation | None = None) -> Evaluation:
    """Return what is left of an evaluation whose run requests are for partitions that there are not."""
    return msgspec.structs.replace(
        fallback or Evaluation(),
        error=ErrorInfo("UnknownPartition", reason),
        logs=evaluation.logs,
        duration_seconds=evaluation.duration_seconds,
    )


async def settle(
    connection: AsyncConnection, verdicts: Sequence[Verdict], decide_again: Callable[[Verdict, Evaluation], Verdict]
) -> list[Verdict]:
    """Apply the changes of dynamic partitions that ticks ask for; those whose requests are for none fail instead.

    Each verdict is given what became of its changes. Costs nothing where no tick speaks of dynamic partitions.
    """
    speaking = [verdict for verdict in verdicts if verdict.partition_changes or _needed(verdict)]
    if not speaking:
        return list(verdicts)
    changed = {change.definition for verdict in speaking for change in verdict.partition_changes}
    needed = {key for verdict in speaking for key in _needed(verdict)}
    await dynamic_partitions.lock(connection, changed, {key.definition for key in needed})
    asked = needed | {key for verdict in speaking for change in verdict.partition_changes for key in _keys(change)}
    ledger = Ledger(await dynamic_partitions.there(connection, asked))
    settled = [_settled(ledger, verdict, decide_again) for verdict in verdicts]
    await dynamic_partitions.change(connection, ledger.added, ledger.deleted)
    return settled


def _needed(verdict: Verdict) -> Iterable[DynamicKey]:
    return [key for request in verdict.requests for key in request.needed_keys]


def _settled(ledger: Ledger, verdict: Verdict, decide_again: Callable[[Verdict, Evaluation], Verdict]) -> Verdict:
    evaluation = verdict.tick.evaluation
    if evaluation is None or not (verdict.partition_changes or _needed(verdict)):
        return verdict
    outcome = ledger.settle(verdict.partition_changes, verdict.requests)
    if isinstance(outcome, str):
        return decide_again(verdict, failed(evaluation, outcome, verdict.tick.fallback))
    verdict.partition_changes = outcome
    return verdict


async def change_by_hand(connection: AsyncConnection, wanted: PartitionChange) -> PartitionChange:
    """Add or delete keys, and return what became of them."""
    await dynamic_partitions.lock(connection, {wanted.definition}, ())
    ledger = Ledger(await dynamic_partitions.there(connection, list(_keys(wanted))))
    outcome = ledger.settle([wanted], ())
    # There are no run requests to be at odds with.
    assert not isinstance(outcome, str)
    await dynamic_partitions.change(connection, ledger.added, ledger.deleted)
    return outcome[0]


async def preview(connection: AsyncConnection, evaluation: Evaluation) -> tuple[Evaluation, Sequence[PartitionChange]]:
    """Return what an evaluation would come to, its error included, and what would become of its changes."""
    needed = [key for request in evaluation.run_requests for key in request.needed_keys]
    asked = {*needed, *(key for change in evaluation.partition_changes for key in _keys(change))}
    if not asked or evaluation.error is not None:
        return evaluation, ()
    ledger = Ledger(await dynamic_partitions.there(connection, asked))
    outcome = ledger.settle(evaluation.partition_changes, evaluation.run_requests)
    return (failed(evaluation, outcome), ()) if isinstance(outcome, str) else (evaluation, outcome)


async def missing(connection: AsyncConnection, keys: Sequence[DynamicKey]) -> DynamicKey | None:
    """Return the first of the keys that there is not; those that there are stay until the commit."""
    await dynamic_partitions.lock(connection, (), {key.definition for key in keys})
    found = await dynamic_partitions.there(connection, keys)
    return next((key for key in keys if key not in found), None)


_CHANGES = text(
    "SELECT id, CAST(partition_changes AS text) FROM ticks "
    "WHERE id = ANY(CAST(:ids AS uuid[])) AND partition_changes IS NOT NULL"
)
_changes = msgspec.json.Decoder(tuple[PartitionChange, ...]).decode


async def of_ticks(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, tuple[PartitionChange, ...]]:
    """Return what became of the changes of those ticks that asked for any."""
    return {row[0]: _changes(row[1]) for row in await connection.execute(_CHANGES, {"ids": list(ids)})}


async def keep(connection: AsyncConnection, verdicts: Sequence[Verdict]) -> None:
    """Write what became of changes of dynamic partitions to the ticks that asked for them, which are there already."""
    rows = [
        {"id": verdict.tick.id, "status": verdict.status, "changes": verdict.partition_changes}
        for verdict in verdicts
        if verdict.partition_changes
    ]
    if rows:
        await connection.execute(_KEEP, {"rows": msgspec.json.encode(rows).decode()})
