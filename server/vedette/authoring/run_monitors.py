"""Whose runs a sensor reacts to: jobs, jobs of other code locations, whole code locations, or all there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vedette.authoring.targets import LikeJob
from vedette.authoring.text import shown
from vedette.domain.catalog import MonitoredJob, RunMonitor
from vedette.domain.runs import RunStatus
from vedette.errors import DefinitionError


@dataclass(frozen=True)
class JobSelector:
    """A job by name, of another code location or (None) of the sensor's own."""

    location_name: str | None = None
    repository_name: str | None = None
    job_name: str | None = None


@dataclass(frozen=True)
class RepositorySelector:
    """All jobs of a code location; a code location is one repository here, whatever that is called."""

    location_name: str
    repository_name: str | None = None


@dataclass(frozen=True)
class CodeLocationSelector:
    """All jobs of a code location."""

    location_name: str


Monitored = LikeJob | JobSelector | RepositorySelector | CodeLocationSelector


def run_monitor(sensor_name: str, status: object, monitored: object, everywhere: object, attempts: int) -> RunMonitor:
    """Return what a sensor watches; raises DefinitionError."""
    if not isinstance(status, RunStatus):
        names = ", ".join(RunStatus)
        raise DefinitionError(f'run_status of sensor "{sensor_name}" is a RunStatus ({names}), not {shown(status)}.')
    if everywhere and monitored is not None:
        raise DefinitionError(
            f'Sensor "{sensor_name}" has monitored_jobs and monitor_all_code_locations: give one of the two.'
        )
    if monitored is not None and (isinstance(monitored, str) or not isinstance(monitored, Iterable)):
        raise DefinitionError(
            f'monitored_jobs of sensor "{sensor_name}" is a list of jobs and selectors, not {shown(monitored)}.'
        )
    jobs = () if monitored is None else tuple(_monitored(sensor_name, one) for one in monitored)
    if monitored is not None and not jobs:
        raise DefinitionError(
            f'monitored_jobs of sensor "{sensor_name}" is empty, so that it would never be called; name a job, or leave'
            " it out to watch all jobs of the code location."
        )
    return RunMonitor(status, bool(everywhere), jobs, attempts)


def _monitored(sensor_name: str, one: Any) -> MonitoredJob:
    if isinstance(one, RepositorySelector | CodeLocationSelector):
        return MonitoredJob(one.location_name)
    if isinstance(one, JobSelector):
        if not isinstance(one.job_name, str):
            raise DefinitionError(f'A JobSelector of sensor "{sensor_name}" has no job_name; give it one.')
        return MonitoredJob(one.location_name, one.job_name)
    # Whatever a project runs by name: a job, a graph, a job of assets.
    name = getattr(one, "name", None)
    if isinstance(one, str) or not isinstance(name, str):
        raise DefinitionError(
            f'monitored_jobs of sensor "{sensor_name}" holds {shown(one)}: it takes jobs, JobSelector,'
            " RepositorySelector and CodeLocationSelector."
        )
    return MonitoredJob(None, name)
