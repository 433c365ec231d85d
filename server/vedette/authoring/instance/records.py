"""What the instance tells: runs with their times, changes of runs, and pages of records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from vedette.domain.questions import RunChange
from vedette.domain.runs import Run, RunStatus

T = TypeVar("T")


@dataclass(frozen=True)
class RunRecord:
    """A run as it is recorded. The times are aware datetimes; `start_time` and `end_time` seconds since the epoch."""

    run: Run

    @property
    def create_timestamp(self) -> datetime:
        """Return when it was queued."""
        return self.run.queued_at

    @property
    def update_timestamp(self) -> datetime:
        """Return when it ended, else when it started, else when it was queued."""
        return self.run.finished_at or self.run.started_at or self.run.queued_at

    @property
    def start_time(self) -> float | None:
        """Return when it started, None if it has not."""
        return None if self.run.started_at is None else self.run.started_at.timestamp()

    @property
    def end_time(self) -> float | None:
        """Return when it ended, None if it has not."""
        return None if self.run.finished_at is None else self.run.finished_at.timestamp()


@dataclass(frozen=True)
class RunStatusChangeRecord:
    """A run became something."""

    change: RunChange

    @property
    def storage_id(self) -> int:
        """Return its place in the order of all changes of runs."""
        return self.change.position

    @property
    def timestamp(self) -> float:
        """Return when it was recorded, in seconds since the epoch."""
        return self.change.at.timestamp()

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.change.run.run_id

    @property
    def run(self) -> Run:
        """Return the run as it is now."""
        return self.change.run

    @property
    def run_status(self) -> RunStatus:
        """Return what the run became then."""
        return self.change.status

    @property
    def job_name(self) -> str:
        """Return the name of the run's job."""
        return self.change.run.job_name


@dataclass(frozen=True)
class EventRecordsResult(Generic[T]):
    """A page of records. `cursor` is where the next one goes on; `has_more` tells whether there is one."""

    records: Sequence[T]
    cursor: str
    has_more: bool
