"""Sensors that look at how late assets are, by their freshness policies."""

import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.selection import AssetSelection
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.freshness.policies import FreshnessPolicy
from vedette.authoring.freshness.standing import standing_context, standing_in
from vedette.authoring.keywords import known_keywords
from vedette.authoring.logs import Sink
from vedette.authoring.sensor_results import SensorResult
from vedette.authoring.sensors import EvaluationFunction, SensorDefinition
from vedette.domain.assets import AssetKey
from vedette.domain.catalog import SensorKind, SensorStatus
from vedette.domain.ticks import EvaluationInstruction
from vedette.errors import DefinitionError, InvalidResult

KEPT_CURSOR = (
    "The cursor of a freshness policy sensor says how late its assets were, and is kept by it; leave update_cursor out."
)


class FreshnessPolicySensorContext(SensorEvaluationContext):
    """What a freshness policy sensor is called with, for one asset.

    `minutes_overdue` is 0 where the asset is not late and None if it was never updated; `previous_minutes_overdue` is
    what it was at the tick before, None at the first.
    """

    __slots__ = ("asset_key", "freshness_policy", "minutes_overdue", "previous_minutes_overdue")

    def __init__(
        self,
        sensor_name: str | None,
        asset_key: AssetKey,
        freshness_policy: FreshnessPolicy,
        minutes_overdue: float | None,
        previous_minutes_overdue: float | None = None,
        **options: Any,
    ) -> None:
        """Make a context; `options` are those of every context."""
        super().__init__(sensor_name, **options)
        self.asset_key = asset_key
        self.freshness_policy = freshness_policy
        self.minutes_overdue = minutes_overdue
        self.previous_minutes_overdue = previous_minutes_overdue

    def update_cursor(self, cursor: str | None) -> None:
        """Raise InvalidResult: the sensor keeps its cursor itself."""
        raise InvalidResult(KEPT_CURSOR)


class _Look(NamedTuple):
    """One asset as it was found, and the context to tell it with."""

    name: str
    context: FreshnessPolicySensorContext


class FreshnessPolicySensorDefinition(SensorDefinition):
    """A sensor whose function is called at each tick for each asset of `asset_selection` that has a policy."""

    kind = SensorKind.FRESHNESS

    @known_keywords("FreshnessPolicySensorDefinition")
    def __init__(
        self,
        name: str | None,
        asset_selection: Any,
        freshness_policy_sensor_fn: EvaluationFunction,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        default_status: SensorStatus = SensorStatus.STOPPED,
        required_resource_keys: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        failures_before_pause: int | None = None,
    ) -> None:
        """Define a sensor; raises DefinitionError. The options are those of `freshness_policy_sensor`."""
        super().__init__(
            name,
            evaluation_fn=freshness_policy_sensor_fn,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            timeout=timeout,
            failures_before_pause=failures_before_pause,
        )
        try:
            self.monitored_assets = AssetSelection.from_coercible(asset_selection)
        except DefinitionError as error:
            raise DefinitionError(f'asset_selection of sensor "{self.name}" is wrong: {error}') from None

    def watched_assets(self, graph: AssetGraph) -> tuple[AssetKey, ...]:
        """Return the selected assets that have a policy; raises DefinitionError for what `graph` does not have."""
        try:
            selected = self.monitored_assets.select(graph).assets
        except DefinitionError as error:
            raise DefinitionError(f'The assets that sensor "{self.name}" watches are wrong: {error}') from None
        found = tuple(sorted(key for key in selected if graph.specs[key].freshness_policy is not None))
        if not found:
            raise DefinitionError(
                f'No asset that sensor "{self.name}" watches has a freshness policy: give @asset a freshness_policy=.'
            )
        return found

    def new_context(self, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context of the evaluation that is asked for."""
        return standing_context(self.name, instruction, sink=sink)

    def call(self, context: SensorEvaluationContext) -> Any:
        """Call the function for each asset, or with a context of one asset for that one."""
        if isinstance(context, FreshnessPolicySensorContext):
            return super().call(context)
        looks = list(self._looks(context))
        return self._told_async(looks) if self.is_async else self._told(looks)

    def _looks(self, context: SensorEvaluationContext) -> Iterator[_Look]:
        now = datetime.now(UTC)
        before = _parsed(context.cursor)
        graph = context.repository_def.asset_graph
        for key in self.watched_assets(graph):
            policy, name = graph.specs[key].freshness_policy, str(key)
            assert policy is not None
            overdue = policy.minutes_overdue(standing_in(context, key).updated_at, now)
            told = FreshnessPolicySensorContext(self.name, key, policy, overdue, before.get(name))
            context.share_with(told)
            yield _Look(name, told)

    def _told(self, looks: list[_Look]) -> SensorResult:
        errors = []
        for look in looks:
            try:
                self._check(super().call(look.context))
            except Exception as error:
                errors.append(error)
        return _result(looks, errors)

    async def _told_async(self, looks: list[_Look]) -> SensorResult:
        errors = []
        for look in looks:
            try:
                answer = super().call(look.context)
                self._check(await answer if inspect.isawaitable(answer) else answer)
            except Exception as error:
                errors.append(error)
        return _result(looks, errors)

    def _check(self, answer: object) -> None:
        if answer is not None or isinstance(answer, Iterator | AsyncIterator):
            raise InvalidResult(
                f'Sensor "{self.name}" returned something; a freshness policy sensor returns and yields nothing.'
            )


def _parsed(cursor: str | None) -> Mapping[str, float | None]:
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _result(looks: list[_Look], errors: list[Exception]) -> SensorResult:
    """Return what the tick comes to; raises what the function raised, after every asset had its turn."""
    if len(errors) > 1:
        raise ExceptionGroup(f"The function failed for {len(errors)} assets.", errors)
    if errors:
        raise errors[0]
    late = [look.context.asset_key.to_user_string() for look in looks if look.context.minutes_overdue]
    return SensorResult(
        skip_reason=f"{len(looks)} assets looked at, {', '.join(late) or 'none'} overdue.",
        cursor=json.dumps({look.name: look.context.minutes_overdue for look in looks}),
    )


def freshness_policy_sensor(
    asset_selection: Any,
    *,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    **options: Any,
) -> Callable[[EvaluationFunction], FreshnessPolicySensorDefinition]:
    """Make a sensor of a function that is called for each selected asset that has a FreshnessPolicy, sync or async.

    It is called every `minimum_interval_seconds`, and as soon as one of the assets is materialized, for all of them one
    after another, with a FreshnessPolicySensorContext; it returns nothing. What it raises for one asset fails the tick
    once all had their turn. Other options (required_resource_keys, tags, metadata, timeout, failures_before_pause) are
    those of `sensor`. Raises DefinitionError.
    """

    def define(function: EvaluationFunction) -> FreshnessPolicySensorDefinition:
        return FreshnessPolicySensorDefinition(
            name, asset_selection, function, minimum_interval_seconds, description, default_status, **options
        )

    return define


def build_freshness_policy_sensor_context(
    sensor_name: str,
    asset_key: Any,
    freshness_policy: FreshnessPolicy,
    minutes_overdue: float | None,
    previous_minutes_overdue: float | None = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
) -> FreshnessPolicySensorContext:
    """Build a context for a test: call the sensor with it."""
    return FreshnessPolicySensorContext(
        sensor_name,
        AssetKey.from_coercible(asset_key),
        freshness_policy,
        minutes_overdue,
        previous_minutes_overdue,
        instance=instance,
        resources=resources,
    )
