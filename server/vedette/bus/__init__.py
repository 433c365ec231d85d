"""Something changed, look again: told in this process at once, in the others through Postgres NOTIFY.

A knock carries a topic and nothing else, may be lost, and may come more often than there is news: what is true stands
in the tables. So whoever listens also looks on its own every few seconds.
"""

import asyncio
from types import TracebackType
from typing import Self

from vedette.bus import topics
from vedette.bus.courier import Courier
from vedette.bus.listeners import Listener, Listeners
from vedette.duties import endure

__all__ = ["Bus", "Listener", "topics"]


class Bus:
    """Knocks between everything that shares one database; `Bus(None)` stays within this process.

    `async with` connects, and raises DatabaseUnreachable when that fails. A connection that is lost later is made
    again; since knocks may have been lost with it, every listener is then knocked on for all of its topics.
    """

    def __init__(self, url: str | None) -> None:
        self._listeners = Listeners()
        self._courier = Courier(url, self._listeners) if url is not None else None
        self._carrying: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        if self._courier is not None:
            await self._courier.connect()
            self._carrying = asyncio.create_task(endure("The bus", self._courier.run), name="bus")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._courier is None or self._carrying is None:
            return
        self._carrying.cancel()
        await asyncio.wait([self._carrying])
        await self._courier.close()

    def knock(self, *topics: str) -> None:
        """Tell everybody who listens to one of `topics`. Call it on any loop, after the commit that it is about."""
        for topic in topics:
            self._listeners.knock(topic)
        if self._courier is None or self._loop is None:
            return
        if asyncio.get_running_loop() is self._loop:
            self._courier.send(topics)
        else:
            self._loop.call_soon_threadsafe(self._courier.send, topics)

    def listen(self, *topics: str) -> Listener:
        """A listener to enter with `with`; it hears what is knocked from then on."""
        return Listener(self._listeners, frozenset(topics))
