"""The assets of a project: from what its Definitions were given, and as data."""

from collections.abc import Iterable
from typing import Any

from vedette.authoring.assets.definition import AssetChecksDefinition
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.jobs import AssetJob, UnresolvedAssetJobDefinition
from vedette.authoring.assets.selection import AssetSelection, Selected
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.domain import catalog
from vedette.domain.catalog import ASSET_JOB
from vedette.errors import DefinitionError


def asset_graph(assets: Iterable[Any] | None, checks: Iterable[AssetChecksDefinition] | None) -> AssetGraph:
    """Return the graph of assets= and asset_checks= of Definitions; either may hold checks. Raises DefinitionError."""
    given = [*_flat("assets", assets), *_flat("asset_checks", checks)]
    found = list({id(one): one for one in given}.values())
    apart = [one for one in found if isinstance(one, AssetChecksDefinition)]
    return AssetGraph([one for one in found if not isinstance(one, AssetChecksDefinition)], apart)


def listed(argument: str, given: Any) -> list[Any]:
    """Return a list that Definitions was given; raises DefinitionError where it is none."""
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DefinitionError(f"{argument}= of Definitions takes a list, not {shown(given)}.")
    return list(given)


def _flat(argument: str, given: Any) -> list[Any]:
    found = []
    for one in listed(argument, given):
        found += _flat(argument, one) if isinstance(one, list | tuple) else [one]
    return found


def resolved_jobs(graph: AssetGraph, jobs: Iterable[Any] | None, targeted: Iterable[Any]) -> list[Any]:
    """Return the jobs, those of assets resolved, and with them the one of all assets. Raises DefinitionError."""
    given = {id(one): one for one in [*listed("jobs", jobs), *targeted]}
    found = [_resolved(one, graph) for one in given.values()]
    if graph.executable:
        found.append(AssetJob(ASSET_JOB, graph, AssetSelection.all().select(graph)))
    return found


def _resolved(job: Any, graph: AssetGraph) -> Any:
    if not isinstance(job, UnresolvedAssetJobDefinition):
        return job
    try:
        return job.resolve(graph)
    except DefinitionError as error:
        raise DefinitionError(f'The selection of asset job "{job.name}" is wrong: {error}') from None


def selected_by(sensor: SensorDefinition, graph: AssetGraph) -> Selected | None:
    """Return the assets and checks that a sensor asks for; None where it asks for jobs. Raises DefinitionError."""
    if sensor.asset_selection is None:
        return None
    try:
        selected = sensor.asset_selection.select(graph)
    except DefinitionError as error:
        raise DefinitionError(f'The assets that sensor "{sensor.name}" asks for are wrong: {error}') from None
    if not selected.assets & graph.executable and not selected.checks:
        raise DefinitionError(
            f'The assets that sensor "{sensor.name}" asks for are none that can be made here; add them to assets= of'
            " Definitions."
        )
    return Selected(selected.assets & graph.executable, selected.checks)


def asset_specs(graph: AssetGraph, jobs: Iterable[JobDefinition]) -> tuple[catalog.AssetSpec, ...]:
    """Return the assets as data, each with the jobs that make it."""
    makers = [job for job in jobs if isinstance(job, AssetJob)]
    return tuple(_spec(graph, key, makers) for key in graph.keys)


def _spec(graph: AssetGraph, key: Any, makers: Iterable[AssetJob]) -> catalog.AssetSpec:
    spec, step = graph.specs[key], graph.definitions.get(key)
    checks = sorted(graph.checks_of([key]), key=lambda check: check[1])
    return catalog.AssetSpec(
        key=key.parts,
        deps=tuple(parent.parts for parent in graph.parents[key]),
        group=spec.group_name,
        description=spec.description,
        metadata=spec.metadata,
        tags=spec.tags,
        owners=spec.owners,
        kinds=spec.kinds,
        code_version=spec.code_version,
        jobs=tuple(job.name for job in makers if key in job.asset_keys),
        executable=step is not None,
        op_name=None if step is None else step.name,
        can_subset=step is not None and step.can_subset,
        partitions=None if spec.partitions_def is None else spec.partitions_def.spec,
        checks=tuple(
            catalog.AssetCheckSpec(found.name, found.description, found.blocking)
            for found in (graph.check_specs[check] for check in checks)
        ),
    )
