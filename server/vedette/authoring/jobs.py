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
from vedette.authoring.run_configs import RunConfigShape, checked_json
from vedette.authoring.text import shown
from vedette.domain.catalog import Interruption, JobSpec, OpSpec
from vedette.errors import DefinitionError, InvalidConfig, InvocationError

OnInterrupted = Literal["fail", "retry"]


class JobDefinition:
    """A job. `default_config` is used for a run that is given no config."""

    def __init__(
        self,
        compose_fn: Callable[[], Any],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        config: RunConfig | Mapping[str, Any] | None = None,
        on_interrupted: OnInterrupted = "fail",
    ) -> None:
        """Call `compose_fn` once to build the graph; raises DefinitionError, also for a `config` it refuses."""
        self.name = name_of(compose_fn, name, "job")
        self.description = description_of(compose_fn, description)
        self.tags = _tags(self.name, tags)
        self.on_interrupted = _interruption(self.name, on_interrupted)
        self.nodes = _composed(self.name, compose_fn)
        self.default_config = self._checked_default(config)
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

    def effective_config(self, run_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the config that a run uses: the one given, or the job's default where none is."""
        return run_config or self.default_config

    def resolve_config(self, run_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return each op's config value for a run; raises InvalidConfig that names every fault."""
        return self.shape.resolve(self.effective_config(run_config))

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
        merged = self.tags | _tags(self.name, tags)
        return in_process.engine().execute(self, config, merged, partition_key, raise_on_error)

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
    config: RunConfig | Mapping[str, Any] | None = None,
    on_interrupted: OnInterrupted = "fail",
) -> Callable[[Callable[[], Any]], JobDefinition]: ...
@known_keywords("@job")
def job(
    compose_fn: Callable[[], Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    config: RunConfig | Mapping[str, Any] | None = None,
    on_interrupted: OnInterrupted = "fail",
) -> JobDefinition | Callable[[Callable[[], Any]], JobDefinition]:
    """Make a job of a function that calls ops and passes their outputs on; with or without parentheses.

    name: of letters, digits and underscores; that of the function unless given.
    description: the docstring of the function unless given.
    tags: given to every run of the job; values that are not str are written as JSON.
    config: used for a run that is given none, in the shape of RunConfig.
    on_interrupted: what becomes of a run whose process is lost: "fail" it, or "retry" it as a next attempt.

    Raises DefinitionError, InvalidConfig.
    """
    if compose_fn is not None:
        return JobDefinition(compose_fn)
    return functools.partial(
        JobDefinition, name=name, description=description, tags=tags, config=config, on_interrupted=on_interrupted
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


def _interruption(name: str, on_interrupted: str) -> Interruption:
    try:
        return Interruption(on_interrupted)
    except ValueError:
        raise DefinitionError(
            f'on_interrupted of job "{name}" is "fail" or "retry", not {shown(on_interrupted)}.'
        ) from None
