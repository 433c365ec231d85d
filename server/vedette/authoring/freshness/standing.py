"""When an asset was last updated, as sensors are told and as an instance tells."""

from datetime import datetime
from typing import Any, NamedTuple

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.instance.instance import VedetteInstance
from vedette.domain.assets import AssetKey
from vedette.domain.ticks import EvaluationInstruction
from vedette.domain.watched_assets import WatchedAsset


class Standing(NamedTuple):
    """When an asset was last produced or observed, None if never; and which of its partitions were ever produced."""

    updated_at: datetime | None
    partitions: frozenset[str]


class StandingContext(SensorEvaluationContext):
    """The context of a sensor that is told how its assets stand."""

    __slots__ = ("_watched",)

    def __init__(self, sensor_name: str | None, watched: tuple[WatchedAsset, ...], **options: Any) -> None:
        """Make a context that knows `watched`; `options` are those of every context."""
        super().__init__(sensor_name, **options)
        self._watched = {AssetKey(one.key): one for one in watched}

    def standing(self, key: AssetKey) -> Standing:
        """Return how an asset stands that the sensor watches."""
        asset = self._watched[key]
        return Standing(None if asset.newest is None else asset.newest.at, frozenset(asset.partitions))


def standing_in(context: SensorEvaluationContext, key: AssetKey) -> Standing:
    """Return how an asset stands: as the sensor was told, or in a test as the instance of its context tells."""
    if isinstance(context, StandingContext):
        return context.standing(key)
    return standing_of(context.instance, key)


def standing_of(instance: VedetteInstance, key: AssetKey) -> Standing:
    """Return how an asset stands; raises InstanceUnavailable."""
    made = instance.fetch_materializations(key, limit=1).records
    seen = instance.fetch_observations(key, limit=1).records
    times = [record.record.at for record in (*made, *seen)]
    return Standing(max(times, default=None), frozenset(instance.get_materialized_partitions(key)))


def standing_context(name: str, instruction: EvaluationInstruction, **options: Any) -> StandingContext:
    """Return the context of the evaluation that is asked for."""
    last, started = instruction.last_finished_at, instruction.sensor_started_at
    return StandingContext(
        name,
        instruction.watched,
        cursor=instruction.cursor,
        last_tick_completion_time=last.timestamp() if last else None,
        last_sensor_start_time=started.timestamp() if started else None,
        **options,
    )
