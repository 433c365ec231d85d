"""Watching assets: a materialization makes the sensors that watch it due."""

from typing import Any

from vedette.bus.topics import ASSETS
from vedette.domain.assets import Path
from vedette.evaluator.stream_watch import StreamWatch
from vedette.storage import changes
from vedette.storage.assets import watched_assets
from vedette.storage.sensors.due import DueSensor

Keys = frozenset[Path]


class AssetWatch(StreamWatch[Keys]):
    """News are the keys of assets that were materialized."""

    topic = ASSETS
    _tail: int | None = None

    def watched_by(self, sensor: DueSensor) -> Any:
        """Return the keys that it watches."""
        return sensor.spec.watched_assets

    def forget(self) -> None:
        """Begin at the end of the stream."""
        self._tail = None

    async def news(self, connection: Any) -> Keys:
        """Return what was materialized since; of the first time nothing."""
        if self._tail is None:
            self._tail = (await changes.ends(connection, "assets")).position
            return frozenset()
        found = await watched_assets.materialized_since(connection, self._tail)
        self._tail = found.position
        return found.keys

    def concerns(self, sensor: DueSensor, news: Keys) -> bool:
        """Tell whether one of its assets is among them."""
        return not news.isdisjoint(sensor.spec.watched_assets)
