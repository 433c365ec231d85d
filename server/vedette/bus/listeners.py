"""Who waits for which topics. A listener remembers which of its topics were knocked on, not how often."""

import asyncio
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
        self._pending.add(topic)
        self._knocked.set()


class Listeners:
    """The listeners of one process, by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[str, set[Listener]] = {}

    def add(self, listener: Listener) -> None:
        for topic in listener.topics:
            self._by_topic.setdefault(topic, set()).add(listener)

    def remove(self, listener: Listener) -> None:
        for topic in listener.topics:
            others = self._by_topic[topic]
            others.discard(listener)
            if not others:
                del self._by_topic[topic]

    def knock(self, topic: str) -> None:
        for listener in self._by_topic.get(topic, ()):
            listener.hear(topic)

    def knock_all(self) -> None:
        for topic in self._by_topic:
            self.knock(topic)
