"""The names of `dagster`, for projects that come from there: change the import, or make this module stand for it.

    from vedette.compat.dagster import RunRequest, job, op, sensor

    import sys, vedette.compat.dagster            # or, before the project's own imports
    sys.modules["dagster"] = vedette.compat.dagster

A name that Vedette does not have can be imported too; using it raises DefinitionError, which names it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from vedette import authors, errors
from vedette.alerts import make_email_on_run_failure_sensor
from vedette.authoring.asset_records import EventLogRecord
from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, SourceAsset
from vedette.authoring.assets.jobs import UnresolvedAssetJobDefinition
from vedette.authoring.assets.specs import AssetSpec
from vedette.authoring.definitions import Definitions
from vedette.authoring.graphs import GraphDefinition
from vedette.authoring.instance.records import RunRecord, RunStatusChangeRecord
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.run_status_contexts import RunStatusSensorContext
from vedette.authoring.sensors import SensorDefinition
from vedette.compat.missing import Missing
from vedette.compat.upstream_names import NAMES
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.runs import Run

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
    "DagsterInstance": authors.VedetteInstance,
    "DagsterInvalidSubsetError": errors.InvalidResult,
    "DagsterRunNotFoundError": errors.InvocationError,
    "IOManagerDefinition": authors.ResourceDefinition,
    "DagsterRun": authors.Run,
    "DagsterRunReaction": authors.RunReaction,
    "DagsterRunStatus": authors.RunStatus,
    "DagsterUnknownResourceError": errors.UnknownResource,
    "DagsterUnknownPartitionError": errors.UnknownPartition,
    "make_email_on_run_failure_sensor": make_email_on_run_failure_sensor,
    # Each run has a process of its own, whatever executes its ops.
    "multi_or_in_process_executor": authors.in_process_executor,
    "multiprocess_executor": authors.in_process_executor,
}

_REMEDIES = {
    "schedule": _SCHEDULES,
    "ScheduleDefinition": _SCHEDULES,
    "build_schedule_from_partitioned_job": _SCHEDULES,
}

# Upstream's attributes of what is called otherwise here: set on our classes, so that whoever is given one finds them.
_ATTRIBUTES: dict[type, dict[str, Callable[[Any], Any]]] = {
    RunStatusSensorContext: {"dagster_run": attrgetter("run"), "dagster_event": attrgetter("event")},
    RunRecord: {"dagster_run": attrgetter("run")},
    RunStatusChangeRecord: {"dagster_run": attrgetter("run"), "event_log_entry": lambda record: record},
    RunEvent: {
        "event_type": attrgetter("kind"),
        "event_type_value": lambda event: event.kind.value,
        "step_key": attrgetter("step"),
    },
    # Record, entry and event are one here.
    EventLogRecord: {
        "dagster_event": lambda record: record,
        "event_specific_data": lambda record: record,
        "materialization": attrgetter("asset_materialization"),
        "step_materialization_data": lambda record: record,
        "partition": attrgetter("partition_key"),
    },
}


def _spell_attributes() -> None:
    for owner, names in _ATTRIBUTES.items():
        for theirs, ours in names.items():
            setattr(owner, theirs, property(ours))


_spell_attributes()


def build_run_status_sensor_context(
    sensor_name: str,
    dagster_event: RunEvent,
    dagster_instance: Any = None,
    dagster_run: Run | None = None,
    context: Any = None,
    resources: Any = None,
    partition_key: str | None = None,
    **options: Any,
) -> RunStatusSensorContext:
    """Build a context for a test; see `vedette.build_run_status_sensor_context`."""
    return authors.build_run_status_sensor_context(
        sensor_name, dagster_event, dagster_instance, dagster_run, context, resources, partition_key, **options
    )


def repository(*args: Any, **kwargs: Any) -> Any:
    """Make Definitions of what a function returns: a list of jobs, sensors, assets and checks.

    With or without parentheses.
    """
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return _definitions(args[0]())
    return lambda function: _definitions(function())


def _definitions(items: Iterable[Any]) -> Definitions:
    found: dict[str, list[Any]] = {"jobs": [], "sensors": [], "asset_checks": [], "assets": []}
    for item in _flat(items):
        for name, kind in _LISTED.items():
            if isinstance(item, kind):
                found[name].append(item)
                break
        else:
            raise errors.DefinitionError(
                f"A repository here is a list of jobs, sensors, assets and checks, not {item!r}: give the rest to"
                " Definitions."
            )
    options: dict[str, Any] = dict(found)
    return Definitions(**options)


def _flat(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list | tuple):
            yield from _flat(item)
        else:
            yield item


# In this order: a check is a definition of assets, too.
_LISTED: dict[str, Any] = {
    "jobs": JobDefinition | UnresolvedAssetJobDefinition | GraphDefinition,
    "sensors": SensorDefinition,
    "asset_checks": AssetChecksDefinition,
    "assets": AssetsDefinition | SourceAsset | AssetSpec,
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
