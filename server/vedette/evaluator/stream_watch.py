"""Watching a stream: what is new there makes the sensors that it concerns due at once.

A hint, as a knock is: the stream is read every few seconds all the same, and what may have happened while nobody
watched for a sensor counts as happened. What an evaluation is told is read when it begins, so nothing is missed.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from uuid import UUID

from vedette.bus import Bus
from vedette.evaluator.patience import keep_trying
from vedette.storage.database import Database
from vedette.storage.sensors.due import DueSensor

News = TypeVar("News")


class StreamWatch(ABC, Generic[News]):
    """Calls `on_change` with each sensor of `watching()` that news concern, while `run` runs."""

    topic: str
    # How long to let more come together after each look.
    pause_seconds = 0.0

    def __init__(
        self,
        database: Database,
        bus: Bus,
        poll_seconds: float,
        watching: Callable[[], Iterable[DueSensor]],
        on_change: Callable[[UUID], None],
    ) -> None:
        """Watch nothing yet."""
        self._database = database
        self._bus = bus
        self._poll_seconds = poll_seconds
        self._watching = watching
        self._on_change = on_change
        self._looked = asyncio.Event()
        self._watched: dict[UUID, Any] = {}
        self._reading = asyncio.Lock()

    @abstractmethod
    def watched_by(self, sensor: DueSensor) -> Any:
        """Return what a sensor watches, to see whether that has changed."""

    @abstractmethod
    async def news(self, connection: Any) -> News:
        """Return what is new since it was asked last."""

    @abstractmethod
    def forget(self) -> None:
        """Begin anew the next time: nobody watches."""

    @abstractmethod
    def concerns(self, sensor: DueSensor, news: News) -> bool:
        """Tell whether news concern a sensor."""

    def look(self) -> None:
        """See now whether other sensors watch."""
        self._looked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._on_looks(), name="looks")
            with self._bus.listen(self.topic) as listener:
                while True:
                    await keep_trying(f"watch {self.topic}", self._round)
                    await listener.wait(self._poll_seconds)
                    await asyncio.sleep(self.pause_seconds)

    async def _on_looks(self) -> None:
        while True:
            await self._looked.wait()
            self._looked.clear()
            if {sensor.id: self.watched_by(sensor) for sensor in self._watching()} != self._watched:
                await keep_trying(f"watch {self.topic} for other sensors", self._round)

    async def _round(self) -> None:
        async with self._reading:
            sensors = list(self._watching())
            before, self._watched = self._watched, {one.id: self.watched_by(one) for one in sensors}
            if not sensors:
                self.forget()
                return
            try:
                async with self._database.reading() as connection:
                    news = await self.news(connection)
            except BaseException:
                # Those that are new here are so the next time as well.
                self._watched = before
                raise
        for sensor in sensors:
            if before.get(sensor.id) != self.watched_by(sensor) or self.concerns(sensor, news):
                self._on_change(sensor.id)
