"""The context of an op's execution."""

from collections.abc import Mapping, Sequence
from logging import LogRecord
from typing import Any

from vedette.authoring.asset_contexts import AssetContext
from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.instance.instance import VedetteInstance, checked_instance
from vedette.authoring.logs import ContextLogger, Sink, to_standard_logging
from vedette.authoring.naming import normalised_tags
from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.run_partition import RunPartition
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.using import UsesResources
from vedette.authoring.telling import Telling
from vedette.domain.partitions import PartitionKeyRange
from vedette.domain.time_windows import TimeWindow


class OpExecutionContext(UsesResources, AssetContext):
    """What an op knows of the run it is part of.

    `attempt` counts 1, 2, … executions of the run; `retry_number` 0, 1, 2 … those of the op within it.
    """

    def __init__(
        self,
        *,
        op_name: str,
        op_config: Any = None,
        run_id: str,
        job_name: str,
        run_config: Mapping[str, Any],
        tags: Mapping[str, str],
        partition_key: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        attempt: int = 1,
        retry_number: int = 0,
        resources: Mapping[str, Any] | None = None,
        sink: Sink = to_standard_logging,
        telling: Telling | None = None,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Make a context whose log lines go to `sink`, and what it tells of assets to `telling`.

        `resources` are what a test gives, by key.
        """
        super().__init__(f'Op "{op_name}"', ResourceRegistry(resources), frozenset(resources or ()))
        self.retry_number = retry_number
        self.op_name = op_name
        self.op_config = op_config
        self.run_id = run_id
        self.job_name = job_name
        self.run_config = run_config
        self.tags = tags
        self.attempt = attempt
        self._partition = RunPartition(f'The run {run_id} of job "{job_name}"', partition_key, tags, partitions_def)
        self._sink = sink
        self._telling = telling or Telling()
        self._instance = instance
        self._log: ContextLogger | None = None

    @property
    def has_partition_key(self) -> bool:
        """Tell whether the run is of one partition."""
        return self._partition.key is not None

    @property
    def partition_key(self) -> str:
        """Return the partition of the run. Raises InvocationError in a run that has none."""
        return self._partition.one_key()

    @property
    def has_partition_key_range(self) -> bool:
        """Tell whether the run is of partitions, one or a range of them."""
        return self._partition.key is not None or self._partition.range is not None

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """Return the first and the last partition of the run. Raises InvocationError in a run that has none."""
        return self._partition.key_range()

    @property
    def partition_keys(self) -> Sequence[str]:
        """Return the partitions of the run, in order. Raises InvocationError in a run that has none."""
        return self._partition.keys()

    @property
    def partition_time_window(self) -> TimeWindow:
        """Return the time of the run's partitions, where they are of time. Raises InvocationError elsewhere."""
        return self._partition.time_window()

    @property
    def instance(self) -> VedetteInstance:
        """Return the instance: what is recorded of runs and assets, the keys of dynamic partitions.

        Raises InvocationError in a context, or a run in process, that was made without one.
        """
        return checked_instance(self._instance, "build_op_context(instance=...) or execute_in_process(instance=...)")

    @property
    def log(self) -> ContextLogger:
        """Return the logger whose lines, of all levels, become events of the run."""
        if self._log is None:
            self._log = ContextLogger("op", self._deliver)
        return self._log

    def _deliver(self, record: LogRecord) -> None:
        self._sink(record)


AssetExecutionContext = OpExecutionContext
AssetCheckExecutionContext = OpExecutionContext


def build_op_context(
    op_config: Any = None,
    *,
    op_name: str = "op",
    job_name: str = "job",
    run_id: str = "EPHEMERAL",
    run_config: RunConfig | Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    attempt: int = 1,
    resources: Mapping[str, Any] | None = None,
    instance: VedetteInstance | None = None,
) -> OpExecutionContext:
    """Build a context to call an op with in a test.

    `resources` are definitions, instances of resource classes or any stand-ins, by key; use the context in a `with`
    where some are torn down after use. `instance` is what `context.instance` is.
    `op_config` is what the op's parameter `config` becomes if none is passed, and `run_config` has the shape
    `{"ops": {name: {"config": {...}}}}`. Raises InvalidConfig, and ValueError for tags that cannot be stored.
    """
    return OpExecutionContext(
        op_name=op_name,
        op_config=op_config,
        run_id=run_id,
        job_name=job_name,
        run_config=run_config_dict(run_config),
        tags=normalised_tags(tags),
        partition_key=partition_key,
        partitions_def=partitions_def,
        attempt=attempt,
        resources=resources,
        instance=instance,
    )


build_asset_context = build_op_context
