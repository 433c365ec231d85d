"""Sensors that react to the materializations of an asset."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from vedette.authoring.asset_records import EventLogRecord
from vedette.authoring.assets.selection import Selected
from vedette.authoring.calling import annotation_if_known, is_async, parameters_of
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.keywords import known_keywords
from vedette.authoring.logs import Sink
from vedette.authoring.naming import description_of, name_of
from vedette.authoring.reacting_sensors import KEPT_CURSOR, ReactingSensorDefinition, checked_attempts
from vedette.authoring.resources.parameters import resource_parameters
from vedette.authoring.sensors import EvaluationFunction
from vedette.authoring.targets import Target
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey, CoercibleToAssetKey
from vedette.domain.catalog import AssetMonitor, SensorKind, SensorSpec, SensorStatus
from vedette.domain.reactions import SensorEvent
from vedette.domain.ticks import EvaluationInstruction
from vedette.errors import DefinitionError, InvalidResult, InvocationError


class AssetSensorContext(SensorEvaluationContext):
    """What an asset sensor is called with, beside the event; `attempt` counts how often it was shown that, 1, 2, …"""

    __slots__ = ("asset_event", "attempt")

    is_of_event = True

    def __init__(self, sensor_name: str | None, asset_event: EventLogRecord, attempt: int = 1, **options: Any) -> None:
        """Make a context; `options` are those of every context."""
        super().__init__(sensor_name, **options)
        self.asset_event = asset_event
        self.attempt = attempt

    def update_cursor(self, cursor: str | None) -> None:
        """Raise InvalidResult: the server keeps the cursor of such a sensor."""
        raise InvalidResult(KEPT_CURSOR)


class AssetSensorDefinition(ReactingSensorDefinition):
    """A sensor whose function is called for each materialization of `asset_key`."""

    kind = SensorKind.ASSET

    @known_keywords("AssetSensorDefinition")
    def __init__(
        self,
        name: str | None,
        asset_key: CoercibleToAssetKey,
        job_name: str | None = None,
        asset_materialization_fn: EvaluationFunction | None = None,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        job: JobDefinition | None = None,
        jobs: Iterable[JobDefinition] | None = None,
        default_status: SensorStatus = SensorStatus.STOPPED,
        required_resource_keys: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Target | None = None,
        owners: Iterable[str] | None = None,
        timeout: float | None = None,
        failures_before_pause: int | None = None,
        max_lag: float | None = None,
        max_attempts: int | None = None,
    ) -> None:
        """Define a sensor; raises DefinitionError. The options are those of `asset_sensor`."""
        if asset_materialization_fn is None:
            raise DefinitionError("An AssetSensorDefinition needs its function: pass asset_materialization_fn=.")
        function = asset_materialization_fn
        called, takes = _of_event(function)
        super().__init__(
            name_of(function, name, "sensor"),
            evaluation_fn=called,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description_of(function, description),
            job=job,
            jobs=jobs,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            timeout=timeout,
            failures_before_pause=failures_before_pause,
            max_lag=max_lag,
        )
        self.__doc__ = function.__doc__
        self.is_async = is_async(function)
        self.asset_key = AssetKey.from_coercible(asset_key)
        self.max_attempts = checked_attempts(self.name, max_attempts)
        self._called = function
        self._takes = takes

    def context_of(self, event: SensorEvent, instruction: EvaluationInstruction, sink: Sink) -> AssetSensorContext:
        """Return the context with which the function is called for `event`."""
        assert event.asset is not None
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        return AssetSensorContext(
            self.name,
            EventLogRecord(event.asset),
            event.attempt,
            cursor=instruction.cursor,
            last_tick_completion_time=last.timestamp() if last else None,
            last_sensor_start_time=started.timestamp() if started else None,
            sink=sink,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a test, with the context and the event as far as it takes them.

        Resources are given as keywords, or with the context. Raises InvocationError for other arguments.
        """
        resources: Any = {key: kwargs.pop(key) for key in self.required_resource_keys & kwargs.keys()}
        given = len(args) + len(kwargs)
        if given != self._takes:
            raise InvocationError(
                f'Sensor "{self.name}" is called with what its function takes, of the context and the asset event:'
                f" {self._takes} arguments, not {given}; resources are passed as keywords."
            )
        context = next((one for one in (*args, *kwargs.values()) if isinstance(one, SensorEvaluationContext)), None)
        if context is not None:
            context.adopt(self.name)
            context.add_resources(f'Sensor "{self.name}"', resources, self.required_resource_keys)
            resources = context.resources if self.function.resource_names else {}
        named = {name: resources[name] for name in self.function.resource_names}
        return self._called(*args, **kwargs, **named)

    def spec(self, selected: Selected | None = None) -> SensorSpec:
        """Return the sensor as data."""
        return msgspec.structs.replace(
            super().spec(selected), monitors=AssetMonitor((self.asset_key.parts,), self.max_attempts)
        )


def _of_event(function: EvaluationFunction) -> tuple[EvaluationFunction, int]:
    """Return a function of a context that knows its event, which calls `function`; and how many of the two that takes.

    Resources go by their parameters as anywhere. Raises DefinitionError for more parameters.
    """
    parameters = [one for one in parameters_of(function, "sensor") if one.kind is not inspect.Parameter.VAR_KEYWORD]
    resources = resource_parameters(function, parameters)
    wanting = [one for one in parameters if one.name not in resources and one.default is inspect.Parameter.empty]
    takes = 2 if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in wanting) else len(wanting)
    if takes > 2:  # the context and the event
        raise DefinitionError(
            f"The asset sensor {shown(function)} takes the context, the asset event and resources, no more."
        )

    def called(context: AssetSensorContext, **given: Any) -> Any:
        return function(*(context, context.asset_event)[:takes], **given)

    keyed = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation_if_known(function, one))
        for one in parameters
        if one.name in resources
    ]
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_ONLY)
    vars(called)["__signature__"] = inspect.Signature([first, *keyed])
    return called, takes


def asset_sensor(
    asset_key: CoercibleToAssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    job: JobDefinition | None = None,
    jobs: Iterable[JobDefinition] | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    required_resource_keys: Any = None,
    **options: Any,
) -> Callable[[EvaluationFunction], AssetSensorDefinition]:
    """Make a sensor of a function that is called for each materialization of an asset, with the context and the event.

    Every materialization is shown to it, in order and as soon as it is committed, whoever told it: a run of any code
    location, a sensor, a report. Its first start begins with what happens from then on; what happens while it is
    stopped is handled once it is started again. A function that raises is called again with the same event, after a
    second, then twice as long each time, `max_attempts` times in all (10 unless given); then the event is recorded as
    given up, and passed. Other options (tags, metadata, target, owners, timeout, failures_before_pause, max_lag) are
    those of `sensor`; `timeout` counts for each event. Raises DefinitionError.
    """

    def define(function: EvaluationFunction) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name,
            asset_key,
            job_name,
            function,
            minimum_interval_seconds,
            description,
            job,
            jobs,
            default_status,
            required_resource_keys,
            **options,
        )

    return define
