"""Jobs: graphs of ops."""

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, overload

from vedette.authoring import in_process
from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.authoring.calling import is_async, parameters_of, placed
from vedette.authoring.compute import Compute, checked_compute, checked_engine_options
from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.executors import ExecutorDefinition, check_executor
from vedette.authoring.graph import COMPOSING, Graph, Node
from vedette.authoring.hooks import HookDefinition, checked_hooks
from vedette.authoring.instance.instance import VedetteInstance
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import checked_tags, description_of, name_of
from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.partitioned_config import PartitionedConfig
from vedette.authoring.priorities import prioritised
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.retries import RetryPolicy, checked_policy
from vedette.authoring.run_configs import RunConfigShape, checked_json
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.text import shown
from vedette.domain import secrets
from vedette.domain.catalog import Interruption, JobSpec, OpSpec
from vedette.domain.partitions import partition_tags
from vedette.domain.run_limits import MOST_RUNS
from vedette.errors import DefinitionError, InvalidConfig, InvocationError

OnInterrupted = Literal["fail", "retry"]
EngineOptions = Mapping[str, Mapping[str, Any]]
JobConfig = RunConfig | Mapping[str, Any] | PartitionedConfig


class JobDefinition:
    """A job. `default_config` is used for a run that is given no config."""

    def __init__(
        self,
        compose_fn: Callable[[], Any],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        config: JobConfig | None = None,
        on_interrupted: OnInterrupted = "fail",
        priority: int | None = None,
        max_concurrent_runs: int | None = None,
        partitions_def: PartitionsDefinition | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        hooks: Iterable[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        executor_def: ExecutorDefinition | None = None,
        compute: Compute | None = None,
        engine_options: EngineOptions | None = None,
    ) -> None:
        """Call `compose_fn` once to build the graph; raises DefinitionError, also for a `config` it refuses."""
        self.name = name_of(compose_fn, name, "job")
        self.description = description_of(compose_fn, description)
        self.tags = prioritised(f'job "{self.name}"', checked_tags(f'job "{self.name}"', tags), priority)
        self.max_concurrent_runs = _checked_limit(self.name, max_concurrent_runs)
        self.hooks = checked_hooks(f'job "{self.name}"', hooks or ())
        check_executor(f'job "{self.name}"', executor_def)
        self.op_retry_policy = checked_policy(f'job "{self.name}"', op_retry_policy)
        # Its own; bound to Definitions, with those of theirs beneath.
        self.resources = ResourceRegistry(resource_defs)
        self.compute = checked_compute(f'job "{self.name}"', compute)
        self.engine_options = checked_engine_options(f'job "{self.name}"', engine_options)
        self.on_interrupted = _interruption(self.name, on_interrupted)
        self.nodes = _composed(self.name, compose_fn)
        self.partitioned_config = config if isinstance(config, PartitionedConfig) else None
        self.partitions_def = checked_partitions(self.name, partitions_def, self.partitioned_config)
        self.default_config = {} if isinstance(config, PartitionedConfig) else self._checked_default(config)
        functools.update_wrapper(self, compose_fn, updated=())

    @cached_property
    def shape(self) -> RunConfigShape:
        """Return what run config the job accepts; built when first asked for. Raises DefinitionError."""
        return RunConfigShape(self.name, self.nodes, self.resources.config_types(self.required_resource_keys))

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that its ops and hooks require, and of the IO manager where it has one."""
        keys = [node.op.required_resource_keys for node in self.nodes]
        default = {DEFAULT_IO_MANAGER_KEY} & self.resources.by_key.keys()
        return frozenset().union(*keys, *(hook.required_resource_keys for hook in self.hooks), default)

    def bound_to(self, registry: ResourceRegistry) -> "JobDefinition":
        """Return the job with what it lacks of its resources from `registry`; raises DefinitionError for one missing.

        Without a need of any it is the job itself.
        """
        return self._using(registry.merged(self.resources.by_key))

    def _using(self, registry: ResourceRegistry) -> "JobDefinition":
        if not self.required_resource_keys and DEFAULT_IO_MANAGER_KEY not in registry.by_key:
            return self
        other = copy.copy(self)
        other.__dict__.pop("shape", None)
        other.resources = registry
        for node in self.nodes:
            owner = f'Op "{node.name}" of job "{self.name}"'
            with placed(owner, node.op):
                other.resources.check(owner, node.op.required_resource_keys)
        for hook in self.hooks:
            other.resources.check(f'Hook "{hook.name}" of job "{self.name}"', hook.required_resource_keys)
        other.check_default_config()
        return other

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> "JobDefinition":
        """Return this job with more hooks, which are called after each of its steps."""
        other = copy.copy(self)
        other.__dict__.pop("shape", None)
        other.hooks = checked_hooks(f'job "{self.name}"', (*self.hooks, *hook_defs))
        return other

    def check_default_config(self) -> None:
        """Raise DefinitionError where the default config is refused."""
        try:
            if self.default_config:
                self.shape.resolve(self.default_config)
        except InvalidConfig as error:
            raise DefinitionError(f'The default config of job "{self.name}" is wrong: {error}') from None

    def _checked_default(self, config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
        if config is None:
            return {}
        try:
            plain = checked_json(run_config_dict(config))
            # What it says of resources is checked where they are known.
            self.shape.resolve({key: value for key, value in plain.items() if key != "resources"})
        except InvalidConfig as error:
            raise DefinitionError(f'The default config of job "{self.name}" is wrong: {error}') from None
        return plain

    def effective_config(self, run_config: Mapping[str, Any], partition_key: str | None = None) -> Mapping[str, Any]:
        """Return the config that a run uses: the one given, else that of its partition, else the job's default.

        Raises InvalidConfig for a config of a partition that cannot be stored, and what the author's function raises.
        """
        if self.partitioned_config is None or partition_key is None or run_config:
            return run_config or self.default_config
        return checked_json(self.partitioned_config.get_run_config_for_partition_key(partition_key))

    def asks_partition(self, run_config: Mapping[str, Any], partition_key: str | None) -> bool:
        """Tell whether a run uses the config of its partition, which the author's function tells."""
        return not run_config and self.partitioned_config is not None and partition_key is not None

    def resolve_config(self, run_config: Mapping[str, Any], partition_key: str | None = None) -> dict[str, Any]:
        """Return each op's config value for a run; raises InvalidConfig that names every fault."""
        return self.shape.resolve(self.effective_config(run_config, partition_key))

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_config: RunConfig | Mapping[str, Any] | None = None,
    ) -> RunRequest:
        """Return a request for a run of a partition, for a sensor; whether there is the partition is asked later.

        Raises InvocationError for a job that has no partitions.
        """
        if self.partitions_def is None:
            raise InvocationError(f'Job "{self.name}" has no partitions; give it partitions_def= to ask for one.')
        return RunRequest(run_key, run_config, tags, self.name, partition_key)

    def resolve_resource_config(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config value of each resource that takes one, EnvVars unread; raises InvalidConfig."""
        return self.shape.resolve_resources(self.effective_config(run_config))

    def config_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the run config. With a default config nothing is required."""
        schema = self.shape.json_schema()
        if self.default_config:
            schema = {key: value for key, value in schema.items() if key != "required"} | {
                "default": secrets.masked(self.shape.marked(self.default_config))
            }
        return schema

    def spec(self) -> JobSpec:
        """Return the job as data."""
        return JobSpec(
            name=self.name,
            description=self.description,
            tags=self.tags,
            ops=tuple(OpSpec(node.name, node.op.description, node.depends_on) for node in self.nodes),
            config_schema=self.config_schema(),
            on_interrupted=self.on_interrupted,
            compute=self.compute,
            engine_options=self.engine_options,
            max_concurrent_runs=self.max_concurrent_runs,
            partitions=None if self.partitions_def is None else self.partitions_def.spec,
            partitioned_config=self.partitioned_config is not None,
        )

    def execute_in_process(
        self,
        run_config: RunConfig | Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        *,
        tags: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        resources: Mapping[str, Any] | None = None,
        instance: VedetteInstance | None = None,
    ) -> in_process.ExecuteInProcessResult:
        """Run the job here and now, in a test; `resources`, by key, go before those that it has.

        `instance` is what its ops have as `context.instance`; the run is recorded there once it has ended.

        Raises InvalidConfig, DefinitionError for a resource that is missing, and what an op raised unless told not to.
        """
        job = self._using(self.resources.merged(resources))
        config = checked_json(run_config_dict(run_config))
        own = checked_tags(f'the run of job "{self.name}"', tags)
        merged = self.tags | own | self.tags_of_partition(partition_key)
        return in_process.engine().execute(job, config, merged, partition_key, raise_on_error, instance)

    def tags_of_partition(self, partition_key: str | None) -> dict[str, str]:
        """Return what marks a run for a partition: its own tags, and those of its PartitionedConfig."""
        if partition_key is None:
            return {}
        own = (
            {} if self.partitioned_config is None else self.partitioned_config.get_tags_for_partition_key(partition_key)
        )
        return own | partition_tags(None if self.partitions_def is None else self.partitions_def.spec, partition_key)

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse: a job is not a function. Raises InvocationError."""
        raise InvocationError(f'Job "{self.name}" cannot be called; use {self.name}.execute_in_process() in a test.')

    def __repr__(self) -> str:
        """Show the name."""
        return f"<job {self.name}>"


@overload
def job(compose_fn: Callable[[], Any], /) -> JobDefinition: ...
@overload
def job(
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    config: JobConfig | None = None,
    on_interrupted: OnInterrupted = "fail",
    priority: int | None = None,
    max_concurrent_runs: int | None = None,
    partitions_def: PartitionsDefinition | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    executor_def: ExecutorDefinition | None = None,
    compute: Compute | None = None,
    engine_options: EngineOptions | None = None,
) -> Callable[[Callable[[], Any]], JobDefinition]: ...
@known_keywords("@job")
def job(
    compose_fn: Callable[[], Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    config: JobConfig | None = None,
    on_interrupted: OnInterrupted = "fail",
    priority: int | None = None,
    max_concurrent_runs: int | None = None,
    partitions_def: PartitionsDefinition | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    executor_def: ExecutorDefinition | None = None,
    compute: Compute | None = None,
    engine_options: EngineOptions | None = None,
) -> JobDefinition | Callable[[Callable[[], Any]], JobDefinition]:
    """Make a job of a function that calls ops and passes their outputs on; with or without parentheses.

    name: of letters, digits and underscores; that of the function unless given.
    description: the docstring of the function unless given.
    tags: given to every run of the job; values that are not str are written as JSON.
    config: used for a run that is given none, in the shape of RunConfig.
    on_interrupted: what becomes of a run whose process is lost: "fail" it, or "retry" it as a next attempt.
    priority: of its runs in the queue, 0 unless given; the greater starts first. It is the tag `vedette/priority`.
    max_concurrent_runs: how many of its runs are executed at once, by all launchers; unlimited unless given.
    partitions_def: what the work of the job is divided into; a PartitionedConfig as `config` says it too.
    resource_defs: resources of its own, by key; they go before those of Definitions.
    hooks: called after each of its steps.
    op_retry_policy: of those of its ops that have none.
    executor_def: in_process_executor, which it is without it.
    compute: what each run needs of its machine, as in Compute(cpu=2, memory="4GB"); tags of a run such as
        `vedette/cpu` go before it.
    engine_options: options for "dask" or "ray", by engine, where runs execute there; see the manual on engines.

    Raises DefinitionError, InvalidConfig.
    """
    if compose_fn is not None:
        return JobDefinition(compose_fn)
    return functools.partial(
        JobDefinition,
        name=name,
        description=description,
        tags=tags,
        config=config,
        on_interrupted=on_interrupted,
        priority=priority,
        max_concurrent_runs=max_concurrent_runs,
        partitions_def=partitions_def,
        resource_defs=resource_defs,
        hooks=hooks,
        op_retry_policy=op_retry_policy,
        executor_def=executor_def,
        compute=compute,
        engine_options=engine_options,
    )


def validate_run_config(job: JobDefinition, run_config: RunConfig | Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the run config that a run of `job` would use; raises InvalidConfig if the job refuses it."""
    plain = checked_json(run_config_dict(run_config))
    job.resolve_config(plain)
    return dict(job.effective_config(plain))


def _composed(name: str, compose_fn: Callable[[], Any]) -> tuple[Node, ...]:
    if parameters_of(compose_fn, "job"):
        raise DefinitionError(f'The function of job "{name}" takes parameters; ops get theirs from config.')
    if is_async(compose_fn):
        raise DefinitionError(f'The function of job "{name}" is async; only ops may be: it just composes them.')
    graph = Graph(name)
    token = COMPOSING.set(graph)
    try:
        compose_fn()
    finally:
        COMPOSING.reset(token)
    return tuple(graph.nodes.values())


def checked_partitions(
    name: str, partitions_def: object, config: PartitionedConfig | None
) -> PartitionsDefinition | None:
    """Return what a job's work is divided into; raises DefinitionError where two things say different."""
    if partitions_def is None:
        return None if config is None else config.partitions_def
    if not isinstance(partitions_def, PartitionsDefinition):
        raise DefinitionError(f'partitions_def= of job "{name}" is no partitions definition: {shown(partitions_def)}.')
    if config is not None and config.partitions_def != partitions_def:
        raise DefinitionError(
            f'Job "{name}" has partitions_def={partitions_def}, but its config is for {config.partitions_def};'
            " give one of the two."
        )
    return partitions_def


def _checked_limit(name: str, limit: object) -> int | None:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= MOST_RUNS):
        raise DefinitionError(
            f'max_concurrent_runs of job "{name}" is a whole number from 1 to {MOST_RUNS:,}, not {shown(limit)}.'
        )
    return limit


def _interruption(name: str, on_interrupted: str) -> Interruption:
    try:
        return Interruption(on_interrupted)
    except ValueError:
        raise DefinitionError(
            f'on_interrupted of job "{name}" is "fail" or "retry", not {shown(on_interrupted)}.'
        ) from None
