"""Graphs: parts of jobs under a name of their own, to be used in several jobs and in each other."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from typing import Any, overload

from vedette.authoring.calling import is_async, parameters_of
from vedette.authoring.graph import COMPOSING, Graph, OutputHandle, OutputHandles, Source
from vedette.authoring.in_process import ExecuteInProcessResult
from vedette.authoring.jobs import JobDefinition
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import checked_name, checked_tags, description_of, name_of
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvocationError

Composed = OutputHandle | OutputHandles | None


@dataclass(frozen=True)
class GraphIn:
    """An input of a graph."""

    description: str | None = None


@dataclass(frozen=True)
class GraphOut:
    """An output of a graph."""

    description: str | None = None


class GraphDefinition:
    """A graph. Inside a @job or another @graph a call adds its ops; `to_job` makes a job of it."""

    def __init__(
        self,
        compose_fn: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        ins: Mapping[str, GraphIn] | None = None,
        out: GraphOut | Mapping[str, GraphOut] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Call `compose_fn` once to see whether it composes; raises DefinitionError."""
        self.name = name_of(compose_fn, name, "graph")
        self.description = description_of(compose_fn, description)
        self.tags = checked_tags(f'graph "{self.name}"', tags)
        if is_async(compose_fn):
            raise DefinitionError(f'The function of graph "{self.name}" is async; only ops may be: it just composes.')
        parameters = parameters_of(compose_fn, "graph")
        self.inputs = tuple(one.name for one in parameters)
        self.required_inputs = tuple(one.name for one in parameters if one.default is Parameter.empty)
        for declared in ins or {}:
            if declared not in self.inputs:
                raise DefinitionError(f'Graph "{self.name}" declares the input {declared}, which it does not take.')
        self._function = compose_fn
        self._out = _outputs(self.name, out)
        trial = Graph(self.name)
        self._compose(trial, {name: trial.handle(name) for name in self.inputs})
        functools.update_wrapper(self, compose_fn, updated=())

    def _compose(self, graph: Graph, inputs: Mapping[str, Source]) -> Composed:
        token = COMPOSING.set(graph)
        try:
            result = self._function(**inputs)
        finally:
            COMPOSING.reset(token)
        return self._composed(result)

    def _composed(self, result: object) -> Composed:
        """Return the outputs as whoever calls the graph has them; raises DefinitionError."""
        if self._out is None:
            if result is None or isinstance(result, OutputHandle | OutputHandles):
                return result
            raise DefinitionError(
                f'Graph "{self.name}" returns {shown(result)}: it returns an output of one of its ops; where there are'
                " several, name them by out={...: GraphOut()}."
            )
        given = self._named(self._out, result)
        return next(iter(given.values())) if len(given) == 1 else OutputHandles(given)

    def _named(self, names: tuple[str, ...], result: object) -> dict[str, OutputHandle]:
        if isinstance(result, OutputHandle) and len(names) == 1:
            result = {names[0]: result}
        elif isinstance(result, tuple | list) and len(result) == len(names):
            result = dict(zip(names, result, strict=True))
        if not isinstance(result, Mapping) or set(result) != set(names):
            raise DefinitionError(
                f'Graph "{self.name}" has the outputs {", ".join(names)} and returns {shown(result)}: return a dict or'
                " tuple with an output of an op for each."
            )
        for name, handle in result.items():
            if not isinstance(handle, OutputHandle):
                raise DefinitionError(
                    f'The output {name} of graph "{self.name}" is {shown(handle)}, no output of an op.'
                )
        return {name: result[name] for name in names}

    def call(self, graph: Graph, alias: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Composed:
        """Add the ops to a graph that is being composed, under a name of its own; raises DefinitionError."""
        owner = f'graph "{alias or self.name}"'
        bound = graph.bound(owner, self.inputs, args, kwargs)
        inputs = {key: graph.source(owner, key, value) for key, value in bound.items()}
        graph.check_given(owner, self.required_inputs, inputs)
        return self._compose(graph.within(self.name, alias), inputs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the ops to the job that is being composed; raises InvocationError outside of one."""
        return self.call(self._outer(), None, args, kwargs)

    def _outer(self) -> Graph:
        graph = COMPOSING.get()
        if graph is None:
            raise InvocationError(
                f'Graph "{self.name}" can be called inside a @job or @graph only; in a test use'
                f" {self.name}.execute_in_process()."
            )
        return graph

    def alias(self, name: str) -> Callable[..., Any]:
        """Return the graph to be called under another name within a job."""
        checked = checked_name(name, "graph")
        return lambda *args, **kwargs: self.call(self._outer(), checked, args, kwargs)

    @known_keywords("to_job")
    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        hooks: Iterable[Any] | None = None,
        op_retry_policy: Any = None,
        partitions_def: Any = None,
        on_interrupted: Any = "fail",
        executor_def: Any = None,
        compute: Any = None,
        engine_options: Any = None,
        priority: Any = None,
        max_concurrent_runs: Any = None,
    ) -> JobDefinition:
        """Make a job of it, called like the graph unless named; the rest is as for @job.

        Raises DefinitionError, also for a graph with inputs: call that one within another.
        """
        if self.inputs:
            raise DefinitionError(
                f'Graph "{self.name}" takes {", ".join(self.inputs)}: a job takes nothing. Call it inside a @job that'
                " has what it takes."
            )
        return JobDefinition(
            self._function,
            name=name or self.name,
            description=description or self.description,
            tags={**self.tags, **(tags or {})},
            config=config,
            on_interrupted=on_interrupted,
            partitions_def=partitions_def,
            resource_defs=resource_defs,
            hooks=hooks,
            op_retry_policy=op_retry_policy,
            executor_def=executor_def,
            compute=compute,
            engine_options=engine_options,
            priority=priority,
            max_concurrent_runs=max_concurrent_runs,
        )

    @cached_property
    def as_job(self) -> JobDefinition:
        """Return the job that it is where a job is expected: the same each time."""
        return self.to_job()

    def execute_in_process(self, *args: Any, **options: Any) -> ExecuteInProcessResult:
        """Run it here and now, as `JobDefinition.execute_in_process` does."""
        return self.as_job.execute_in_process(*args, **options)

    def __repr__(self) -> str:
        """Show the name."""
        return f"<graph {self.name}>"


def as_job(given: Any) -> Any:
    """Return the job that a graph is; anything else as it is."""
    return given.as_job if isinstance(given, GraphDefinition) else given


@overload
def graph(compose_fn: Callable[..., Any], /) -> GraphDefinition: ...
@overload
def graph(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...
@known_keywords("@graph")
def graph(
    compose_fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> GraphDefinition | Callable[[Callable[..., Any]], GraphDefinition]:
    """Make a graph of a function that calls ops and graphs; with or without parentheses.

    Its parameters are inputs, and it returns an output of one of its ops, or several by name. In a job its ops are
    called `graph.op`, and their config is at `ops: graph: ops: op: config`.

    ins, out: say what its inputs and outputs are; several outputs are named by out={"a": GraphOut(), …}.

    Raises DefinitionError.
    """
    if compose_fn is not None:
        return GraphDefinition(compose_fn)
    return functools.partial(GraphDefinition, name=name, description=description, ins=ins, out=out, tags=tags)


def _outputs(name: str, out: object) -> tuple[str, ...] | None:
    if out is None:
        return None
    if isinstance(out, GraphOut):
        return ("result",)
    if not isinstance(out, Mapping) or not out or not all(isinstance(one, GraphOut) for one in out.values()):
        raise DefinitionError(
            f'out of graph "{name}" is a GraphOut or a mapping of name to GraphOut, not {shown(out)}.'
        )
    return tuple(checked_name(output, "output") for output in out)
