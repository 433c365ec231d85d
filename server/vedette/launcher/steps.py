"""The steps of a run as they stand, kept up from its events."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.runs import RunStatus, RunStep, StepStatus

ENDS = {
    RunEventKind.STEP_SUCCESS: StepStatus.SUCCESS,
    RunEventKind.STEP_FAILURE: StepStatus.FAILURE,
    RunEventKind.STEP_SKIPPED: StepStatus.SKIPPED,
}

OPEN = frozenset({StepStatus.PENDING, StepStatus.STARTED})

Changed = tuple[tuple[int, RunStep], ...]


class Steps:
    """The steps of one run; every change is returned as (index, step) pairs to record."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._steps = [RunStep(name, StepStatus.PENDING) for name in names]
        self._indexes = {name: index for index, name in enumerate(names)}

    def all(self) -> Changed:
        """Return every step."""
        return tuple(enumerate(self._steps))

    def follow(self, events: Iterable[RunEvent]) -> Changed:
        """Take in `events`; return the steps that they changed."""
        changed: set[int] = set()
        for event in events:
            changed |= self._follow(event)
        return tuple((index, self._steps[index]) for index in sorted(changed))

    def close(self, ending: RunStatus, at: datetime) -> Changed:
        """End the open steps of a run that ended as `ending`."""
        changed = [index for index, step in enumerate(self._steps) if step.status in OPEN]
        for index in changed:
            step = self._steps[index]
            self._steps[index] = msgspec.structs.replace(step, status=_closed(step.status, ending), finished_at=at)
        return tuple((index, self._steps[index]) for index in changed)

    def _follow(self, event: RunEvent) -> set[int]:
        """Take in one event; return the index of the step that it changed, if it did."""
        changes = _changes(event)
        if event.step is None or not changes:
            return set()
        index = self._index(event.step)
        step = self._steps[index]
        if event.kind is RunEventKind.STEP_RETRY:
            changes["attempt"] = step.attempt + 1
        self._steps[index] = msgspec.structs.replace(step, **changes)
        return {index}

    def _index(self, name: str) -> int:
        if name not in self._indexes:
            self._indexes[name] = len(self._steps)
            self._steps.append(RunStep(name, StepStatus.PENDING))
        return self._indexes[name]


def _changes(event: RunEvent) -> dict[str, object]:
    if event.kind is RunEventKind.STEP_STARTED:
        return {"status": StepStatus.STARTED, "started_at": event.at}
    if event.kind is RunEventKind.STEP_RETRY:
        return {"status": StepStatus.STARTED, "error": event.error}
    if event.kind in ENDS:
        return {"status": ENDS[event.kind], "finished_at": event.at, "error": event.error}
    return {}


def _closed(status: StepStatus, ending: RunStatus) -> StepStatus:
    if ending is RunStatus.CANCELED:
        return StepStatus.CANCELED
    return StepStatus.FAILURE if status is StepStatus.STARTED else StepStatus.SKIPPED
