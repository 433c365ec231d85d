"""One evaluation on its way through the hosts: it may go down with several before it is answered."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.hosts.child.deadlines import GRACE_SECONDS

# Time to begin user code; a host that is alive takes milliseconds, one that is spawned imports the project first.
BEGIN_SECONDS = 60.0
MOST_LOGS = 1000

OnLog = Callable[[LogRecord], None]


@dataclass(slots=True, eq=False)
class Assignment:
    """An evaluation, whose `answer` is awaited.

    `deadline`, `sent_at` and `begun_at` are monotonic seconds in the host that it is in now. `losses` counts the hosts
    that it went down with; `alone` asks for a host of its own; `harmful` tells that it did harm to its host, so that
    its sensor is to be alone from now on.
    """

    instruction: EvaluationInstruction
    on_log: OnLog | None
    answer: "asyncio.Future[Evaluation]"
    alone: bool = False
    harmful: bool = False
    losses: int = 0
    sent_at: float = 0.0
    begun_at: float | None = None
    deadline: float = 0.0
    logs: deque[LogRecord] = field(default_factory=lambda: deque(maxlen=MOST_LOGS))

    def sent(self) -> None:
        """It is in a host now, where nothing of it has begun."""
        self.begun_at = None
        self.sent_at = time.monotonic()
        self.deadline = self.sent_at + BEGIN_SECONDS + self.instruction.timeout_seconds + GRACE_SECONDS
        self.logs.clear()

    def begun(self, at: float) -> None:
        """Its user code began at the time `at`."""
        self.begun_at = at
        self.deadline = at + self.instruction.timeout_seconds + GRACE_SECONDS

    def log(self, record: LogRecord) -> None:
        """Pass a line on while it goes on."""
        self.logs.append(record)
        if self.on_log is not None and not self.answer.done():
            self.on_log(record)

    def settle(self, evaluation: Evaluation) -> None:
        """Answer, if somebody still waits."""
        if not self.answer.done():
            self.answer.set_result(evaluation)

    def blame(self, error: ErrorInfo) -> None:
        """Answer with `error` and the lines that arrived before it."""
        duration = 0.0 if self.begun_at is None else time.monotonic() - self.begun_at
        self.settle(Evaluation(error=error, logs=tuple(self.logs), duration_seconds=duration))
