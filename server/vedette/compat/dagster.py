"""The names of `dagster`, for projects that come from there: change the import, or make this module stand for it.

    from vedette.compat.dagster import RunRequest, job, op, sensor

    import sys, vedette.compat.dagster            # or, before the project's own imports
    sys.modules["dagster"] = vedette.compat.dagster

A name that Vedette does not have can be imported too; using it raises DefinitionError, which names it.
"""

import logging
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

from vedette import authors, errors
from vedette.authoring.definitions import Definitions
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.run_status_contexts import RunStatusSensorContext
from vedette.authoring.sensors import SensorDefinition
from vedette.compat.missing import Missing
from vedette.compat.upstream_names import NAMES
from vedette.domain.events import RunEventKind

_SCHEDULES = "Vedette evaluates sensors; let cron or a systemd timer call `vedette run launch`"

# Upstream's names of what is called otherwise here.
_SPELLINGS: dict[str, Any] = {
    "DagsterError": errors.VedetteError,
    "DagsterEventType": RunEventKind,
    "DagsterInvalidConfigDefinitionError": errors.DefinitionError,
    "DagsterInvalidConfigError": errors.InvalidConfig,
    "DagsterInvalidDefinitionError": errors.DefinitionError,
    "DagsterInvalidInvocationError": errors.InvocationError,
    "DagsterInvariantViolationError": errors.InvalidResult,
    "DagsterEvent": authors.RunEvent,
    "DagsterRun": authors.Run,
    "DagsterRunReaction": authors.RunReaction,
    "DagsterRunStatus": authors.RunStatus,
    "DagsterUnknownResourceError": errors.UnknownResource,
    "DagsterUnknownPartitionError": errors.UnknownPartition,
}

_REMEDIES = {
    "schedule": _SCHEDULES,
    "ScheduleDefinition": _SCHEDULES,
    "build_schedule_from_partitioned_job": _SCHEDULES,
}

# Upstream's attributes of what is called otherwise here: set on our classes, so that whoever is given one finds them.
_ATTRIBUTES: dict[type, dict[str, str]] = {
    RunStatusSensorContext: {"dagster_run": "run", "dagster_event": "event"},
}


def _spell_attributes() -> None:
    for owner, names in _ATTRIBUTES.items():
        for theirs, ours in names.items():
            setattr(owner, theirs, property(attrgetter(ours)))


_spell_attributes()


def repository(*args: Any, **kwargs: Any) -> Any:
    """Make Definitions of what a function returns: a list of jobs and sensors. With or without parentheses."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return _definitions(args[0]())
    return lambda function: _definitions(function())


def _definitions(items: Iterable[Any]) -> Definitions:
    listed = list(items)
    jobs = [item for item in listed if isinstance(item, JobDefinition)]
    sensors = [item for item in listed if isinstance(item, SensorDefinition)]
    if others := [item for item in listed if not isinstance(item, JobDefinition | SensorDefinition)]:
        raise errors.DefinitionError(
            f"A repository here is a list of jobs and sensors, not {others[0]!r}: give the rest to Definitions."
        )
    return Definitions(jobs=jobs, sensors=sensors)


def get_dagster_logger(name: str | None = None) -> logging.Logger:
    """Return a logger of the standard library: its lines are kept with the tick or the run."""
    return logging.getLogger(name or "dagster")


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """Return a path given relative to a module's `__file__`."""
    return str(Path(dunderfile).parent / relative_path)


def __getattr__(name: str) -> Any:
    """Return what upstream calls `name`; for what is not here, something that says so when it is used."""
    if name in _SPELLINGS:
        return _SPELLINGS[name]
    if name in authors.__all__:
        return getattr(authors, name)
    if name in NAMES:
        return Missing(name, _REMEDIES.get(name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return upstream's names."""
    return sorted(NAMES)
