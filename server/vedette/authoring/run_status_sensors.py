"""Sensors that react to what becomes of runs."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

import msgspec

from vedette.authoring.assets.selection import Selected
from vedette.authoring.keywords import known_keywords
from vedette.authoring.logs import Sink
from vedette.authoring.reacting_sensors import ReactingSensorDefinition, checked_attempts
from vedette.authoring.run_monitors import Monitored, run_monitor
from vedette.authoring.run_status_contexts import RunFailureSensorContext, RunStatusSensorContext
from vedette.authoring.sensors import EvaluationFunction
from vedette.authoring.targets import LikeJob
from vedette.domain.catalog import SensorKind, SensorSpec, SensorStatus
from vedette.domain.reactions import SensorEvent
from vedette.domain.runs import RunStatus
from vedette.domain.ticks import EvaluationInstruction


class RunStatusSensorDefinition(ReactingSensorDefinition):
    """A sensor whose function is called for each run that becomes `run_status`."""

    kind = SensorKind.RUN_STATUS
    context_type: type[RunStatusSensorContext] = RunStatusSensorContext

    @known_keywords("RunStatusSensorDefinition")
    def __init__(
        self,
        name: str | None,
        run_status: RunStatus,
        run_status_sensor_fn: EvaluationFunction,
        minimum_interval_seconds: float | None = None,
        description: str | None = None,
        monitored_jobs: Iterable[Monitored] | None = None,
        monitor_all_code_locations: bool | None = None,
        default_status: SensorStatus = SensorStatus.STOPPED,
        request_job: LikeJob | None = None,
        request_jobs: Iterable[LikeJob] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        required_resource_keys: Any = None,
        owners: Iterable[str] | None = None,
        timeout: float | None = None,
        failures_before_pause: int | None = None,
        max_lag: float | None = None,
        max_attempts: int | None = None,
    ) -> None:
        """Define a sensor; raises DefinitionError. The options are those of `run_status_sensor`."""
        super().__init__(
            name,
            evaluation_fn=run_status_sensor_fn,
            job=request_job,
            jobs=request_jobs,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            owners=owners,
            timeout=timeout,
            failures_before_pause=failures_before_pause,
            max_lag=max_lag,
        )
        attempts = checked_attempts(self.name, max_attempts)
        self.monitor = run_monitor(self.name, run_status, monitored_jobs, monitor_all_code_locations, attempts)

    @property
    def run_status(self) -> RunStatus:
        """Return what the runs have become that it reacts to."""
        return self.monitor.status

    def context_of(self, event: SensorEvent, instruction: EvaluationInstruction, sink: Sink) -> RunStatusSensorContext:
        """Return the context with which the function is called for `event`."""
        last, started = instruction.last_finished_at, instruction.sensor_started_at
        return self.context_type.of(
            self.name,
            event,
            sink,
            cursor=instruction.cursor,
            last_tick_completion_time=last.timestamp() if last else None,
            last_sensor_start_time=started.timestamp() if started else None,
        )

    def spec(self, selected: Selected | None = None) -> SensorSpec:
        """Return the sensor as data."""
        return msgspec.structs.replace(super().spec(selected), monitors=self.monitor)


class RunFailureSensorDefinition(RunStatusSensorDefinition):
    """A sensor whose function is called for each run that fails."""

    context_type = RunFailureSensorContext


def run_status_sensor(
    run_status: RunStatus,
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    request_job: LikeJob | None = None,
    request_jobs: Iterable[LikeJob] | None = None,
    monitor_all_repositories: bool | None = None,
    **options: Any,
) -> Callable[[EvaluationFunction], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that becomes `run_status`, sync or async.

    It is called as soon as that is committed, in order, with a RunStatusSensorContext; what the sensor makes of a run
    is recorded once, whatever crashes. It may return or yield RunRequest, SkipReason or SensorResult, or nothing: then
    it has reacted. Its first start begins with what happens from then on; what happens while it is stopped is handled
    once it is started again. A function that raises is called again for the same run after a second, then after twice
    as long each time, `max_attempts` times in all (10 unless given); later runs of the same job wait behind it, those
    of other jobs do not. Then that run is recorded as given up, and passed.

    monitored_jobs: jobs of this code location, JobSelector, CodeLocationSelector, RepositorySelector; all jobs of this
        code location unless given. `job_selection` is its old name.
    monitor_all_code_locations: the runs of every job there is. `monitor_all_repositories` is its old name.
    request_job, request_jobs: the jobs that it asks for runs of. Beware of asking for a run of a job that it watches.
    minimum_interval_seconds: how often to look whether anything was missed; it is due at once when a run concerns it.
    Other options (tags, metadata, owners, timeout, failures_before_pause, max_lag, required_resource_keys) are those of
        `sensor`; `timeout` counts for each run.

    Raises DefinitionError.
    """

    def define(function: EvaluationFunction) -> RunStatusSensorDefinition:
        return RunStatusSensorDefinition(
            name,
            run_status,
            function,
            minimum_interval_seconds,
            description,
            monitored_jobs if monitored_jobs is not None else job_selection,
            monitor_all_code_locations if monitor_all_code_locations is not None else monitor_all_repositories,
            default_status,
            request_job,
            request_jobs,
            **options,
        )

    return define


@overload
def run_failure_sensor(name: EvaluationFunction, /) -> RunFailureSensorDefinition: ...
@overload
def run_failure_sensor(
    name: str | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    request_job: LikeJob | None = None,
    request_jobs: Iterable[LikeJob] | None = None,
    monitor_all_repositories: bool | None = None,
    **options: Any,
) -> Callable[[EvaluationFunction], RunFailureSensorDefinition]: ...
def run_failure_sensor(
    name: str | EvaluationFunction | None = None,
    minimum_interval_seconds: float | None = None,
    description: str | None = None,
    monitored_jobs: Iterable[Monitored] | None = None,
    job_selection: Iterable[Monitored] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: SensorStatus = SensorStatus.STOPPED,
    request_job: LikeJob | None = None,
    request_jobs: Iterable[LikeJob] | None = None,
    monitor_all_repositories: bool | None = None,
    **options: Any,
) -> RunFailureSensorDefinition | Callable[[EvaluationFunction], RunFailureSensorDefinition]:
    """Make a sensor of a function that is called for each run that fails; with or without parentheses.

    It is called with a RunFailureSensorContext; all else is as with `run_status_sensor`. Raises DefinitionError.
    """

    def define(function: EvaluationFunction, given_name: str | None = None) -> RunFailureSensorDefinition:
        return RunFailureSensorDefinition(
            given_name,
            RunStatus.FAILURE,
            function,
            minimum_interval_seconds,
            description,
            monitored_jobs if monitored_jobs is not None else job_selection,
            monitor_all_code_locations if monitor_all_code_locations is not None else monitor_all_repositories,
            default_status,
            request_job,
            request_jobs,
            **options,
        )

    if callable(name):
        return define(name)
    return lambda function: define(function, name)
