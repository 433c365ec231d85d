"""Sensors: functions that watch something outside and ask for runs."""

import copy
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar

from vedette.authoring import in_process
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.selection import Selected
from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.logs import Sink
from vedette.authoring.naming import description_of, name_of, normalised_tags
from vedette.authoring.resources.definition import checked_keys
from vedette.authoring.sensor_functions import SensorFunction
from vedette.authoring.targets import AnyJob, LikeJob, Target, selection_of, targets_of
from vedette.authoring.text import as_json, shown
from vedette.authoring.watches import Watch, watched
from vedette.domain.assets import AssetKey
from vedette.domain.catalog import ASSET_JOB, SensorKind, SensorSpec, SensorStatus
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.errors import DefinitionError, InvocationError

DefaultSensorStatus = SensorStatus
EvaluationFunction = Callable[..., Any]
Given = TypeVar("Given")
Kept = TypeVar("Kept")
Otherwise = TypeVar("Otherwise", float, None)

DEFAULT_INTERVAL_SECONDS = 30.0
DEFAULT_TIMEOUT_SECONDS = 60.0


class SensorDefinition:
    """A sensor. `targets` are the jobs it may ask runs of, by name; a job given by name only is None there."""

    kind = SensorKind.STANDARD
    # Whether its evaluations are told what is wrong with sensors.
    watches_sensors = False

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: EvaluationFunction | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        job: LikeJob | None = None,
        jobs: Iterable[LikeJob] | None = None,
        default_status: SensorStatus = SensorStatus.STOPPED,
        asset_selection: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Target | None = None,
        owners: Iterable[str] | None = None,
        timeout: float | None = None,
        failures_before_pause: int | None = None,
        max_lag: float | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Define a sensor; raises DefinitionError. The options are those of `sensor`."""
        if evaluation_fn is None:
            raise DefinitionError("A SensorDefinition needs its function: pass evaluation_fn=.")
        self.function = SensorFunction(evaluation_fn, SensorEvaluationContext)
        self.name = name_of(evaluation_fn, name, "sensor")
        self.description = description_of(evaluation_fn, description)
        named = checked_keys(f'sensor "{self.name}"', required_resource_keys)
        self.required_resource_keys = named | frozenset(self.function.resource_names)
        self.targets = targets_of(self.name, job_name, job, jobs, target, asset_selection)
        self.asset_selection = selection_of(self.name, target, asset_selection)
        self.minimum_interval_seconds = self._interval(minimum_interval_seconds)
        self.timeout = self._positive("timeout", timeout, DEFAULT_TIMEOUT_SECONDS)
        self.max_lag = self._positive("max_lag", max_lag, None)
        self.failures_before_pause = self._failures(failures_before_pause)
        self.watch, self.waits = self._checked("watch", watched, watch)
        self.default_status = self._status(default_status)
        self.tags = self._checked("tags", normalised_tags, tags)
        self.metadata: dict[str, Any] = self._checked("metadata", _metadata, metadata)
        self.owners = self._checked("owners", _owners, owners)
        self.is_async = self.function.is_async
        functools.update_wrapper(self, evaluation_fn, updated=())

    def _checked(self, what: str, check: Callable[[Given], Kept], value: Given) -> Kept:
        try:
            return check(value)
        except ValueError as error:
            raise DefinitionError(f'The {what} of sensor "{self.name}" are wrong: {error}') from None

    def _interval(self, value: float | None) -> float:
        if value is None:
            return DEFAULT_INTERVAL_SECONDS
        if not _is_finite(value) or value < 0:
            raise DefinitionError(
                f'minimum_interval_seconds of sensor "{self.name}" is 0 or more seconds, not {shown(value)}.'
            )
        return float(value)

    def _positive(self, what: str, value: float | None, otherwise: Otherwise) -> float | Otherwise:
        if value is None:
            return otherwise
        if not _is_finite(value) or value <= 0:
            raise DefinitionError(f'{what} of sensor "{self.name}" is a number of seconds above 0, not {shown(value)}.')
        return float(value)

    def _failures(self, value: object) -> int | None:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise DefinitionError(
                f'failures_before_pause of sensor "{self.name}" is a whole number, 0 or more, not {shown(value)}.'
            )
        return value

    def _status(self, value: object) -> SensorStatus:
        if not isinstance(value, SensorStatus):
            raise DefinitionError(
                f'default_status of sensor "{self.name}" is a DefaultSensorStatus, not {shown(value)}.'
            )
        return value

    @property
    def sensor_type(self) -> SensorKind:
        """Return what it watches."""
        return self.kind

    @property
    def job_names(self) -> tuple[str, ...]:
        """Return the names of the jobs that the sensor may ask runs of."""
        return tuple(self.targets)

    @property
    def jobs(self) -> tuple[AnyJob, ...]:
        """Return the jobs that were passed as objects."""
        return tuple(one for one in self.targets.values() if one is not None)

    @property
    def job_name(self) -> str:
        """Return the name of the one job; raises InvocationError where there is none or several."""
        if len(self.targets) != 1:
            raise InvocationError(f'Sensor "{self.name}" has {len(self.targets)} jobs; use job_names.')
        return next(iter(self.targets))

    @property
    def job(self) -> AnyJob:
        """Return the one job; raises InvocationError where there is none, several, or only a name of it."""
        found = self.targets[self.job_name]
        if found is None:
            raise InvocationError(f'Sensor "{self.name}" knows its job by name only; use job_name.')
        return found

    def with_updated_jobs(self, new_jobs: Iterable[LikeJob]) -> Self:
        """Return a copy with other jobs."""
        other = copy.copy(self)
        other.targets = targets_of(self.name, None, None, new_jobs, None)
        other.asset_selection = None
        return other

    def with_updated_job(self, new_job: LikeJob) -> Self:
        """Return a copy with another job."""
        return self.with_updated_jobs([new_job])

    def watched_assets(self, graph: AssetGraph) -> tuple[AssetKey, ...]:
        """Return the assets whose materializations make it due, and of which its evaluations are told."""
        return ()

    def new_context(self, instruction: EvaluationInstruction, sink: Sink) -> SensorEvaluationContext:
        """Return the context of the evaluation that is asked for; its log lines go to `sink`."""
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        return SensorEvaluationContext(
            self.name,
            instruction.cursor,
            last.timestamp() if last else None,
            started.timestamp() if started else None,
            sink,
        )

    def call(self, context: SensorEvaluationContext) -> Any:
        """Call the function with its context, which has its resources."""
        return self.function(context, context.resources if self.function.resource_names else {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a test and return what it returns; resources may be given as keywords.

        Raises InvocationError for other arguments.
        """
        resources = {key: kwargs.pop(key) for key in self.required_resource_keys & kwargs.keys()}
        context = self._context_of(args, kwargs)
        if isinstance(context, SensorEvaluationContext):
            context.adopt(self.name)
            context.add_resources(f'Sensor "{self.name}"', resources, self.required_resource_keys)
            return self.call(context)
        if missing := sorted(self.required_resource_keys - resources.keys()):
            raise InvocationError(
                f'Sensor "{self.name}" requires the resource "{missing[0]}", which was not provided: pass'
                f" {missing[0]}=..., or build_sensor_context(resources={{{missing[0]!r}: ...}})."
            )
        return self.function(context, resources)

    def _context_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if len(args) > 1:
            raise InvocationError(
                f'Sensor "{self.name}" is called with one argument, its context, not {len(args)}; resources are passed'
                " as keywords."
            )
        given = [*args, *kwargs.values()]
        if len(given) > 1:
            raise InvocationError(f'Sensor "{self.name}" is called with one argument, its context, not {len(given)}.')
        name = self.function.context_name
        if name is None:
            if given and not isinstance(given[0], SensorEvaluationContext):
                raise InvocationError(f'The function of sensor "{self.name}" takes no argument but resources.')
            return given[0] if given else None
        if not given:
            raise InvocationError(f'Sensor "{self.name}" expects its context: pass build_sensor_context().')
        if kwargs and name not in kwargs:
            raise InvocationError(f'Sensor "{self.name}" expects the argument "{name}".')
        return given[0]

    def evaluate_tick(self, context: SensorEvaluationContext | None = None) -> Evaluation:
        """Evaluate the sensor here and now, as a tick would, and return what it came to; nothing is recorded.

        Async sensors are run, requests are validated; what the function raises is the evaluation's `error`.
        """
        return in_process.engine().evaluate(self, context or SensorEvaluationContext(self.name))

    def spec(self, selected: Selected | None = None) -> SensorSpec:
        """Return the sensor as data; `selected` is what its asset_selection comes to."""
        return SensorSpec(
            name=self.name,
            kind=self.kind,
            description=self.description,
            tags=self.tags,
            owners=self.owners,
            metadata=self.metadata,
            job_names=self.job_names if selected is None else (ASSET_JOB,),
            asset_keys=() if selected is None else tuple(sorted(key.parts for key in selected.assets)),
            minimum_interval_seconds=self.minimum_interval_seconds,
            timeout_seconds=self.timeout,
            default_status=self.default_status,
            failures_before_pause=self.failures_before_pause,
            max_lag_seconds=self.max_lag,
            watch=self.watch,
            waits=self.waits is not None,
            watches_sensors=self.watches_sensors,
        )

    def __repr__(self) -> str:
        """Show the name."""
        return f"<sensor {self.name}>"


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _metadata(metadata: object) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(isinstance(key, str) for key in metadata):
        raise ValueError(f"it is a mapping of str to JSON values, not {shown(metadata)}.")
    try:
        plain: dict[str, Any] = as_json(dict(metadata))
    except ValueError as error:
        raise ValueError(f"it {error}.") from None
    return plain


def _owners(owners: object) -> tuple[str, ...]:
    if owners is None:
        return ()
    if isinstance(owners, str) or not isinstance(owners, Iterable):
        raise ValueError(f"they are a list of e-mail addresses or team names, not {shown(owners)}.")
    found = tuple(owners)
    for owner in found:
        if not isinstance(owner, str) or not owner:
            raise ValueError(f"{shown(owner)} is no e-mail address or team name.")
    return found
