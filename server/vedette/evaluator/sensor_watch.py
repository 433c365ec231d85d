"""Watching sensors: one that begins to fail, fails again, is paused or recovers makes those due that watch sensors."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from vedette.bus.topics import SENSORS
from vedette.evaluator.stream_watch import StreamWatch
from vedette.storage.sensors import troubles
from vedette.storage.sensors.due import DueSensor
from vedette.storage.sensors.troubles import WELL, Mark

Changed = frozenset[UUID]


class SensorWatch(StreamWatch[Changed]):
    """News are the sensors that stand otherwise than before."""

    topic = SENSORS
    # Every tick that changes a sensor knocks.
    pause_seconds = 0.05
    _tail: int | None = None
    # How those stand that do not stand well.
    _marks: Mapping[UUID, Mark] = MappingProxyType({})

    def watched_by(self, sensor: DueSensor) -> Any:
        """Return that it watches: all sensors."""
        return True

    def forget(self) -> None:
        """Begin anew with how all stand."""
        self._tail, self._marks = None, MappingProxyType({})

    async def news(self, connection: Any) -> Changed:
        """Return which stand otherwise; of the first time those that do not stand well."""
        found = await troubles.marks(connection, self._tail)
        known = {} if found.complete else dict(self._marks)
        after = {sensor: mark for sensor, mark in (known | found.by_sensor).items() if mark != WELL}
        asked = self._marks.keys() | after.keys()
        changed = frozenset(one for one in asked if self._marks.get(one, WELL) != after.get(one, WELL))
        self._tail, self._marks = found.position, after
        return changed

    def concerns(self, sensor: DueSensor, news: Changed) -> bool:
        """Tell whether there is another one among them: it does not watch itself."""
        return bool(news - {sensor.id})
