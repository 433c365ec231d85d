"""The decorator that makes a sensor of a function."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from vedette.authoring.keywords import known_keywords
from vedette.authoring.sensors import EvaluationFunction, SensorDefinition
from vedette.authoring.targets import LikeJob, Target
from vedette.authoring.watches import Watch
from vedette.domain.catalog import SensorStatus


@overload
def sensor(job_name: EvaluationFunction, /) -> SensorDefinition: ...
@overload
def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
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
) -> Callable[[EvaluationFunction], SensorDefinition]: ...
@known_keywords("@sensor")
def sensor(
    job_name: str | EvaluationFunction | None = None,
    *,
    name: str | None = None,
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
) -> SensorDefinition | Callable[[EvaluationFunction], SensorDefinition]:
    """Make a sensor of a function, sync or async, generator or not; with or without parentheses.

    The function takes the context, under any name, or nothing; and resources, as parameters that are annotated with
    their class or ResourceParam, and named as their keys. It returns or yields RunRequest, SkipReason or
    SensorResult, any iterable of them, or nothing. An evaluation may happen again after a crash; its requests and its
    cursor are committed once, but what the function itself does to the outside must be safe to repeat.

    job_name, job, jobs, target: the job or jobs that runs are asked of; one of the four, or none.
    minimum_interval_seconds: from start to start; 0 means again at once; 30 unless given.
    watch: a folder, a file or a list of them, with all that is in them, relative to the working directory of the
        evaluator: a change there makes the sensor due at once, or right after the evaluation that goes on. It is a
        hint: what could not be watched (the log says so) is seen at the interval, and one evaluation sees all changes
        since the last, so look at what is there. A sensor that writes into its own folder makes itself due again.
        After a failure it waits for its next try. Also a source, or anything else with `async def wait(self, cursor)`,
        which returns when there may be something new; that runs in a process beside the evaluations.
    timeout: seconds that one evaluation may take; 60 unless given.
    failures_before_pause: how many failures in a row pause it; 0 never does; as the settings say unless given.
    max_lag: seconds that it may be past due, or that an evaluation may hold up the next one, before it is OVERDUE,
        which alerts and metrics tell; 5, and however long an evaluation takes, unless given.
    default_status: whether it runs before anybody has started or stopped it.
    asset_selection: instead of jobs, the assets that runs make: keys, definitions, an AssetSelection or its text.
    required_resource_keys: resources that it uses as `context.resources`.

    Raises DefinitionError.
    """
    if callable(job_name):
        return SensorDefinition(evaluation_fn=job_name)

    def define(function: EvaluationFunction) -> SensorDefinition:
        return SensorDefinition(
            name,
            evaluation_fn=function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
            timeout=timeout,
            failures_before_pause=failures_before_pause,
            max_lag=max_lag,
            watch=watch,
        )

    return define
