"""Jobs that make assets: which of them, and the steps that a run of them takes."""

import copy
from collections.abc import Iterable, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, CheckKey
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.selection import AssetSelection, Selected
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.authoring.assets.step_options import resources_of
from vedette.authoring.assets.steps import AssetStep
from vedette.authoring.compute import Compute
from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.executors import ExecutorDefinition
from vedette.authoring.graph import COMPOSING, Graph, Node, OutputHandle
from vedette.authoring.hooks import HookDefinition
from vedette.authoring.jobs import EngineOptions, JobDefinition, OnInterrupted
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import checked_name
from vedette.authoring.ops import DEFAULT_OUTPUT
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.retries import RetryPolicy
from vedette.authoring.run_requests import RunRequest
from vedette.domain.assets import AssetKey, Path
from vedette.errors import DefinitionError, InvalidResult

# How many subsets of a job are kept ready.
SUBSETS = 200


class UnresolvedAssetJobDefinition:
    """A job of assets before it is known which there are; `Definitions` resolves it."""

    def __init__(
        self, name: str, selection: AssetSelection, options: Mapping[str, Any], partitions_def: Any = None
    ) -> None:
        """Hold what `define_asset_job` was given."""
        self._partitions_def = partitions_def
        self.name = checked_name(name, "job")
        self.selection = selection
        self._options = dict(options)

    def resolve(self, graph: AssetGraph) -> "AssetJob":
        """Return the job; raises DefinitionError for a selection that the graph does not have."""
        job = AssetJob(self.name, graph, self.selection.select(graph), **self._options)
        if self._partitions_def is not None and self._partitions_def != job.partitions_def:
            raise DefinitionError(
                f'Asset job "{self.name}" has partitions_def={self._partitions_def}, but its assets have'
                f" {job.partitions_def}; leave partitions_def out."
            )
        return job

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
    ) -> RunRequest:
        """Return a request for a run of a partition, for a sensor; whether there is the partition is asked later."""
        return RunRequest(run_key, run_config, tags, self.name, partition_key)

    def __repr__(self) -> str:
        """Show the name."""
        return f"<asset job {self.name}>"


