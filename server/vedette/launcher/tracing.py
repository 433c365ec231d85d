"""The trace of a run as its launcher sees it: how long it waited, the run, and each of its ops."""

import logging
import time
from collections.abc import Iterable

import msgspec

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.runs import RunInstruction
from vedette.launcher.endings import Ending
from vedette.launcher.steps import ENDS
from vedette.storage.runs.run_queue import ClaimedRun
from vedette.telemetry import tracing
from vedette.telemetry.tracing import Span

logger = logging.getLogger(__name__)


class RunTracer:
    """Emits the spans of one claimed run; the log tells of it too, at `info` where a request asked for it."""

    def __init__(self, claimed: ClaimedRun) -> None:
        self._claimed = claimed
        self._job = claimed.instruction.job_name
        self._place, self._parent_id = tracing.of_run(claimed.run_id, claimed.attempt, claimed.tick_id, claimed.trace)
        self._wanted = tracing.wants(self._place.trace_id)
        self._level = logging.DEBUG if claimed.trace is None else logging.INFO
        self._began = time.time()
        self._steps: dict[str, float] = {}

    @property
    def instruction(self) -> RunInstruction:
        """Return what the run's process is told; where the trace is exported, also its place in it."""
        told = self._claimed.instruction
        return msgspec.structs.replace(told, trace=self._place.text) if self._wanted else told

    def began(self) -> None:
        """Take in that user code begins."""
        self._log("Run %s of job %s begins.", self._claimed.run_id, self._job)

    def happened(self, events: Iterable[RunEvent]) -> None:
        """Take in what happens."""
        if not self._wanted:
            return
        for event in events:
            if event.step is None:
                continue
            if event.kind is RunEventKind.STEP_STARTED:
                self._steps[event.step] = event.at.timestamp()
            elif event.kind in ENDS and event.step in self._steps:
                self._step_ended(event, event.step)

    def ended(self, ending: Ending) -> None:
        """Take in what has become of it."""
        self._log("Run %s of job %s is %s.", self._claimed.run_id, self._job, ending.status)
        error = None if ending.error is None else f"{ending.error.type}: {ending.error.message}"
        claimed = self._claimed
        about: tracing.Attributes = {
            "vedette.run.id": str(claimed.run_id),
            "vedette.run.attempt": claimed.attempt,
            "vedette.run.status": ending.status.value,
            "vedette.job": self._job,
            "vedette.code_location": claimed.code_location,
        }
        queued = self._began - claimed.waited_seconds
        name, now = f"run {self._job}", time.time()
        tracing.emit(Span(name, self._place, self._parent_id, queued, now, about, error, "CONSUMER"))
        waiting = self._place.child("queue", claimed.run_id, claimed.attempt)
        tracing.emit(Span("queue", waiting, self._place.span_id, queued, self._began))

    def _step_ended(self, event: RunEvent, step: str) -> None:
        place = self._place.child("step", step)
        error = None if event.error is None else f"{event.error.type}: {event.error.message}"
        about = {"vedette.run.id": str(self._claimed.run_id), "vedette.op": step}
        began, ended = self._steps.pop(step), event.at.timestamp()
        tracing.emit(Span(f"op {step}", place, self._place.span_id, began, ended, about, error))

    def _log(self, message: str, *words: object) -> None:
        ids = {"trace_id": self._place.trace_id, "run_id": self._claimed.run_id, "tick_id": self._claimed.tick_id}
        logger.log(self._level, message, *words, extra=ids)
