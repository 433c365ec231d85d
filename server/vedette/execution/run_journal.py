"""The events of a run, handed on one at a time and in order."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.execution.capture import Capture

Emit = Callable[[RunEvent], None]


class RunJournal:
    """Calls `emit` with every event until it is closed; threads that ops leave behind are then no longer heard."""

    def __init__(self, emit: Emit, echo: bool) -> None:
        """Hand events to `emit`; with `echo`, what is printed also reaches the terminal."""
        self._emit = emit
        self._echo = echo
        self._lock = threading.RLock()
        self._open = True

    def add(
        self,
        kind: RunEventKind,
        step: str | None,
        message: str | None = None,
        error: ErrorInfo | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        """Tell what became of a step, or of the run."""
        self._send(RunEvent(datetime.now(UTC), kind, step, message, error=error, data=data))

    def capture(self, step: str | None) -> Capture:
        """Return a capture whose records become LOG events of `step`, or of the run as a whole."""

        def deliver(record: LogRecord) -> None:
            self._send(
                RunEvent(record.at, RunEventKind.LOG, step, record.message, record.level, record.logger, record.error)
            )

        return Capture(deliver, echo=self._echo)

    def _send(self, event: RunEvent) -> None:
        with self._lock:
            if self._open:
                self._emit(event)

    def close(self) -> None:
        """Hear nothing more."""
        with self._lock:
            self._open = False
