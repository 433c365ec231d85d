"""Answers what user code asks the instance, from the database of this process.

A few questions are answered at a time, whoever asks, in the order in which they come. Each is given a time; what goes
wrong is told to who asks, and is nobody else's concern.
"""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec

from vedette import duties
from vedette.bus import Bus, topics
from vedette.domain.logs import ErrorInfo
from vedette.domain.questions import Question, RecordRun, ReportAssetEvents
from vedette.errors import AnswerTooLarge, DatabaseError, InstanceUnavailable
from vedette.hosts.child.frames import Answered, Asked
from vedette.storage import questions
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

# Fewer than the connections of the database: reloads need one too.
AT_ONCE = 2
SECONDS = 15.0
# Of one process that asks; it keeps its threads waiting long before that.
MOST_OPEN = 512
# One answer holds up others for as long as it takes to be packed.
MOST_BYTES = 8 * 1024 * 1024

Reply = Callable[[Answered], None]


class Answers:
    """Answers questions while the `async with` block lasts; where there is no database, each is refused."""

    def __init__(self, database: Database | None = None, bus: Bus | None = None) -> None:
        """Answer from `database`; what is told there is knocked about on `bus`."""
        self._database = database
        self._bus = bus
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def begin(self, asked: Asked, reply: Reply) -> None:
        """Answer by a call of `reply`, some time later."""
        _ = duties.begin(self._answer(asked, reply), "answer", self._tasks)

    async def _answer(self, asked: Asked, reply: Reply) -> None:
        try:
            reply(Answered(asked.number, await self._packed(asked.question)))
        except (InstanceUnavailable, DatabaseError) as error:
            reply(refusal(asked, error))
        except Exception as error:
            logger.exception("A question of user code could not be answered.")
            reply(refusal(asked, InstanceUnavailable(f"The question could not be answered: {type(error).__name__}.")))

    async def _packed(self, question: Question) -> msgspec.Raw:
        try:
            async with asyncio.timeout(SECONDS), self._turns:
                packed = msgspec.msgpack.encode(await self._asked(question))
        except TimeoutError:
            raise InstanceUnavailable(f"The database did not answer within {SECONDS:.0f} s.") from None
        if len(packed) > MOST_BYTES:
            raise AnswerTooLarge(
                f"The answer is larger than the {MOST_BYTES // 2**20} MiB that one may take; ask for less at a time."
            )
        return msgspec.Raw(packed)

    async def _asked(self, question: Question) -> Any:
        if self._database is None:
            raise InstanceUnavailable("This process has no database to ask.")
        answer = await questions.answer(self._database, question)
        if self._bus is not None:
            knock(self._bus, question)
        return answer


def knock(bus: Bus, question: Question) -> None:
    """Tell those whom it concerns that something was told."""
    if isinstance(question, RecordRun):
        bus.knock(topics.RUNS, topics.ASSETS)
    elif isinstance(question, ReportAssetEvents):
        bus.knock(topics.ASSETS)


def refusal(asked: Asked, error: Exception) -> Answered:
    """Return the answer that says why there is none."""
    name = "AnswerTooLarge" if isinstance(error, AnswerTooLarge) else "InstanceUnavailable"
    return Answered(asked.number, error=ErrorInfo(name, str(error)))
