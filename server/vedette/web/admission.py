"""How much a server does at a time: operations, subscriptions, open connections; and that it stops."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from vedette.settings import Settings
from vedette.telemetry import metrics


class Full(Exception):
    """There is no room for one more: the setting that says so, its value and what it counts."""

    def __init__(self, limit: str, most: int, what: str) -> None:
        super().__init__(limit)
        self.limit, self.most, self.what = limit, most, what
        # When there may be room again.
        self.seconds = 1.0

    @property
    def sentence(self) -> str:
        """Return what to tell the client."""
        return (
            f"The server has {self.most} {self.what} at the moment, as many as it may ({self.limit}); try again soon."
        )


class Room:
    """Room for so many things of a kind."""

    def __init__(self, limit: str, most: int, what: str) -> None:
        self._limit, self._most, self._what = limit, most, what
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take the room of one thing while the block runs. Raises Full."""
        if self.taken >= self._most:
            metrics.API_REFUSED.labels(self._limit).inc()
            raise Full(self._limit, self._most, self._what)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Admission:
    """What one server lets in."""

    def __init__(self, settings: Settings) -> None:
        self.operations = Room("max_operations", settings.max_operations, "queries and mutations")
        self.subscriptions = Room("max_subscriptions", settings.max_subscriptions, "subscriptions")
        self.connections = Room("max_connections", settings.max_connections, "open streams")
        self._draining = asyncio.Event()

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
