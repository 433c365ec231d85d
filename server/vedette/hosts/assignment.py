"""One evaluation on its way through the hosts: it may go down with several before it is answered."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.reactions import Reaction
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import VedetteError
from vedette.hosts.child.deadlines import GRACE_SECONDS

# Time to begin user code; a host that is alive takes milliseconds, one that is spawned imports the project first.
BEGIN_SECONDS = 60.0
MOST_LOGS = 1000

# Takes a line that user code said in the evaluation of a tick.
OnLog = Callable[[UUID, LogRecord], None]
# Takes the answer to the evaluation of a tick: what it came to, or why it was not evaluated after all.
Settle = Callable[[UUID, Evaluation | VedetteError], None]


@dataclass(slots=True, eq=False)
class Assignment:
    """An evaluation that `answer` is called for once, unless it is given up.

    `deadline`, `sent_at` and `begun_at` are monotonic seconds in the host that it is in now. `losses` counts the hosts
    that it went down with; `alone` asks for a host of its own; `harmful` tells that it did harm to its host, so that
    its sensor is to be alone from now on.
    """

    instruction: EvaluationInstruction
    on_answer: Callable[["Assignment", Evaluation | VedetteError], None]
    on_log: OnLog | None = None
    alone: bool = False
    harmful: bool = False
    done: bool = False
    losses: int = 0
    sent_at: float = 0.0
    begun_at: float | None = None
    deadline: float = 0.0
    logs: deque[LogRecord] | None = None
    # Of a sensor that reacts to events: what became of those that the host has handled.
    reactions: list[tuple[Reaction, Evaluation]] | None = None
    _waiter: "asyncio.Future[None] | None" = None

    def sent(self, at: float) -> None:
        """It is in a host since the time `at`, where nothing of it has begun."""
        self.begun_at = None
        self.sent_at = at
        self.deadline = at + BEGIN_SECONDS + self.instruction.timeout_seconds + GRACE_SECONDS
        self.logs = None
        self.reactions = None

    def begun(self, at: float) -> None:
        """Its user code began at the time `at`."""
        self.begun_at = at
        self.deadline = at + self.instruction.timeout_seconds + GRACE_SECONDS

    def log(self, record: LogRecord) -> None:
        """Pass a line on while it goes on."""
        if self.logs is None:
            self.logs = deque(maxlen=MOST_LOGS)
        self.logs.append(record)
        if self.on_log is not None and not self.done:
            self.on_log(self.instruction.tick_id, record)

    def reacted(self, reaction: Reaction, evaluation: Evaluation) -> None:
        """Take what became of one event while the next ones are handled."""
        if self.reactions is None:
            self.reactions = []
        self.reactions.append((reaction, evaluation))

    def so_far(self, error: ErrorInfo | None = None) -> Evaluation:
        """Return what there is of it, the host being gone; an error is that of the event that it was at."""
        duration = 0.0 if self.begun_at is None else time.monotonic() - self.begun_at
        handled = self.reactions or []
        lines = tuple(self.logs or ())
        return Evaluation(
            error=error,
            logs=lines if error is not None else lines[: sum(reaction.lines for reaction, _ in handled)],
            duration_seconds=duration,
            run_requests=tuple(request for _, one in handled for request in one.run_requests),
            reactions=tuple(reaction for reaction, _ in handled),
            asset_events=tuple(told for _, one in handled for told in one.asset_events),
            partition_changes=tuple(change for _, one in handled for change in one.partition_changes),
        )

    def settle(self, answer: Evaluation | VedetteError) -> None:
        """Answer, if somebody still waits."""
        if not self.done:
            self.give_up()
            self.on_answer(self, answer)

    def give_up(self) -> None:
        """From now on nobody waits for an answer."""
        self.done = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def over(self) -> None:
        """Wait until it is answered or given up."""
        if not self.done:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def blame(self, error: ErrorInfo) -> None:
        """Answer with `error` and the lines that arrived before it."""
        self.settle(self.so_far(error))
