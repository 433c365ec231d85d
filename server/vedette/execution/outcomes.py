"""What the items that a sensor handed back mean together."""

from dataclasses import dataclass

from msgspec import UnsetType

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.redaction import redacted
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensor_results import MAX_RUN_REQUESTS, RunReaction, SensorResult, SkipReason
from vedette.authoring.text import cleaned
from vedette.domain.assets import AssetEvent
from vedette.domain.partitions import PartitionChange
from vedette.errors import InvalidResult
from vedette.execution.collecting import Collected, too_many
from vedette.execution.requested_partitions import changes_of

EMPTY = "Sensor function returned an empty result"
MAX_SKIP_REASON_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """Requests, or a reason to skip; the cursor, if one was asked for; what is told of assets and partitions."""

    run_requests: tuple[RunRequest, ...]
    skip_reason: str | None
    cursor_set: bool
    cursor: str | None
    asset_events: tuple[AssetEvent, ...] = ()
    partition_changes: tuple[PartitionChange, ...] = ()


def outcome_of(collected: Collected, context: SensorEvaluationContext) -> Outcome:
    """Return what the items mean; raises InvalidResult where they contradict one another."""
    items = _without_reactions(collected, context)
    context.conclude(any(isinstance(item, RunRequest) or _asks(item) for item in items))
    if len(items) == 1 and isinstance(items[0], SensorResult):
        return _of_result(items[0], context)
    requests = [item for item in items if isinstance(item, RunRequest)]
    reasons = [item for item in items if isinstance(item, SkipReason)]
    if len(requests) + len(reasons) < len(items):
        raise InvalidResult(
            f'Sensor "{context.sensor_name}" handed back a SensorResult and something else;'
            " a SensorResult must be the only object: put the run requests into it."
        )
    if reasons and requests:
        raise InvalidResult(
            f'Sensor "{context.sensor_name}" handed back both RunRequest and SkipReason; it is one or the other.'
        )
    if len(reasons) > 1:
        raise InvalidResult(f'Sensor "{context.sensor_name}" handed back {len(reasons)} SkipReasons; one is enough.')
    reason = reasons[0] if reasons else None
    return _outcome(tuple(requests), reason, context.cursor_updated, context.cursor)


def _without_reactions(
    collected: Collected, context: SensorEvaluationContext
) -> list[RunRequest | SkipReason | SensorResult]:
    """Return what else there is than RunReaction, which only tells that the event was handled, or why it was not."""
    for item in collected.items:
        if isinstance(item, RunReaction) and item.error is not None:
            raise InvalidResult(f"The reaction failed: {item.error}")
        if isinstance(item, RunReaction) and not context.is_of_event:
            raise InvalidResult(
                f'Sensor "{context.sensor_name}" handed back a RunReaction, but it watches no runs; leave it out.'
            )
    return [item for item in collected.items if not isinstance(item, RunReaction)]


def _asks(item: object) -> bool:
    return isinstance(item, SensorResult) and bool(item.run_requests)


def _of_result(result: SensorResult, context: SensorEvaluationContext) -> Outcome:
    if len(result.run_requests) > MAX_RUN_REQUESTS:
        raise too_many(context.sensor_name)
    events = tuple(told.as_event() for told in result.asset_events)
    changes = changes_of(result.dynamic_partitions_requests)
    if isinstance(result.cursor, UnsetType):
        cursor_set, cursor = context.cursor_updated, context.cursor
        return _outcome(result.run_requests, result.skip_reason, cursor_set, cursor, events, changes)
    if context.keeps_cursor:
        raise InvalidResult(
            f'Sensor "{context.sensor_name}" handed back SensorResult(cursor=...), but its cursor follows from what it'
            " has consumed: leave that out."
        )
    if context.cursor_updated:
        raise InvalidResult(
            f'Sensor "{context.sensor_name}" called context.update_cursor() and handed back SensorResult(cursor=...);'
            " use one of the two."
        )
    return _outcome(result.run_requests, result.skip_reason, True, result.cursor, events, changes)


def _outcome(
    requests: tuple[RunRequest, ...],
    reason: SkipReason | None,
    cursor_set: bool,
    cursor: str | None,
    events: tuple[AssetEvent, ...] = (),
    changes: tuple[PartitionChange, ...] = (),
) -> Outcome:
    message = None
    if not requests:
        message = _nothing_but(events, changes) if reason is None else reason.skip_message
    if message is not None:
        message = cleaned(redacted(message), MAX_SKIP_REASON_BYTES)
    return Outcome(requests, message, cursor_set, cursor if cursor_set else None, events, changes)


def _nothing_but(events: tuple[AssetEvent, ...], changes: tuple[PartitionChange, ...]) -> str:
    keys = sum(len(change.keys) for change in changes)
    did = [f"told of {_counted(len(events), 'asset event')}"] if events else []
    did += [f"changed {_counted(keys, 'partition')}"] if keys else []
    return f"{' and '.join(did).capitalize()} and asked for no run." if did else EMPTY


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
