"""Who waits for which topics. A listener remembers which of its topics were knocked on, not how often.

Listeners may wait on several loops, each in a thread of its own; a knock hops to the listener's loop.
"""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self


class Listener:
    """Topics knocked on since the last `wait`; used as a context manager, so that it is forgotten in the end."""

    def __init__(self, listeners: "Listeners", topics: frozenset[str]) -> None:
        self.topics = topics
        self._listeners = listeners
        self._pending: set[str] = set()
        self._knocked = asyncio.Event()

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._listeners.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listeners.remove(self)

    async def wait(self, timeout: float | None = None) -> frozenset[str]:
        """What was knocked on since the last call, at once or as soon as there is some; empty after `timeout` s."""
        try:
            async with asyncio.timeout(timeout):
                await self._knocked.wait()
        except TimeoutError:
            return frozenset()
        self._knocked.clear()
        topics = frozenset(self._pending)
        self._pending.clear()
        return topics

    def hear(self, topic: str) -> None:
        """Take note of a knock, from any loop."""
        if asyncio.get_running_loop() is self._loop:
            self._note(topic)
            return
        # A loop that is closed has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._note, topic)

    def _note(self, topic: str) -> None:
        self._pending.add(topic)
        self._knocked.set()


class Listeners:
    """The listeners of one process, by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[str, set[Listener]] = {}
        self._changing = threading.Lock()

    def add(self, listener: Listener) -> None:
        with self._changing:
            for topic in listener.topics:
                self._by_topic.setdefault(topic, set()).add(listener)

    def remove(self, listener: Listener) -> None:
        with self._changing:
            for topic in listener.topics:
                others = self._by_topic[topic]
                others.discard(listener)
                if not others:
                    del self._by_topic[topic]

    def knock(self, topic: str) -> None:
        with self._changing:
            listeners = tuple(self._by_topic.get(topic, ()))
        for listener in listeners:
            listener.hear(topic)

    def knock_all(self) -> None:
        with self._changing:
            topics = tuple(self._by_topic)
        for topic in topics:
            self.knock(topic)
