"""Watching assets: a materialization makes the sensors that watch it due at once, and they are told what there is.

A hint, as a knock is: the stream is read every few seconds all the same, and what may have happened while nobody
watched for a sensor counts as happened. What an evaluation is told is read when it begins, so nothing is missed.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from vedette.bus import Bus
from vedette.bus.topics import ASSETS
from vedette.domain.assets import Path
from vedette.domain.catalog import SensorKind
from vedette.domain.watched_assets import UNTOUCHED, AssetCursor, WatchedAsset, cursor_name, parsed_cursors
from vedette.evaluator.patience import keep_trying
from vedette.storage import changes, watched_assets
from vedette.storage.database import Database
from vedette.storage.due import DueSensor

# One that is to be told of assets, as its cursor is.
Asking = tuple[DueSensor, str | None]


class AssetWatch:
    """Calls `on_change` with each sensor of `watching()` that watches an asset which was materialized."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        poll_seconds: float,
        watching: Callable[[], Iterable[DueSensor]],
        on_change: Callable[[UUID], None],
    ) -> None:
        self._database = database
        self._bus = bus
        self._poll_seconds = poll_seconds
        self._watching = watching
        self._on_change = on_change
        self._looked = asyncio.Event()
        self._watched: dict[UUID, tuple[Path, ...]] = {}
        self._tail: int | None = None
        self._reading = asyncio.Lock()

    def look(self) -> None:
        """See now whether other sensors watch assets."""
        self._looked.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._on_looks(), name="looks")
            with self._bus.listen(ASSETS) as listener:
                while True:
                    await keep_trying("watch assets", self._round)
                    await listener.wait(self._poll_seconds)

    async def _on_looks(self) -> None:
        while True:
            await self._looked.wait()
            self._looked.clear()
            if {sensor.id: sensor.spec.watched_assets for sensor in self._watching()} != self._watched:
                await keep_trying("watch assets for other sensors", self._round)

    async def _round(self) -> None:
        async with self._reading:
            before, watched = self._watched, {one.id: one.spec.watched_assets for one in self._watching()}
            if not watched:
                self._watched, self._tail = {}, None
                return
            made = await self._made()
            self._watched = watched
        for sensor_id, keys in watched.items():
            if before.get(sensor_id) != keys or not made.isdisjoint(keys):
                self._on_change(sensor_id)

    async def _made(self) -> frozenset[Path]:
        """Return what was materialized since the last round."""
        async with self._database.reading() as connection:
            if self._tail is None:
                self._tail = (await changes.ends(connection, "assets")).position
                return frozenset()
            found = await watched_assets.materialized_since(connection, self._tail)
        self._tail = found.position
        return found.keys

    async def tell(self, asking: Sequence[Asking]) -> list[tuple[WatchedAsset, ...]]:
        """Return what each sensor is told of its assets now, all of them read together.

        One of the kind FRESHNESS is told when each was last produced or observed, and its partitions: `newest` and
        `partitions` alone.
        """
        events = [(sensor, cursor) for sensor, cursor in asking if not _asks_how_fresh(sensor)]
        fresh = {key for sensor, _ in asking if _asks_how_fresh(sensor) for key in sensor.spec.watched_assets}
        async with self._database.reading() as connection:
            wanted = [pair for sensor, cursor in events for pair in _wanted(sensor, cursor)]
            found = iter(await watched_assets.read(connection, wanted) if wanted else ())
            standing = await watched_assets.standing(connection, list(fresh)) if fresh else {}
        return [
            tuple(standing[key] if _asks_how_fresh(sensor) else next(found) for key in sensor.spec.watched_assets)
            for sensor, _ in asking
        ]


def _asks_how_fresh(sensor: DueSensor) -> bool:
    return sensor.spec.kind is SensorKind.FRESHNESS


def _wanted(sensor: DueSensor, cursor: str | None) -> list[tuple[Path, AssetCursor]]:
    cursors = parsed_cursors(cursor) or {}
    return [(key, cursors.get(cursor_name(key), UNTOUCHED)) for key in sensor.spec.watched_assets]
