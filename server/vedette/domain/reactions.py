"""Reactions: what a sensor that watches runs or assets makes of each event, one by one."""

import enum
from datetime import datetime
from uuid import UUID

import msgspec

from vedette.domain.assets import AssetEventRecord
from vedette.domain.events import RunEvent
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import Run, RunStatus

# After so many attempts a failing event is recorded as given up, and passed; unless its sensor says otherwise.
DEFAULT_ATTEMPTS = 10


class ReactionOutcome(enum.StrEnum):
    """What became of an event: FAILED will be tried again, GIVEN_UP will not."""

    REACTED = "REACTED"
    REQUESTED = "REQUESTED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    GIVEN_UP = "GIVEN_UP"


class SensorEvent(msgspec.Struct, frozen=True, gc=False):
    """One event as a host is told it: a run has become `status`, or something has happened to an asset.

    `position` is that in its stream; events of one `key` are handled in order, `attempt` (1, 2, …) counts the tries of
    this one. `run` is the run as it stands now; `happened` tells of the change, `step_failures` why a run failed.
    Times are aware UTC.
    """

    position: int
    key: str
    attempt: int
    at: datetime
    run: Run | None = None
    status: RunStatus | None = None
    happened: RunEvent | None = None
    step_failures: tuple[RunEvent, ...] = ()
    asset: AssetEventRecord | None = None


class Reaction(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one event.

    Of the evaluation's run requests, asset events, partition changes and log lines, in order, the next `requested`,
    `told`, `changed` and `lines` are this event's.
    """

    position: int
    outcome: ReactionOutcome
    attempt: int = 1
    run_id: UUID | None = None
    run_status: RunStatus | None = None
    asset_key: tuple[str, ...] | None = None
    requested: int = 0
    told: int = 0
    changed: int = 0
    lines: int = 0
    skip_reason: str | None = None
    error: ErrorInfo | None = None
    retry_after_seconds: float | None = None

    @property
    def has_failed(self) -> bool:
        """Tell whether user code did not come to its end with it."""
        return self.outcome in (ReactionOutcome.FAILED, ReactionOutcome.GIVEN_UP)


class RecordedReaction(msgspec.Struct, frozen=True, gc=False):
    """A reaction of a tick as recorded; `index` counts 0, 1, 2 … within the tick."""

    tick_id: UUID
    index: int
    reaction: Reaction
