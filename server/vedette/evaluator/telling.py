"""What evaluations are told besides their cursor: how assets stand, and what is wrong with sensors."""

from collections.abc import Sequence
from typing import NamedTuple

from vedette.domain.assets import Path
from vedette.domain.catalog import SensorKind
from vedette.domain.troubles import SensorTrouble
from vedette.domain.watched_assets import UNTOUCHED, AssetCursor, WatchedAsset, cursor_name, parsed_cursors
from vedette.storage.assets import watched_assets
from vedette.storage.database import Database
from vedette.storage.sensors import troubles
from vedette.storage.sensors.due import DueSensor

# One that is to be told, as its cursor is.
Asking = tuple[DueSensor, str | None]


class Told(NamedTuple):
    """What one evaluation is told."""

    watched: tuple[WatchedAsset, ...] = ()
    troubles: tuple[SensorTrouble, ...] = ()


NOTHING = Told()


async def tell(database: Database, asking: Sequence[Asking]) -> list[Told]:
    """Return what each sensor is told now, all of it read together.

    One of the kind FRESHNESS is told of its assets when each was last produced or observed, and its partitions:
    `newest` and `partitions` alone.
    """
    events = [(sensor, cursor) for sensor, cursor in asking if not _asks_how_fresh(sensor)]
    fresh = {key for sensor, _ in asking if _asks_how_fresh(sensor) for key in sensor.spec.watched_assets}
    wanted = [pair for sensor, cursor in events for pair in _wanted(sensor, cursor)]
    async with database.reading() as connection:
        found = iter(await watched_assets.read(connection, wanted) if wanted else ())
        standing = await watched_assets.standing(connection, list(fresh)) if fresh else {}
        wrong = await troubles.read(connection) if any(one.spec.watches_sensors for one, _ in asking) else ()
    return [
        Told(
            tuple(standing[key] if _asks_how_fresh(sensor) else next(found) for key in sensor.spec.watched_assets),
            wrong if sensor.spec.watches_sensors else (),
        )
        for sensor, _ in asking
    ]


def _asks_how_fresh(sensor: DueSensor) -> bool:
    return sensor.spec.kind is SensorKind.FRESHNESS


def _wanted(sensor: DueSensor, cursor: str | None) -> list[tuple[Path, AssetCursor]]:
    cursors = parsed_cursors(cursor) or {}
    return [(key, cursors.get(cursor_name(key), UNTOUCHED)) for key in sensor.spec.watched_assets]
