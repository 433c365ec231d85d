"""Makes assets here and now, in the author's own process."""

from collections.abc import Iterable, Mapping
from typing import Any

from vedette.authoring.assets.catalog import asset_graph
from vedette.authoring.assets.io_managers import InMemoryIOManager
from vedette.authoring.assets.jobs import AssetJob
from vedette.authoring.assets.selection import AssetSelection, Selected
from vedette.authoring.config import RunConfig
from vedette.authoring.in_process import ExecuteInProcessResult
from vedette.authoring.instance.instance import VedetteInstance
from vedette.domain.catalog import ASSET_JOB


def materialize(
    assets: Iterable[Any],
    run_config: RunConfig | Mapping[str, Any] | None = None,
    *,
    selection: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
    instance: VedetteInstance | None = None,
) -> ExecuteInProcessResult:
    """Make assets, and the checks among them, in order; all, or a selection in any spelling.

    Values are kept in memory, unless `resources` has an IO manager under `io_manager`. The run is recorded in
    `instance`, where one is given. Raises InvalidConfig, DefinitionError, and what a function raised unless told not
    to.
    """
    graph = asset_graph(assets, None)
    chosen = AssetSelection.all() if selection is None else AssetSelection.from_coercible(selection)
    selected = chosen.select(graph)
    job = AssetJob(ASSET_JOB, graph, Selected(selected.assets, selected.checks))
    kept = dict(resources or {})
    return job.execute_in_process(
        run_config, raise_on_error, tags=tags, partition_key=partition_key, resources=kept, instance=instance
    )


def materialize_to_memory(assets: Iterable[Any], **options: Any) -> ExecuteInProcessResult:
    """Make assets as `materialize` does, with values in memory whatever the resources say."""
    resources = dict(options.pop("resources", None) or {})
    return materialize(assets, resources=resources | {"io_manager": InMemoryIOManager()}, **options)
