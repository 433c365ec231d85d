"""Jobs: graphs of ops."""

import functools
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal, overload

from vedette.authoring import in_process
from vedette.authoring.calling import is_async, parameters_of
from vedette.authoring.config import RunConfig, run_config_dict
from vedette.authoring.graph import COMPOSING, Graph, Node
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import description_of, name_of, normalised_tags
from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.partitioned_config import PartitionedConfig
from vedette.authoring.run_configs import RunConfigShape, checked_json
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.text import shown
from vedette.domain.catalog import Interruption, JobSpec, OpSpec
from vedette.domain.partitions import partition_tags
from vedette.errors import DefinitionError, InvalidConfig, InvocationError

OnInterrupted = Literal["fail", "retry"]
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
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        """Call `compose_fn` once to build the graph; raises DefinitionError, also for a `config` it refuses."""
        self.name = name_of(compose_fn, name, "job")
        self.description = description_of(compose_fn, description)
        self.tags = _tags(self.name, tags)
        self.on_interrupted = _interruption(self.name, on_interrupted)
        self.nodes = _composed(self.name, compose_fn)
        self.partitioned_config = config if isinstance(config, PartitionedConfig) else None
        self.partitions_def = checked_partitions(self.name, partitions_def, self.partitioned_config)
        self.default_config = {} if isinstance(config, PartitionedConfig) else self._checked_default(config)
        functools.update_wrapper(self, compose_fn, updated=())

    @cached_property
    def shape(self) -> RunConfigShape:
        """Return what run config the job accepts; built when first asked for. Raises DefinitionError."""
        return RunConfigShape(self.name, self.nodes)

    def _checked_default(self, config: RunConfig | Mapping[str, Any] | None) -> dict[str, Any]:
        if config is None:
            return {}
        try:
            plain = checked_json(run_config_dict(config))
            self.shape.resolve(plain)
        except InvalidConfig as error:
            raise DefinitionError(f'The default config of job "{self.name}" is wrong: {error}') from None
        return plain

    def effective_config(self, run_config: Mapping[str, Any], partition_key: str | None = None) -> Mapping[str, Any]:
        """Return the config that a run uses: the one given, else that of its partition, else the job's default.

        Raises InvalidConfig for a config of a partition that cannot be stored, and what the author's function raises.
        """
        if run_config or self.partitioned_config is None or partition_key is None:
            return run_config or self.default_config
        return checked_json(self.partitioned_config.get_run_config_for_partition_key(partition_key))

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

    def config_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the run config. With a default config nothing is required."""
        schema = self.shape.json_schema()
        if self.default_config:
            schema = {key: value for key, value in schema.items() if key != "required"} | {
                "default": self.default_config
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
    ) -> in_process.ExecuteInProcessResult:
        """Run the job here and now, in a test. Raises InvalidConfig, and what an op raised unless told not to."""
        config = checked_json(run_config_dict(run_config))
        merged = self.tags | _tags(self.name, tags) | self.tags_of_partition(partition_key)
        return in_process.engine().execute(self, config, merged, partition_key, raise_on_error)

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
    partitions_def: PartitionsDefinition | None = None,
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
    partitions_def: PartitionsDefinition | None = None,
) -> JobDefinition | Callable[[Callable[[], Any]], JobDefinition]:
    """Make a job of a function that calls ops and passes their outputs on; with or without parentheses.

    name: of letters, digits and underscores; that of the function unless given.
    description: the docstring of the function unless given.
    tags: given to every run of the job; values that are not str are written as JSON.
    config: used for a run that is given none, in the shape of RunConfig.
    on_interrupted: what becomes of a run whose process is lost: "fail" it, or "retry" it as a next attempt.
    partitions_def: what the work of the job is divided into; a PartitionedConfig as `config` says it too.

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
        partitions_def=partitions_def,
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


def _tags(name: str, tags: Mapping[str, Any] | None) -> dict[str, str]:
    try:
        return normalised_tags(tags)
    except ValueError as error:
        raise DefinitionError(f'The tags of job "{name}" are wrong: {error}') from None


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


def _interruption(name: str, on_interrupted: str) -> Interruption:
    try:
        return Interruption(on_interrupted)
    except ValueError:
        raise DefinitionError(
            f'on_interrupted of job "{name}" is "fail" or "retry", not {shown(on_interrupted)}.'
        ) from None
