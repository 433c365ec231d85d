"""What a sensor asks for runs of: exactly one of the arguments job_name, job, jobs and target, or none at all."""

from collections.abc import Iterable, Mapping
from typing import Any

from vedette.authoring.jobs import JobDefinition
from vedette.authoring.naming import checked_name
from vedette.authoring.text import shown
from vedette.errors import DefinitionError

Target = JobDefinition | Iterable[JobDefinition]

_LATER = {
    "asset_selection": "assets",
}


def refuse_later(sensor_name: str, given: Mapping[str, object]) -> None:
    """Raise DefinitionError for an argument whose meaning comes with a later version."""
    for name, value in given.items():
        if value is not None:
            raise DefinitionError(
                f'Sensor "{sensor_name}" has {name}=, which needs {_LATER[name]}:'
                " this version of Vedette does not have them yet; leave it out."
            )


def targets_of(
    sensor_name: str, job_name: str | None, job: JobDefinition | None, jobs: Iterable[JobDefinition] | None, target: Any
) -> dict[str, JobDefinition | None]:
    """Return the targets by name; a job known by name only is None. Raises DefinitionError."""
    candidates = {"job_name": job_name, "job": job, "jobs": jobs, "target": target}
    given = [name for name, value in candidates.items() if value is not None]
    if len(given) > 1:
        raise DefinitionError(
            f'Sensor "{sensor_name}" has {" and ".join(given)}: give one of job_name, job, jobs and target.'
        )
    if job_name is not None:
        return {_name(sensor_name, job_name): None}
    if job is not None:
        return {_job(sensor_name, "job", job).name: job}
    if jobs is not None:
        return _several(sensor_name, "jobs", jobs)
    if isinstance(target, JobDefinition):
        return {target.name: target}
    return {} if target is None else _several(sensor_name, "target", target)


def _name(sensor_name: str, job_name: object) -> str:
    if not isinstance(job_name, str):
        raise DefinitionError(
            f'job_name of sensor "{sensor_name}" is a str, not {shown(job_name)}; a job itself goes into job=.'
        )
    return checked_name(job_name, "job")


def _job(sensor_name: str, argument: str, job: object) -> JobDefinition:
    if not isinstance(job, JobDefinition):
        remedy = " Pass a job's name as job_name=." if isinstance(job, str) else ""
        raise DefinitionError(f'{argument}= of sensor "{sensor_name}" takes a job, not {shown(job)}.{remedy}')
    return job


def _several(sensor_name: str, argument: str, jobs: object) -> dict[str, JobDefinition | None]:
    if isinstance(jobs, str) or not isinstance(jobs, Iterable):
        raise DefinitionError(f'{argument}= of sensor "{sensor_name}" takes jobs, not {shown(jobs)}.')
    found: dict[str, JobDefinition | None] = {}
    for job in jobs:
        checked = _job(sensor_name, argument, job)
        if found.get(checked.name, checked) is not checked:
            raise DefinitionError(f'Sensor "{sensor_name}" targets two different jobs called "{checked.name}".')
        found[checked.name] = checked
    return found
