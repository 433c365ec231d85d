"""Sensors that watch several assets together."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.keys import keys_of
from vedette.authoring.assets.selection import AssetSelection
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.keywords import known_keywords
from vedette.authoring.logs import Sink
from vedette.authoring.multi_asset_contexts import MultiAssetSensorEvaluationContext
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensor_results import SensorResult
from vedette.authoring.sensors import EvaluationFunction, SensorDefinition
from vedette.authoring.targets import AnyJob, Target
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import DefinitionError, InvocationError

MonitoredAssets = AssetSelection | Sequence[Any]


class MultiAssetSensorDefinition(SensorDefinition):
    """A sensor whose function is called with what is new of all of `monitored_assets`."""

    kind = SensorKind.MULTI_ASSET

    @known_keywords("MultiAssetSensorDefinition")
    def __init__(
        self,
        name: str | None,
        monitored_assets: MonitoredAssets,
        job_name: str | None = None,
        asset_materialization_fn: EvaluationFunction | None = None,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        job: AnyJob | None = None,
        jobs: Iterable[AnyJob] | None = None,
        default_status: SensorStatus = SensorStatus.STOPPED,
        request_assets: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Target | None = None,
        owners: Iterable[str] | None = None,
        timeout: float | None = None,
        failures_before_pause: int | None = None,
    ) -> None:
        """Define a sensor; raises DefinitionError. The options are those of `multi_asset_sensor`."""
        if asset_materialization_fn is None:
            raise DefinitionError("A MultiAssetSensorDefinition needs its function: pass asset_materialization_fn=.")
        super().__init__(
            name,
            evaluation_fn=asset_materialization_fn,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=request_assets,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            timeout=timeout,
            failures_before_pause=failures_before_pause,
        )
        self.monitored_assets = _monitored(self.name, monitored_assets)

    def watched_assets(self, graph: AssetGraph) -> tuple[AssetKey, ...]:
        """Return the assets that it watches; raises DefinitionError for a selection that `graph` does not have."""
        return watched_keys(self.name, self.monitored_assets, graph)

    def new_context(self, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context of the evaluation that is asked for."""
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        return MultiAssetSensorEvaluationContext(
            self.name,
            instruction.watched,
            cursor=instruction.cursor,
            last_tick_completion_time=last.timestamp() if last else None,
            last_sensor_start_time=started.timestamp() if started else None,
            sink=sink,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a test; the cursor of the context is moved as a tick would, once all is taken."""
        result = super().__call__(*args, **kwargs)
        given = (*args, *kwargs.values())
        context = next((one for one in given if isinstance(one, MultiAssetSensorEvaluationContext)), None)
        return result if context is None else _concluding(result, context)

    def evaluate_tick(self, context: SensorEvaluationContext | None = None) -> Evaluation:
        """Evaluate it here and now, see SensorDefinition; raises InvocationError without a context of its own kind."""
        if not isinstance(context, MultiAssetSensorEvaluationContext):
            raise InvocationError(
                f'Sensor "{self.name}" watches assets: pass build_multi_asset_sensor_context(monitored_assets=...).'
            )
        return super().evaluate_tick(context)


def _monitored(sensor_name: str, given: object) -> AssetSelection | tuple[AssetKey, ...]:
    if isinstance(given, AssetSelection):
        return given
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DefinitionError(
            f'monitored_assets of sensor "{sensor_name}" is a list of asset keys or an AssetSelection, not'
            f" {shown(given)}."
        )
    try:
        found = tuple(dict.fromkeys(key for one in given for key in keys_of(one)))
    except DefinitionError as error:
        raise DefinitionError(f'monitored_assets of sensor "{sensor_name}" are wrong: {error}') from None
    if not found:
        raise DefinitionError(f'monitored_assets of sensor "{sensor_name}" are none: name at least one asset.')
    return found


def watched_keys(
    sensor_name: str, monitored: AssetSelection | tuple[AssetKey, ...], graph: AssetGraph
) -> tuple[AssetKey, ...]:
    """Return the keys that a sensor watches; raises DefinitionError for a selection that comes to none."""
    if not isinstance(monitored, AssetSelection):
        return monitored
    try:
        found = sorted(monitored.select(graph).assets)
    except DefinitionError as error:
        raise DefinitionError(f'The assets that sensor "{sensor_name}" watches are wrong: {error}') from None
    if not found:
        raise DefinitionError(
            f'The selection of assets that sensor "{sensor_name}" watches has none of these Definitions.'
        )
    return tuple(found)


def _asks(item: object) -> bool:
    return isinstance(item, RunRequest) or (isinstance(item, SensorResult) and bool(item.run_requests))


def _concluding(result: Any, context: MultiAssetSensorEvaluationContext) -> Any:
    """Return `result`, and have the cursor moved after all of it."""
    if inspect.isgenerator(result):
        return _drained(result, context)
    if inspect.isasyncgen(result):
        return _drained_async(result, context)
    if inspect.isawaitable(result):
        return _awaited(result, context)
    context.conclude(_asks(result) or (isinstance(result, list | tuple) and any(map(_asks, result))))
    return result


def _drained(items: Iterator[Any], context: MultiAssetSensorEvaluationContext) -> Iterator[Any]:
    asked = False
    for item in items:
        asked = asked or _asks(item)
        yield item
    context.conclude(asked)


async def _drained_async(items: AsyncIterator[Any], context: MultiAssetSensorEvaluationContext) -> AsyncIterator[Any]:
    asked = False
    async for item in items:
        asked = asked or _asks(item)
        yield item
    context.conclude(asked)


async def _awaited(result: Awaitable[Any], context: MultiAssetSensorEvaluationContext) -> Any:
    return _concluding(await result, context)


def multi_asset_sensor(
    monitored_assets: MonitoredAssets,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: AnyJob | None = None,
    jobs: Iterable[AnyJob] | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    request_assets: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    **options: Any,
) -> Callable[[EvaluationFunction], MultiAssetSensorDefinition]:
    """Make a sensor of a function that watches several assets together, sync or async.

    It is called as soon as one of them is materialized, wherever that is told, and every `minimum_interval_seconds`,
    with a MultiAssetSensorEvaluationContext: how all of them stand, as of one moment. What it has handled it marks as
    consumed, with `context.advance_cursor` or `context.advance_all_cursors`; that is its cursor, and moves in the
    transaction that launches what it asks for. One that asks for runs must consume something.

    monitored_assets: keys, of assets of any code location, or an AssetSelection of those of these Definitions.
    request_assets: instead of jobs, the assets that runs make.
    Other options (tags, metadata, target, owners, timeout, failures_before_pause) are those of `sensor`. Raises
    DefinitionError.
    """

    def define(function: EvaluationFunction) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name,
            monitored_assets,
            job_name,
            function,
            minimum_interval_seconds,
            description,
            job,
            jobs,
            default_status,
            request_assets,
            required_resource_keys,
            **options,
        )

    return define
