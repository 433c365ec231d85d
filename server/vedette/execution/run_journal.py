"""The events of a run, handed on one at a time and in order."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vedette.domain.assets import AssetEvent, AssetEventKind, AssetKey
from vedette.domain.events import OF_ASSETS, RunEvent, RunEventKind
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.execution.capture import Capture, LogLimit

Emit = Callable[[RunEvent], None]

# Of one step: more is the work of a log store, and would fill the database.
STEP_LOG_LIMIT = LogLimit(lines=100_000, bytes=64 * 1024 * 1024)


class RunJournal:
    """Calls `emit` with every event until it is closed; threads that ops leave behind are then no longer heard."""

    def __init__(self, emit: Emit, echo: bool) -> None:
        """Hand events to `emit`; with `echo`, what is printed also reaches the terminal."""
        self._emit = emit
        self._echo = echo
        self._lock = threading.RLock()
        self._open = True
        self._captures: list[Capture] = []

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

    def tell(self, step: str, event: AssetEvent) -> None:
        """Tell what happened to an asset."""
        self._send(RunEvent(datetime.now(UTC), OF_ASSETS[event.kind], step, _said(event), asset=event))

    def capture(self, step: str | None) -> Capture:
        """Return a capture whose records become LOG events of `step`, or of the run as a whole."""

        def deliver(record: LogRecord) -> None:
            self._send(
                RunEvent(record.at, RunEventKind.LOG, step, record.message, record.level, record.logger, record.error)
            )

        capture = Capture(deliver, STEP_LOG_LIMIT, echo=self._echo)
        self._captures.append(capture)
        return capture

    def _send(self, event: RunEvent) -> None:
        with self._lock:
            if self._open:
                self._emit(event)

    def close(self) -> None:
        """Hear nothing more, after what the captures have left to say."""
        for capture in self._captures:
            capture.close()
        with self._lock:
            self._open = False


def _said(event: AssetEvent) -> str:
    key = AssetKey(event.key).to_user_string()
    if event.check is not None:
        came = "passed" if event.check.passed else "did not pass"
        return f'Check "{event.check.name}" of asset "{key}" {came}.'
    part = f', partition "{event.partition_key}"' if event.partition_key is not None else ""
    verb = "Materialized" if event.kind is AssetEventKind.MATERIALIZATION else "Observed"
    return f'{verb} asset "{key}"{part}.'
