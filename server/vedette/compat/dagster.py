"""The names of `dagster`, for projects that come from there: change the import, or make this module stand for it.

    from vedette.compat.dagster import RunRequest, job, op, sensor

    import sys, vedette.compat.dagster            # or, before the project's own imports
    sys.modules["dagster"] = vedette.compat.dagster

A name that Vedette does not have can be imported too; using it raises DefinitionError, which names it.
"""

import logging
from pathlib import Path
from typing import Any

from vedette import authors, errors
from vedette.compat.missing import Missing
from vedette.compat.upstream_names import NAMES
from vedette.domain.events import RunEventKind
from vedette.domain.runs import RunStatus

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
    "DagsterRunStatus": RunStatus,
    "DagsterUnknownResourceError": errors.UnknownResource,
    "DagsterUnknownPartitionError": errors.UnknownPartition,
}

_REMEDIES = {
    "schedule": _SCHEDULES,
    "ScheduleDefinition": _SCHEDULES,
    "build_schedule_from_partitioned_job": _SCHEDULES,
    "repository": "give what it returns to Definitions(jobs=…, sensors=…)",
}


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
