"""An instance on a database that this process is connected to."""

from contextlib import AsyncExitStack
from typing import Any

from vedette.authoring.instance.instance import VedetteInstance
from vedette.bus import Bus
from vedette.domain.questions import Question
from vedette.errors import DatabaseUnreachable, InstanceUnavailable
from vedette.hosts.answers import knock
from vedette.instances.backstage import Backstage
from vedette.storage import questions
from vedette.storage.database import Database

SECONDS = 60.0
CONNECTIONS = 2


class Connected:
    """Connections to a database, asked by threads of this process."""

    def __init__(self, backstage: Backstage, database: Database, bus: Bus, left: AsyncExitStack) -> None:
        """Use `connect`."""
        self._backstage = backstage
        self._database = database
        self._bus = bus
        self._left = left

    @classmethod
    async def connect(cls, backstage: Backstage, url: str) -> "Connected":
        """Connect; raises DatabaseUnreachable."""
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(url, CONNECTIONS))
            bus = await stack.enter_async_context(Bus(url))
            return cls(backstage, database, bus, stack.pop_all())
        raise AssertionError("the stack swallows nothing")

    def ask(self, question: Question, answer_type: Any) -> Any:
        """Return the answer, which is of its type already. Raises InstanceUnavailable."""
        try:
            return self._backstage.run(self._answer(question), SECONDS)
        except DatabaseUnreachable as error:
            raise InstanceUnavailable(str(error)) from error

    async def _answer(self, question: Question) -> Any:
        answer = await questions.answer(self._database, question)
        knock(self._bus, question)
        return answer

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._left.aclose()

    def instance(self, close: Any = None, *, is_ephemeral: bool = False) -> VedetteInstance:
        """Return it as authors have it."""
        return VedetteInstance(self.ask, close, is_ephemeral=is_ephemeral)
