"""Ticks: one evaluation of a sensor and what came of it."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from vedette.domain.assets import AssetEvent
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.partitions import DynamicKey, PartitionChange
from vedette.domain.reactions import Reaction, ReactionOutcome, SensorEvent
from vedette.domain.run_keys import Dedup
from vedette.domain.troubles import SensorTrouble
from vedette.domain.watched_assets import WatchedAsset


class TickStatus(enum.StrEnum):
    """How a tick stands; STARTED is the only one that changes."""

    STARTED = "STARTED"
    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class TickCause(enum.StrEnum):
    """What made the sensor due."""

    INTERVAL = "INTERVAL"
    MANUAL = "MANUAL"
    EVENT = "EVENT"


class RunRequestOutcome(enum.StrEnum):
    """What became of a run request."""

    LAUNCHED = "LAUNCHED"
    DUPLICATE = "DUPLICATE"
    PREVIEWED = "PREVIEWED"
    REFUSED = "REFUSED"
    # None of its assets was stale.
    FRESH = "FRESH"


class RequestedRun(msgspec.Struct, frozen=True):
    """A run request as data, its job resolved: what an evaluation sends, not what the author wrote.

    `dedup` says for how long its run holds its run key; `ttl_seconds` goes with TTL, and counts from the tick's commit.
    `needed_keys` are what there has to be for its partition to be one.
    """

    job_name: str
    run_key: str | None = None
    run_config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    partition_key: str | None = None
    asset_selection: tuple[tuple[str, ...], ...] | None = None
    asset_checks: tuple[tuple[tuple[str, ...], str], ...] | None = None
    stale_assets_only: bool = False
    dedup: Dedup = Dedup.FOREVER
    ttl_seconds: float | None = None
    needed_keys: tuple[DynamicKey, ...] = ()


class Evaluation(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What one evaluation produced. Exactly one of three: an error; run requests; or neither, which is a skip.

    `cursor_set` tells whether the function asked for a cursor; `cursor` is then its value (None clears it).
    `retry_after_seconds` is when an evaluation that failed asks to be tried again. `asset_events` are recorded with
    the tick, whether it launches or skips, and so are `partition_changes`, before its run requests are looked at. Of a
    sensor that reacts to events, `reactions` tell what became of each, in order; a host leaves out those that it did
    not come to, and an error is that of the first of these. `due_within_seconds` is when something is to be done,
    before its interval is over.
    """

    run_requests: tuple[RequestedRun, ...] = ()
    skip_reason: str | None = None
    error: ErrorInfo | None = None
    retry_after_seconds: float | None = None
    cursor_set: bool = False
    cursor: str | None = None
    logs: tuple[LogRecord, ...] = ()
    duration_seconds: float = 0.0
    asset_events: tuple[AssetEvent, ...] = ()
    partition_changes: tuple[PartitionChange, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    due_within_seconds: float | None = None

    @property
    def reaction_count(self) -> int:
        """Return to how many events it reacted otherwise than by asking for runs."""
        return sum(one.outcome is ReactionOutcome.REACTED for one in self.reactions)

    @property
    def status(self) -> TickStatus:
        """Return the status of a tick that ends with this evaluation."""
        if self.error is not None:
            return TickStatus.FAILURE
        return TickStatus.SUCCESS if self.run_requests or self.reaction_count else TickStatus.SKIPPED


class RecordedRunRequest(msgspec.Struct, frozen=True):
    """A run request of a tick with its outcome. `run_id` is the run launched, or the one whose key it repeats."""

    tick_id: UUID
    index: int
    request: RequestedRun
    outcome: RunRequestOutcome
    run_id: UUID | None = None


class Tick(msgspec.Struct, frozen=True, gc=False):
    """One tick as recorded. Times are aware UTC; `number` counts 1, 2, 3 … per sensor.

    `repeats` counts the quiet skips that followed and were folded into this tick, the last at `last_repeat_at`. `trace`
    is the place in a trace of who asked for it, as W3C `traceparent`; None: nobody did, its trace is its own.
    """

    id: UUID
    sensor_id: UUID
    number: int
    status: TickStatus
    cause: TickCause
    started_at: datetime
    finished_at: datetime | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    skip_reason: str | None = None
    error: ErrorInfo | None = None
    requested_count: int = 0
    launched_count: int = 0
    reaction_count: int = 0
    repeats: int = 0
    last_repeat_at: datetime | None = None
    trace: str | None = None


class EvaluationInstruction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a host is told to evaluate. `timeout_seconds` counts from the function's start.

    Times are aware UTC: when the last tick finished, and when the sensor was last started. `events` are what a sensor
    that reacts to events is called with, one by one; None for any other. `watched` are the assets that it watches, as
    they stand; `troubles`, of one that watches sensors, are what is wrong with any.
    """

    tick_id: UUID
    sensor_name: str
    timeout_seconds: float
    cursor: str | None = None
    last_finished_at: datetime | None = None
    sensor_started_at: datetime | None = None
    events: tuple[SensorEvent, ...] | None = None
    watched: tuple[WatchedAsset, ...] = ()
    troubles: tuple[SensorTrouble, ...] = ()
