"""What a sensor asks for runs of: exactly one of job_name, job, jobs, target and asset_selection, or none."""

from collections.abc import Iterable
from typing import Any

from vedette.authoring.assets.definition import AssetsDefinition
from vedette.authoring.assets.jobs import UnresolvedAssetJobDefinition
from vedette.authoring.assets.selection import AssetSelection
from vedette.authoring.graphs import GraphDefinition, as_job
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.naming import checked_name
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.errors import DefinitionError

AnyJob = JobDefinition | UnresolvedAssetJobDefinition
# What may stand for a job: a graph is made into one.
LikeJob = AnyJob | GraphDefinition
Target = LikeJob | AssetSelection | str | Iterable[Any]


def selection_of(sensor_name: str, target: Any, asset_selection: Any) -> AssetSelection | None:
    """Return the assets that a sensor asks for; None where it asks for runs of jobs. Raises DefinitionError."""
    selection = asset_selection if asset_selection is not None else target if is_selection(target) else None
    if selection is None:
        return None
    try:
        return AssetSelection.from_coercible(selection)
    except DefinitionError as error:
        raise DefinitionError(f'The assets that sensor "{sensor_name}" is to ask for are wrong: {error}') from None


def is_selection(target: Any) -> bool:
    """Tell whether what was given as target means assets, not jobs."""
    if isinstance(target, str | AssetSelection | AssetKey | AssetsDefinition):
        return True
    if not isinstance(target, list | tuple):
        return False
    return any(isinstance(one, str | AssetSelection | AssetKey | AssetsDefinition) for one in target)


def targets_of(
    sensor_name: str,
    job_name: str | None,
    job: LikeJob | None,
    jobs: Iterable[LikeJob] | None,
    target: Any,
    asset_selection: Any = None,
) -> dict[str, AnyJob | None]:
    """Return the jobs by name; a job known by name only is None. Raises DefinitionError."""
    candidates = {
        "job_name": job_name, "job": job, "jobs": jobs, "target": target, "asset_selection": asset_selection
    }  # fmt: skip
    given = [name for name, value in candidates.items() if value is not None]
    if len(given) > 1:
        raise DefinitionError(
            f'Sensor "{sensor_name}" has {" and ".join(given)}:'
            " give one of job_name, job, jobs, target and asset_selection."
        )
    if job_name is not None:
        return {_name(sensor_name, job_name): None}
    if job is not None:
        return _several(sensor_name, "job", [job])
    if jobs is not None:
        return _several(sensor_name, "jobs", jobs)
    target = as_job(target)
    if isinstance(target, AnyJob):
        return {target.name: target}
    return {} if target is None or is_selection(target) else _several(sensor_name, "target", target)


def _name(sensor_name: str, job_name: object) -> str:
    if not isinstance(job_name, str):
        raise DefinitionError(
            f'job_name of sensor "{sensor_name}" is a str, not {shown(job_name)}; a job itself goes into job=.'
        )
    return checked_name(job_name, "job")


def _job(sensor_name: str, argument: str, given: object) -> AnyJob:
    job = as_job(given)
    if not isinstance(job, AnyJob):
        remedy = " Pass a job's name as job_name=." if isinstance(job, str) else ""
        raise DefinitionError(f'{argument}= of sensor "{sensor_name}" takes a job, not {shown(job)}.{remedy}')
    return job


def _several(sensor_name: str, argument: str, jobs: object) -> dict[str, AnyJob | None]:
    if isinstance(jobs, str) or not isinstance(jobs, Iterable):
        raise DefinitionError(f'{argument}= of sensor "{sensor_name}" takes jobs, not {shown(jobs)}.')
    found: dict[str, AnyJob | None] = {}
    for job in jobs:
        checked = _job(sensor_name, argument, job)
        if found.get(checked.name, checked) is not checked:
            raise DefinitionError(f'Sensor "{sensor_name}" targets two different jobs called "{checked.name}".')
        found[checked.name] = checked
    return found
