"""One run as its launcher holds it: everything written about it goes through here, one write at a time."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo
from vedette.domain.runs import RunStatus, can_become
from vedette.launcher.endings import Ending
from vedette.launcher.recorder import Recorder
from vedette.launcher.steps import Changed, Steps
from vedette.storage.runs.run_queue import Claim
from vedette.storage.runs.run_updates import RunUpdate

# A commit stays short also when one run talks a lot.
EVENTS_PER_UPDATE = 500

TOLD_BY = {
    RunStatus.QUEUED: RunEventKind.RUN_QUEUED,
    RunStatus.STARTED: RunEventKind.RUN_STARTED,
    RunStatus.SUCCESS: RunEventKind.RUN_SUCCESS,
    RunStatus.FAILURE: RunEventKind.RUN_FAILURE,
    RunStatus.CANCELING: RunEventKind.RUN_CANCELING,
    RunStatus.CANCELED: RunEventKind.RUN_CANCELED,
}


def told(ending: Ending, at: datetime) -> tuple[RunEvent, ...]:
    """Return the events that tell of an ending: why, where there is more to say than the status, then each status."""
    notes = [RunEvent(at, RunEventKind.ENGINE, message=ending.note)] if ending.note else []
    states = [
        RunEvent(at, TOLD_BY[status], error=ending.error if status is ending.status else None)
        for status in ending.statuses
    ]
    return (*notes, *states)


class RunRecord:
    """What is recorded of one claimed run. Every method raises LeaseLost once another launcher holds the run.

    Whoever holds `turn` knows that no write is under way.
    """

    def __init__(self, claim: Claim, recorder: Recorder) -> None:
        self.status = claim.status
        self.turn = asyncio.Lock()
        self._claim = claim
        self._recorder = recorder
        self._event_count = claim.event_count
        self._steps = Steps()

    async def started(self, steps: Sequence[str]) -> bool:
        """Record STARTED with the names of its steps; False if the run is to be cancelled and must not start."""
        async with self.turn:
            if self.status is not RunStatus.STARTING:
                return False
            self._steps = Steps(steps)
            event = RunEvent(datetime.now(UTC), RunEventKind.RUN_STARTED)
            await self._write((event,), (RunStatus.STARTED,), steps=self._steps.all())
            return True

    async def happened(self, events: Sequence[RunEvent]) -> None:
        """Record events of user code."""
        for start in range(0, len(events), EVENTS_PER_UPDATE):
            part = tuple(events[start : start + EVENTS_PER_UPDATE])
            async with self.turn:
                await self._write(part, steps=self._steps.follow(part))

    async def canceling(self) -> None:
        """Record that the run is being cancelled."""
        async with self.turn:
            event = RunEvent(datetime.now(UTC), RunEventKind.RUN_CANCELING)
            await self._write((event,), (RunStatus.CANCELING,))

    async def ended(self, ending: Ending, last_events: Sequence[RunEvent] = ()) -> None:
        """Record what happened last and how the run ended, or that it is queued again, and let it go."""
        earlier = max(0, len(last_events) - EVENTS_PER_UPDATE)
        await self.happened(last_events[:earlier])
        last = tuple(last_events[earlier:])
        at = datetime.now(UTC)
        attempt = self._claim.attempt + ending.next_attempt
        async with self.turn:
            steps = tuple((dict(self._steps.follow(last)) | dict(self._steps.close(ending.status, at))).items())
            events = (*last, *told(ending, at))
            await self._write(events, ending.statuses, error=ending.error, steps=steps, attempt=attempt)

    async def _write(
        self,
        events: tuple[RunEvent, ...],
        statuses: tuple[RunStatus, ...] = (),
        *,
        error: ErrorInfo | None = None,
        steps: Changed = (),
        attempt: int | None = None,
    ) -> None:
        update = RunUpdate(
            run_id=self._claim.run_id,
            epoch=self._claim.epoch,
            event_count=self._event_count,
            attempt=self._claim.attempt if attempt is None else attempt,
            events=events,
            statuses=statuses,
            error=error,
            steps=steps,
        )
        self._check(statuses)
        await self._recorder.record(update)
        self._event_count += len(events)
        self.status = update.status or self.status

    def _check(self, statuses: Sequence[RunStatus]) -> None:
        status = self.status
        for following in statuses:
            if not can_become(status, following):
                raise RuntimeError(f"Run {self._claim.run_id} is {status} and cannot become {following}.")
            status = following
