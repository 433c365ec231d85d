"""Runs: their states and the legal steps between them."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from vedette.domain.logs import ErrorInfo


class RunStatus(enum.StrEnum):
    """How a run stands."""

    QUEUED = "QUEUED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"


# What an index can hold, with room beside it.
LONGEST_RUN_KEY_BYTES = 1024

FINISHED = frozenset({RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED})

# STARTING -> QUEUED is the rescue of a run whose launcher died before user code had begun;
# STARTED -> QUEUED is the next attempt of a run whose job says on_interrupted="retry".
NEXT: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.STARTING, RunStatus.CANCELED, RunStatus.FAILURE}),
    RunStatus.STARTING: frozenset({RunStatus.STARTED, RunStatus.QUEUED, RunStatus.FAILURE, RunStatus.CANCELING}),
    RunStatus.STARTED: frozenset(
        {RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELING, RunStatus.QUEUED, RunStatus.CANCELED}
    ),
    RunStatus.CANCELING: frozenset({RunStatus.CANCELED, RunStatus.FAILURE, RunStatus.SUCCESS}),
    RunStatus.SUCCESS: frozenset(),
    RunStatus.FAILURE: frozenset(),
    RunStatus.CANCELED: frozenset(),
}


def can_become(status: RunStatus, following: RunStatus) -> bool:
    """Tell whether a run in `status` may become `following`."""
    return following in NEXT[status]


class StepStatus(enum.StrEnum):
    """How a step of a run stands."""

    PENDING = "PENDING"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    SKIPPED = "SKIPPED"
    CANCELED = "CANCELED"


class RunStep(msgspec.Struct, frozen=True):
    """One op of a run and how it stands."""

    name: str
    status: StepStatus
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 1
    error: ErrorInfo | None = None


class Run(msgspec.Struct, frozen=True, gc=False):
    """One run of a job. `attempt` counts 1, 2, … executions of this same run; times are aware UTC."""

    id: UUID
    code_location: str
    job_name: str
    status: RunStatus
    queued_at: datetime
    run_key: str | None = None
    tags: dict[str, str] = {}
    run_config: dict[str, Any] = {}
    partition_key: str | None = None
    asset_selection: tuple[tuple[str, ...], ...] | None = None
    asset_checks: tuple[tuple[tuple[str, ...], str], ...] | None = None
    sensor_id: UUID | None = None
    tick_id: UUID | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: ErrorInfo | None = None
    attempt: int = 1
    rerun_of: UUID | None = None
    # The greater starts first.
    priority: int = 0
    # The place in a trace of what asked for it, as W3C `traceparent`; None: that of its tick, if it has one.
    trace: str | None = None

    def with_partition(self, partition_key: str) -> "Run":
        """Return it as a run for that partition."""
        return msgspec.structs.replace(self, partition_key=partition_key)

    @property
    def run_id(self) -> str:
        """Return the id as text."""
        return str(self.id)

    @property
    def is_finished(self) -> bool:
        """Tell whether it has ended, well or not."""
        return self.status in FINISHED

    @property
    def is_success(self) -> bool:
        """Tell whether it has ended well."""
        return self.status is RunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Tell whether it has failed."""
        return self.status is RunStatus.FAILURE


class RunInstruction(msgspec.Struct, frozen=True):
    """What a run's process is told to execute.

    `done_steps` are names of ops that succeeded before and are executed again only where another op takes their output.
    `asset_selection` are keys of those of the job's assets that the run is to make, `asset_checks` (key, name) of those
    of its checks; where both are None it is of all. `trace` is the run's place in a trace that is exported, as W3C
    `traceparent`.
    """

    run_id: UUID
    job_name: str
    run_config: dict[str, Any] = {}
    tags: dict[str, str] = {}
    partition_key: str | None = None
    attempt: int = 1
    done_steps: tuple[str, ...] = ()
    asset_selection: tuple[tuple[str, ...], ...] | None = None
    asset_checks: tuple[tuple[tuple[str, ...], str], ...] | None = None
    trace: str | None = None
