"""What is to become of an evaluated tick, given how its sensor stands now. Pure: reads rows, decides, writes nothing.

A stop stops: a sensor stopped or unloaded since the evaluation began records a skip that says so. An edit wins: a
cursor changed since then stays, and the sensor is due again at once. Neither launches anything.
"""

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from vedette.domain.assets import AssetEvent
from vedette.domain.catalog import SensorStatus
from vedette.domain.failure_policy import FailurePolicy, shown_seconds
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.partitions import PartitionChange
from vedette.domain.reactions import Reaction
from vedette.domain.ticks import Evaluation, RequestedRun, TickCause, TickStatus

STOPPED_MEANWHILE = "The sensor was stopped during this evaluation; nothing was launched and the cursor stays."
UNLOADED_MEANWHILE = (
    "The code location stopped defining the sensor during this evaluation; nothing was launched and the cursor stays."
)
# The share of the interval by which a start may be late and the next one still keeps the beat.
BEAT_SLACK = 0.1
# How much of an error a note holds.
MOST_CHARACTERS = 300

EDITED_MEANWHILE = (
    "The cursor was set during this evaluation; nothing was launched, and the sensor is due again at once."
)


class SensorState(msgspec.Struct, frozen=True, gc=False):
    """What of a sensor's row decides about its ticks. `cursor` is that of `cursor_version`.

    `decided_by_policy`: the failure policy decided its status last.
    """

    loaded: bool
    status: SensorStatus
    status_at: datetime | None
    started_at: datetime | None
    cursor: str | None
    cursor_version: int
    last_tick_at: datetime | None
    last_finished_at: datetime | None
    next_tick_at: datetime | None
    decided_by_policy: bool = False

    @property
    def paused(self) -> bool:
        """Tell whether the failure policy has stopped it."""
        return self.decided_by_policy and self.status is SensorStatus.STOPPED

    @property
    def is_due_able(self) -> bool:
        """Tell whether the evaluator may evaluate it on its own."""
        return self.loaded and (self.status is SensorStatus.RUNNING or self.paused)


class TickRecord(msgspec.Struct, frozen=True, gc=False):
    """A tick to record: with its evaluation at its end, without one to show it as STARTED.

    `before` is the sensor as it stood when the evaluation began; `due_at` is when it was to begin, None where somebody
    asked for it. Times are the database's clock. `shown`: it may be recorded as STARTED already; `lines_stored` of
    its log lines then stay, and those of the evaluation follow them. `trace` is the place of who asked for it.
    """

    id: UUID
    sensor_id: UUID
    shard: int
    epoch: int
    cause: TickCause
    started_at: datetime
    before: SensorState
    interval_seconds: float
    due_at: datetime | None = None
    request_id: UUID | None = None
    finished_at: datetime | None = None
    evaluation: Evaluation | None = None
    policy: FailurePolicy = FailurePolicy()
    shown: bool = False
    lines_stored: int = 0
    sensor_name: str = ""
    trace: str | None = None
    # What it is, but for the error, where something that it asks for is refused.
    fallback: Evaluation | None = None


class StatusChange(msgspec.Struct, frozen=True, gc=False):
    """The status that the failure policy gives a sensor, and why."""

    status: SensorStatus
    note: str


class LockedSensor(msgspec.Struct, frozen=True, gc=False):
    """A sensor's row, locked, with the tick before; `now` is the time of the transaction.

    `quiet_reason` is the skip reason of the last tick if another skip of that reason may be folded into it, else None.
    """

    id: UUID
    name: str
    code_location: str
    state: SensorState
    tick_count: int
    last_tick_id: UUID | None
    evaluating_tick_id: UUID | None
    consecutive_failures: int
    foldable: bool
    quiet_reason: str | None
    now: datetime


class Writing(enum.Enum):
    """How a verdict reaches the table of ticks."""

    NOTHING = enum.auto()
    SHOW = enum.auto()
    FOLD = enum.auto()
    INSERT = enum.auto()
    END = enum.auto()


