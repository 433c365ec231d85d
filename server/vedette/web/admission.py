"""How much a server does at a time: operations, subscriptions, open connections; and that it stops."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from graphql import OperationType

from vedette.access.rooms import Limit, Room, TooMany
from vedette.graphql.documents.requests import Operation
from vedette.settings import Settings
from vedette.telemetry import metrics

_FULL = "The server has {most} {what} at the moment, as many as it may ({name}); try again soon."


class Admission:
    """What one server lets in."""

    def __init__(self, settings: Settings) -> None:
        def room(name: str, what: str) -> Room:
            return Room(Limit(name, getattr(settings, name), what), _FULL)

        self.operations = room("max_operations", "queries and mutations")
        self.subscriptions = room("max_subscriptions", "subscriptions")
        self.connections = room("max_connections", "open streams")
        self._draining = asyncio.Event()

    @contextmanager
    def one(self, operation: Operation) -> Iterator[None]:
        """Let an operation in while the block runs: the server has room, and so has whoever asks. Raises TooMany."""
        is_stream = operation.kind is OperationType.SUBSCRIPTION
        account = operation.charge.account
        with ExitStack() as stack:
            try:
                stack.enter_context((self.subscriptions if is_stream else self.operations).one())
                if account is not None:
                    stack.enter_context((account.streams if is_stream else account.operations).one())
            except TooMany:
                operation.charge.settle(0)
                raise
            yield

    @property
    def is_draining(self) -> bool:
        """Tell whether the server is about to stop, and lets in nothing more."""
        return self._draining.is_set()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show as metrics what is open while the block runs."""
        rooms = {"operations": self.operations, "subscriptions": self.subscriptions, "connections": self.connections}
        with ExitStack() as stack:
            for what, room in rooms.items():
                stack.enter_context(metrics.shown(metrics.API_OPEN, partial(getattr, room, "taken"), what))
            yield

    def drain(self) -> None:
        """Let in nothing more."""
        self._draining.set()

    async def until_draining(self) -> None:
        """Wait until the server is about to stop."""
        await self._draining.wait()