@known_keywords("define_asset_job")
def define_asset_job(
    name: str,
    selection: Any = None,
    config: RunConfig | Mapping[str, Any] | None = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    on_interrupted: OnInterrupted = "fail",
    hooks: Iterable[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    *,
    partitions_def: Any = None,
    executor_def: ExecutorDefinition | None = None,
    compute: Compute | None = None,
    engine_options: EngineOptions | None = None,
    priority: int | None = None,
    max_concurrent_runs: int | None = None,
) -> UnresolvedAssetJobDefinition:
    """Make a job of assets: of all, or of a selection in any spelling. Put it into Definitions(jobs=…).

    partitions_def: that of its assets, which it is without it. The rest is as for @job.

    Raises DefinitionError.
    """
    selected = AssetSelection.all() if selection is None else AssetSelection.from_coercible(selection)
    options = {
        "config": config,
        "description": description,
        "tags": tags,
        "on_interrupted": on_interrupted,
        "hooks": hooks,
        "op_retry_policy": op_retry_policy,
        "executor_def": executor_def,
        "compute": compute,
        "engine_options": engine_options,
        "priority": priority,
        "max_concurrent_runs": max_concurrent_runs,
    }
    return UnresolvedAssetJobDefinition(name, selected, options, partitions_def)


class AssetJob(JobDefinition):
    """A job that makes assets and their checks; a run may be of some of them."""

    def __init__(self, name: str, graph: AssetGraph, selected: Selected, **options: Any) -> None:
        """Put the steps together that the selection takes; raises DefinitionError."""
        self.graph = graph
        self.selected = Selected(selected.assets & graph.executable, selected.checks)
        self._options = options
        self._subset = lru_cache(SUBSETS)(self._make_subset)
        nodes = _nodes(graph, self.selected)

        def compose() -> None:
            composing = COMPOSING.get()
            assert composing is not None
            composing.nodes.update(nodes)

        partitions = _partitions(graph, self.selected.assets)
        own = resources_of((node.name, node.assets.definition.resource_defs) for node in nodes.values() if node.assets)
        super().__init__(compose, name=name, partitions_def=partitions, resource_defs=own, **options)

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that its steps, hooks and IO managers require."""
        kept = [node.assets.io_manager_keys for node in self.nodes if node.assets is not None]
        keys = frozenset().union(*kept)
        optional = frozenset() if DEFAULT_IO_MANAGER_KEY in self.resources.by_key else {DEFAULT_IO_MANAGER_KEY}
        return super().required_resource_keys | (keys - optional)

    def _using(self, registry: ResourceRegistry) -> JobDefinition:
        other = copy.copy(self)
        other.__dict__.pop("shape", None)
        other.resources = registry
        other._subset = lru_cache(SUBSETS)(other._make_subset)
        registry.check(f'Job "{self.name}"', other.required_resource_keys)
        other.check_default_config()
        return other

    @property
    def asset_keys(self) -> frozenset[AssetKey]:
        """Return the assets that a run of all of it makes."""
        return self.selected.assets

    def subset(self, assets: Iterable[AssetKey] | None, checks: Iterable[CheckKey] | None) -> "AssetJob":
        """Return the job of some of its assets and checks; raises InvalidResult for what it cannot make so.

        Without `checks` those of the assets are made; without `assets` all are, or none where there are checks.
        """
        keys = None if assets is None else frozenset(assets)
        return self._subset(keys, None if checks is None else frozenset(checks))

    def _make_subset(self, assets: frozenset[AssetKey] | None, checks: frozenset[CheckKey] | None) -> "AssetJob":
        if assets is None:
            assets = self.selected.assets if checks is None else frozenset()
        if not assets and not checks:
            raise InvalidResult("asset_selection is empty; leave it out for all assets of the job.")
        self._check(assets, checks or frozenset())
        if checks is None:
            checks = self.graph.checks_of(assets) & self.selected.checks
        if len(_partitionings(self.graph, assets)) > 1:
            raise InvalidResult(
                "the assets that it selects have different partitions; ask for them in runs of their own."
            )
        selected = Selected(assets, checks)
        options = dict(self._options)
        if options.get("config") is not None:
            options["config"] = _config_of(run_config_dict(options["config"]), _nodes(self.graph, selected))
        part = AssetJob(self.name, self.graph, selected, **options)
        part.__dict__.pop("shape", None)
        part.resources, part.hooks = self.resources, self.hooks
        return part

    def _check(self, assets: frozenset[AssetKey], checks: frozenset[CheckKey]) -> None:
        if outside := sorted(assets - self.selected.assets):
            there = ", ".join(key.to_user_string() for key in sorted(self.selected.assets)[:20])
            raise InvalidResult(
                f'asset "{outside[0].to_user_string()}" is not among those that job "{self.name}" can make ({there}).'
            )
        for key, name in checks - self.selected.checks:
            raise InvalidResult(f'job "{self.name}" has no check "{name}" of asset "{key.to_user_string()}".')
        for key in sorted(assets):
            if missing := sorted(self.graph.neighbours(key) - assets):
                raise InvalidResult(
                    f'asset "{key.to_user_string()}" is made together with "{missing[0].to_user_string()}" only; select'
                    " both, or give the @multi_asset can_subset=True."
                )


def _partitionings(graph: AssetGraph, assets: Iterable[AssetKey]) -> list[Any]:
    found: list[Any] = []
    for key in assets:
        given = graph.partitions_def(key)
        if given is not None and all(given.spec != other.spec for other in found):
            found.append(given)
    return found


def _partitions(graph: AssetGraph, assets: Iterable[AssetKey]) -> Any:
    """Return how all of the assets that are partitioned are; None where they differ: runs are then of some of them."""
    found = _partitionings(graph, assets)
    return found[0] if len(found) == 1 else None


def part_of(
    job: JobDefinition, assets: Iterable[Path] | None, checks: Iterable[tuple[Path, str]] | None
) -> JobDefinition:
    """Return the part of a job that makes these assets and checks; raises InvalidResult."""
    if not isinstance(job, AssetJob):
        raise InvalidResult(f'job "{job.name}" makes no assets; leave asset_selection and asset_check_keys out.')
    return job.subset(
        None if assets is None else [AssetKey(path) for path in assets],
        None if checks is None else [(AssetKey(path), name) for path, name in checks],
    )


def _config_of(config: Mapping[str, Any], nodes: Mapping[str, Node]) -> dict[str, Any]:
    ops = {name: value for name, value in config.get("ops", {}).items() if name in nodes}
    rest = {name: value for name, value in config.items() if name != "ops"}
    return {**rest, "ops": ops} if ops else rest


def _nodes(graph: AssetGraph, selected: Selected) -> dict[str, Node]:
    """Return the steps in an order in which they can run."""
    steps = {step.name: step for step in graph.steps if _is_selected(step, selected)}
    wanted = {step.name: _wanted(graph, step, selected) for step in steps.values()}
    after = {name: _after(steps, step, wanted[name], selected) for name, step in steps.items()}
    try:
        order = list(
            TopologicalSorter({name: [one.node for one in found] for name, found in after.items()}).static_order()
        )
    except CycleError as error:
        raise DefinitionError(
            f"These steps wait for one another: {' → '.join(error.args[1])}; split the @multi_asset among them."
        ) from None
    return {
        name: Node(name, steps[name].op, {}, tuple(after[name]), AssetStep(steps[name], graph, selected))
        for name in order
    }


def _is_selected(step: AssetsDefinition, selected: Selected) -> bool:
    if isinstance(step, AssetChecksDefinition):
        return step.check.key in selected.checks
    return any(key in selected.assets for key in step.keys)


def _wanted(graph: AssetGraph, step: AssetsDefinition, selected: Selected) -> dict[AssetKey, None]:
    """Return the assets that must be there before a step."""
    wanted = dict.fromkeys(graph.inputs[step.name].values())
    for key in step.keys:
        if key in selected.assets:
            wanted |= dict.fromkeys(graph.parents[key])
    if isinstance(step, AssetChecksDefinition):
        wanted |= dict.fromkeys([step.check.asset_key, *(dep.asset_key for dep in step.check.additional_deps)])
    return wanted


def _after(
    steps: Mapping[str, AssetsDefinition], step: AssetsDefinition, wanted: Mapping[AssetKey, None], selected: Selected
) -> list[OutputHandle]:
    """Return the outputs of other steps that a step waits for: of what it is made of, and of checks that block it."""
    nowhere = Graph(step.name)
    found: list[OutputHandle] = []
    for other in steps.values():
        if other is step:
            continue
        made = [key for key in other.keys if key in wanted and key in selected.assets]
        found += [OutputHandle(nowhere, other.name, other.output_of(key)) for key in made]
        if not isinstance(step, AssetChecksDefinition) and _blocks(other, wanted):
            found.append(OutputHandle(nowhere, other.name, DEFAULT_OUTPUT))
    return found


def _blocks(other: AssetsDefinition, wanted: Mapping[AssetKey, None]) -> bool:
    return isinstance(other, AssetChecksDefinition) and other.check.blocking and other.check.asset_key in wanted