class Verdict(msgspec.Struct, gc=False):
    """What becomes of one tick. `launched` is filled in once the run keys have decided."""

    tick: TickRecord
    sensor: LockedSensor
    writing: Writing
    status: TickStatus
    skip_reason: str | None = None
    error: ErrorInfo | None = None
    cursor_after: str | None = None
    cursor_changed: bool = False
    requests: Sequence[RequestedRun] = ()
    reactions: Sequence[Reaction] = ()
    reaction_count: int = 0
    launched: int = 0
    logs: Sequence[LogRecord] = ()
    asset_events: Sequence[AssetEvent] = ()
    partition_changes: Sequence[PartitionChange] = ()
    failures: int = 0
    next_tick_at: datetime | None = None
    status_change: StatusChange | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether the tick gets a row of its own, and with it a number."""
        return self.writing in (Writing.INSERT, Writing.SHOW)

    @property
    def number(self) -> int:
        """Return the number of ticks of the sensor after this one."""
        return self.sensor.tick_count + (1 if self.is_new else 0)

    def nothing_launched(self, fresh: int) -> None:
        """Turn the verdict into a skip, if nothing else came of it: its requests repeat keys that have their runs.

        Or `fresh` of them asked for stale assets alone, and had none.
        """
        if self.reaction_count:
            return
        self.status = TickStatus.SKIPPED
        repeated = len(self.requests) - fresh
        self.skip_reason = (
            "The run request repeats a run key that already has its run."
            if repeated == 1
            else f"All {repeated} run requests repeat run keys that already have runs."
        )
        if fresh:
            others = (
                "1 repeats a run key that already has its run"
                if repeated == 1
                else f"{repeated} repeat run keys that already have runs"
            )
            rest = f"; the other {others}" if repeated else ""
            self.skip_reason = f"No asset of {fresh} run request{'s' if fresh > 1 else ''} is stale{rest}."

    @property
    def sensor_changed(self) -> bool:
        """Tell whether subscribers of the sensor are to be told."""
        if self.writing is Writing.SHOW:
            return True
        ended = self.sensor.evaluating_tick_id is not None and self.writing is not Writing.NOTHING
        failures_changed = self.failures != self.sensor.consecutive_failures
        return ended or self.cursor_changed or failures_changed or self.status_change is not None


def decide(tick: TickRecord, sensor: LockedSensor) -> Verdict:
    """Decide what becomes of `tick`."""
    if tick.evaluation is None:
        return _decide_started(tick, sensor)
    if sensor.state.last_tick_at == tick.started_at:
        # Committed before, but the answer of the commit was lost.
        return _unchanged(tick, sensor)
    obstacle = _obstacle(tick, sensor)
    if obstacle is not None:
        return _decide_obstructed(tick, sensor, obstacle)
    return _decide_ended(tick, tick.evaluation, sensor)


def _unchanged(tick: TickRecord, sensor: LockedSensor) -> Verdict:
    status = TickStatus.STARTED if tick.evaluation is None else tick.evaluation.status
    return Verdict(
        tick,
        sensor,
        Writing.NOTHING,
        status,
        failures=sensor.consecutive_failures,
        next_tick_at=sensor.state.next_tick_at,
    )


def _decide_started(tick: TickRecord, sensor: LockedSensor) -> Verdict:
    verdict = _unchanged(tick, sensor)
    if sensor.evaluating_tick_id != tick.id and _obstacle(tick, sensor) is None:
        verdict.writing = Writing.SHOW
    return verdict


def _obstacle(tick: TickRecord, sensor: LockedSensor) -> str | None:
    before, state = tick.before, sensor.state
    if not state.loaded:
        return UNLOADED_MEANWHILE
    if _was_stopped(before, state):
        return STOPPED_MEANWHILE
    return EDITED_MEANWHILE if state.cursor_version != before.cursor_version else None


def _was_stopped(before: SensorState, state: SensorState) -> bool:
    if before.status is SensorStatus.RUNNING:
        return state.status is SensorStatus.STOPPED or state.started_at != before.started_at
    # Asked for by hand while stopped: only another stop stops it.
    return state.status is SensorStatus.STOPPED and state.status_at != before.status_at


def _next_tick_at(tick: TickRecord, sensor: LockedSensor, obstacle: str | None) -> datetime | None:
    if not sensor.state.is_due_able:
        return None
    if obstacle is not None:
        return sensor.now
    return max(sensor.now, _beat(tick) + timedelta(seconds=tick.interval_seconds))


def _beat(tick: TickRecord) -> datetime:
    """Return the moment from which the interval counts: the start, or the due time where the start was hardly late.

    Without it the lateness of each tick would add up, and a sensor at 1 s would make 3,550 ticks an hour, not 3,600.
    """
    if tick.due_at is None:
        return tick.started_at
    late = (tick.started_at - tick.due_at).total_seconds()
    return tick.due_at if 0 <= late <= BEAT_SLACK * tick.interval_seconds else tick.started_at


def _row(tick: TickRecord, sensor: LockedSensor) -> Writing:
    return Writing.END if sensor.evaluating_tick_id == tick.id else Writing.INSERT


def _decide_obstructed(tick: TickRecord, sensor: LockedSensor, obstacle: str) -> Verdict:
    return Verdict(
        tick,
        sensor,
        _row(tick, sensor),
        TickStatus.SKIPPED,
        skip_reason=obstacle,
        cursor_after=sensor.state.cursor,
        logs=tick.evaluation.logs if tick.evaluation else (),
        failures=sensor.consecutive_failures,
        next_tick_at=_next_tick_at(tick, sensor, obstacle),
    )


def _decide_ended(tick: TickRecord, evaluation: Evaluation, sensor: LockedSensor) -> Verdict:
    failed = evaluation.error is not None
    failures = sensor.consecutive_failures + 1 if failed else 0
    status_change = _status_change(tick, evaluation, sensor, failures)
    cursor = tick.before.cursor
    # Where an event failed, the cursor tells that, and to come back to it.
    moves = evaluation.cursor_set and (not failed or bool(evaluation.reactions))
    changed = moves and evaluation.cursor != cursor
    verdict = Verdict(
        tick,
        sensor,
        _row(tick, sensor),
        evaluation.status,
        skip_reason=evaluation.skip_reason,
        error=evaluation.error,
        cursor_after=evaluation.cursor if changed else cursor,
        cursor_changed=changed,
        requests=() if failed else evaluation.run_requests,
        reactions=evaluation.reactions,
        reaction_count=evaluation.reaction_count,
        logs=evaluation.logs,
        asset_events=() if failed else evaluation.asset_events,
        partition_changes=() if failed else evaluation.partition_changes,
        failures=failures,
        next_tick_at=_after_failure(tick, evaluation, sensor, failures, status_change)
        if failed
        else _sooner(_next_tick_at(tick, sensor, None), evaluation, sensor),
        status_change=status_change,
    )
    if _is_quiet(verdict):
        verdict.writing = Writing.FOLD
    return verdict


def _sooner(at: datetime | None, evaluation: Evaluation, sensor: LockedSensor) -> datetime | None:
    if at is None or evaluation.due_within_seconds is None:
        return at
    return min(at, sensor.now + timedelta(seconds=evaluation.due_within_seconds))


def _status_change(
    tick: TickRecord, evaluation: Evaluation, sensor: LockedSensor, failures: int
) -> StatusChange | None:
    if not sensor.state.is_due_able:
        # A person's stop, which no evaluation undoes.
        return None
    if evaluation.error is None:
        note = "It started again by itself, as it did not fail when it was tried."
        return StatusChange(SensorStatus.RUNNING, note) if sensor.state.paused else None
    if sensor.state.paused or not tick.policy.pauses_after(failures):
        return None
    often = "after a failure" if failures == 1 else f"after {failures} failures in a row"
    return StatusChange(
        SensorStatus.STOPPED,
        f"Paused {often}, the last: {_first_line(evaluation.error)} It is tried again about every "
        f"{shown_seconds(max(tick.policy.ceiling_seconds, tick.interval_seconds))} and starts again by itself once "
        "it does not fail.",
    )


def _first_line(error: ErrorInfo) -> str:
    line = f"{error.type}: {error.message}".splitlines()[0][:MOST_CHARACTERS].rstrip(": ")
    return line if line.endswith((".", "!", "?", ")")) else f"{line}."


def _after_failure(
    tick: TickRecord,
    evaluation: Evaluation,
    sensor: LockedSensor,
    failures: int,
    status_change: StatusChange | None,
) -> datetime | None:
    if not sensor.state.is_due_able:
        return None
    seconds = evaluation.retry_after_seconds
    if seconds is None and (sensor.state.paused or status_change is not None):
        seconds = tick.policy.probe_seconds(tick.interval_seconds)
    if seconds is None:
        # Of a sensor that reacts to events one has failed: the others go on.
        seconds = evaluation.due_within_seconds
    if seconds is None:
        seconds = tick.policy.delay_seconds(failures, tick.interval_seconds)
    # The end is told by this process's estimate of the database's clock, which may be ahead of it by a little.
    return max(sensor.now, tick.finished_at or sensor.now) + timedelta(seconds=seconds)


def _is_quiet(verdict: Verdict) -> bool:
    sensor = verdict.sensor
    return (
        verdict.writing is Writing.INSERT
        and verdict.status is TickStatus.SKIPPED
        and verdict.tick.cause is not TickCause.MANUAL
        and not verdict.cursor_changed
        and not verdict.logs
        and not verdict.asset_events
        and not verdict.partition_changes
        and not verdict.reactions
        and sensor.foldable
        and sensor.quiet_reason == verdict.skip_reason
    )
