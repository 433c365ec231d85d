"""The assets and checks that a run request asks for."""

from vedette.authoring.assets.jobs import AssetJob
from vedette.authoring.definitions import Definitions
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensors import SensorDefinition
from vedette.domain.assets import Path
from vedette.errors import InvalidResult

Checks = tuple[tuple[Path, str], ...]


def job_of_request(sensor: SensorDefinition, name: str, definitions: Definitions | None) -> JobDefinition | None:
    """Return the job `name`; None where it is not known here."""
    job = sensor.targets.get(name)
    if isinstance(job, JobDefinition):
        return job
    if definitions is None:
        return None
    return definitions.get_job_def(name)


def asked_assets(
    sensor: SensorDefinition, request: RunRequest, job: JobDefinition | None, definitions: Definitions | None
) -> tuple[tuple[Path, ...] | None, Checks | None]:
    """Return the keys of the assets and checks to make; both None in a run of a whole job.

    Raises InvalidResult for assets that the sensor does not ask for, and for a job that makes none.
    """
    asked = None if request.asset_selection is None else tuple(key.parts for key in request.asset_selection)
    checks = None
    if request.asset_check_keys is not None:
        checks = tuple((key.asset_key.parts, key.name) for key in request.asset_check_keys)
    if sensor.asset_selection is not None:
        return _of_selection(sensor, asked, checks, definitions)
    if request.stale_assets_only and asked is None and isinstance(job, AssetJob):
        return tuple(sorted(key.parts for key in job.asset_keys)), checks
    if request.stale_assets_only and not isinstance(job, AssetJob) and job is not None:
        raise InvalidResult(f'it has stale_assets_only, but job "{job.name}" makes no assets.')
    return asked, checks


def _of_selection(
    sensor: SensorDefinition, asked: tuple[Path, ...] | None, checks: Checks | None, definitions: Definitions | None
) -> tuple[tuple[Path, ...] | None, Checks | None]:
    selected = None if definitions is None else definitions.selected_by(sensor)
    if selected is None:
        return asked, checks
    mine = {key.parts for key in selected.assets}
    if outside := [path for path in asked or () if path not in mine]:
        there = ", ".join("/".join(path) for path in sorted(mine)[:20])
        raise InvalidResult(
            f'its asset "{"/".join(outside[0])}" is not among those that the sensor asks for ({there}).'
        )
    its_checks = {(key.parts, name) for key, name in selected.checks}
    for path, name in checks or ():
        if (path, name) not in its_checks:
            raise InvalidResult(
                f'its check "{name}" of "{"/".join(path)}" is not among those that the sensor asks for.'
            )
    if asked is None and checks is None:
        return tuple(sorted(mine)), tuple(sorted(its_checks)) or None
    return asked, checks
