"""Makes runs to be of run requests: finds each one's job and has the job check its config."""

from collections.abc import Iterable

from vedette.authoring.assets.jobs import part_of
from vedette.authoring.dedups import as_data
from vedette.authoring.definitions import Definitions
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.run_configs import checked_json
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensors import SensorDefinition
from vedette.domain.catalog import ASSET_JOB
from vedette.domain.ticks import RequestedRun
from vedette.errors import InvalidResult, VedetteError
from vedette.execution.requested_assets import asked_assets, job_of_request
from vedette.execution.requested_partitions import needed_keys

_DETAILED = 50


def resolve(
    sensor: SensorDefinition, requests: tuple[RunRequest, ...], definitions: Definitions | None
) -> tuple[RequestedRun, ...]:
    """Return the requests as data, with the job's tags beneath each one's own.

    Raises one InvalidResult that names every bad request. Without `definitions`, a job that the sensor knows by name
    only is not asked about its config.
    """
    resolved: list[RequestedRun] = []
    faults: list[tuple[int, str]] = []
    for number, request in enumerate(requests, 1):
        try:
            resolved.append(_resolved(sensor, request, definitions))
        except VedetteError as error:
            faults.append((number, f"run request {number}{_named(request)}: {error}"))
    if faults:
        raise InvalidResult(_report(sensor.name, faults, len(requests)))
    return tuple(resolved)


def _resolved(sensor: SensorDefinition, request: RunRequest, definitions: Definitions | None) -> RequestedRun:
    name = _target(sensor, request)
    job = job_of_request(sensor, name, definitions)
    assets, checks = asked_assets(sensor, request, job, definitions)
    if job is not None and (assets is not None or checks is not None):
        job = part_of(job, assets, checks)
    needed = needed_keys(job, request)
    config = checked_json(request.run_config) if request.run_config else {}
    if job is not None:
        if job.partitioned_config is not None:
            config = dict(job.effective_config(config, request.partition_key))
        job.resolve_config(config)
        config = job.shape.marked(config)
    dedup, ttl_seconds = as_data(request.dedup)
    return RequestedRun(
        job_name=name,
        run_key=request.run_key,
        run_config=config,
        tags=_tags(job, request),
        partition_key=request.partition_key,
        dedup=dedup,
        ttl_seconds=ttl_seconds,
        needed_keys=needed,
        asset_selection=assets,
        asset_checks=checks,
        stale_assets_only=request.stale_assets_only,
    )


def _tags(job: JobDefinition | None, request: RunRequest) -> dict[str, str]:
    if job is None:
        return request.tags
    of_partition = job.tags_of_partition(request.partition_key)
    return {**job.tags, **of_partition, **request.tags} if job.tags or of_partition else request.tags


def _target(sensor: SensorDefinition, request: RunRequest) -> str:
    names = sensor.job_names if sensor.asset_selection is None else (ASSET_JOB,)
    if not names:
        raise InvalidResult(
            "the sensor lacks a target; give @sensor one of job, jobs, job_name, target and asset_selection before it"
            " asks for runs."
        )
    if request.job_name is None:
        if len(names) == 1:
            return names[0]
        raise InvalidResult(f"it did not specify job_name; expected one of: {', '.join(names)}.")
    if request.job_name not in names:
        raise InvalidResult(
            f'its job "{request.job_name}" is no target of the sensor; expected one of: {", ".join(names)}.'
        )
    return request.job_name


def _named(request: RunRequest) -> str:
    return "" if request.run_key is None else f' (run_key "{request.run_key[:100]}")'


def _report(sensor_name: str, faults: list[tuple[int, str]], total: int) -> str:
    texts = [text.rstrip(".") for _, text in faults[:_DETAILED]]
    if len(faults) > _DETAILED:
        texts.append(f"and run requests {_ranges(number for number, _ in faults[_DETAILED:])}")
    return f'Sensor "{sensor_name}" made {_counted(len(faults))} of {total}: {"; ".join(texts)}.'


def _counted(faults: int) -> str:
    return f"{faults} bad run request" + ("s" if faults > 1 else "")


def _ranges(numbers: Iterable[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)
