"""The graph of a job: which ops it has, and whose outputs each takes."""

from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from vedette.authoring.naming import checked_name
from vedette.authoring.text import shown
from vedette.errors import DefinitionError

if TYPE_CHECKING:
    from vedette.authoring.assets.steps import AssetStep
    from vedette.authoring.ops import OpDefinition


@dataclass(frozen=True, eq=False)
class OutputHandle:
    """An output of an op while a job is composed: pass it to another op, which then runs after it with its value."""

    graph: "Graph" = field(repr=False)
    node: str
    output: str


class OutputHandles(tuple[OutputHandle, ...]):
    """The outputs of an op or graph that has several: unpack them, or take one as an attribute of its name."""

    def __new__(cls, handles: Mapping[str, OutputHandle]) -> Self:
        """Take the handles by the names of the outputs."""
        return super().__new__(cls, handles.values())

    def __init__(self, handles: Mapping[str, OutputHandle]) -> None:
        """Make each output an attribute, also one whose name is that of a method of tuples."""
        self.__dict__.update(handles)

    def __getattr__(self, name: str) -> OutputHandle:
        """Raise AttributeError that names the outputs there are."""
        raise AttributeError(f"There is no output {name}; there are {', '.join(self.__dict__)}.")


Source = OutputHandle | tuple[OutputHandle, ...]


@dataclass(frozen=True, eq=False)
class Node:
    """An op as used in a job: `inputs` give its parameters their values, `after` are handles that only order it.

    `assets` are those that it makes or checks, if it is a step of that kind.
    """

    name: str
    op: "OpDefinition"
    inputs: dict[str, Source]
    after: tuple[OutputHandle, ...] = ()
    assets: "AssetStep | None" = None

    def sources(self) -> list[OutputHandle]:
        """Return every output that must exist before this op can run."""
        found = list(self.after)
        for source in self.inputs.values():
            found.extend(source if isinstance(source, tuple) else (source,))
        return found

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Return the names of the ops that run before this one, each once."""
        return tuple(dict.fromkeys(handle.node for handle in self.sources()))


class Graph:
    """The ops of one job in the order of their calls, which is an order they can run in: a handle comes from a call.

    What is called within a graph of that job is added to the same nodes, under a name that begins with the graph's.
    """

    def __init__(self, job_name: str, outer: "Graph | None" = None, name: str = "") -> None:
        """Begin an empty graph; with `outer`, the part of it that the call `name` of a graph makes."""
        self.job_name = job_name
        self.nodes: dict[str, Node] = {} if outer is None else outer.nodes
        self._root: Graph = self if outer is None else outer._root
        self._prefix: str = "" if outer is None else f"{outer._prefix}{name}."
        self._names: set[str] = set()

    def add(
        self, op: "OpDefinition", alias: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> OutputHandle | OutputHandles:
        """Add a call of `op`; the same op again becomes name_2, name_3, …; raises DefinitionError for a bad call."""
        name = self._prefix + self._name_for(op.name, alias)
        inputs, after = self._split(op, name, self.bound(f'op "{name}"', op.inputs, args, kwargs))
        self.check_given(f'op "{name}"', op.required_inputs, inputs)
        self.nodes[name] = Node(name, op, inputs, after)
        handles = OutputHandles({output: OutputHandle(self._root, name, output) for output in op.outputs})
        return handles[0] if len(handles) == 1 else handles

    def within(self, name: str, alias: str | None) -> "Graph":
        """Return the part of the graph that a call of the graph `name` is to be composed in; raises DefinitionError."""
        return Graph(self.job_name, self, self._name_for(name, alias))

    def handle(self, output: str) -> OutputHandle:
        """Return a handle that stands for an input whose value is not known yet."""
        return OutputHandle(self._root, "", output)

    def check_given(self, owner: str, required: Iterable[str], given: Mapping[str, object]) -> None:
        """Raise DefinitionError where a required input gets no value."""
        missing = [one for one in required if one not in given]
        if missing:
            raise DefinitionError(
                f'In job "{self.job_name}", {owner} gets no value for its input {missing[0]};'
                " pass it the output of another op, or give the parameter a default."
            )

    def _name_for(self, name: str, alias: str | None) -> str:
        unique = name if alias is None else checked_name(alias, "op")
        if alias is not None and alias in self._names:
            raise DefinitionError(f'Job "{self.job_name}" has two ops called "{self._prefix}{alias}".')
        count = 1
        while unique in self._names:
            count += 1
            unique = f"{name}_{count}"
        self._names.add(unique)
        return unique

    def bound(
        self, owner: str, inputs: Sequence[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> dict[str, object]:
        """Return the values of a call by input; raises DefinitionError for arguments that fit no input."""
        if len(args) > len(inputs):
            raise DefinitionError(
                f'In job "{self.job_name}", {owner} is called with {len(args)} values but has'
                f" {len(inputs)} inputs ({', '.join(inputs) or 'none'})."
            )
        bound: dict[str, object] = dict(zip(inputs, args, strict=False))
        for key, value in kwargs.items():
            if key not in inputs:
                raise DefinitionError(f'In job "{self.job_name}", {owner} has no input {key}.')
            if key in bound:
                raise DefinitionError(f'In job "{self.job_name}", {owner} is given its input {key} twice.')
            bound[key] = value
        return bound

    def _split(
        self, op: "OpDefinition", name: str, bound: Mapping[str, object]
    ) -> tuple[dict[str, Source], tuple[OutputHandle, ...]]:
        inputs: dict[str, Source] = {}
        after: list[OutputHandle] = []
        for key, value in bound.items():
            source = self.source(f'op "{name}"', key, value)
            if key in op.ordering_inputs:
                after.extend(source if isinstance(source, tuple) else (source,))
            else:
                inputs[key] = source
        return inputs, tuple(after)

    def source(self, owner: str, key: str, value: object) -> Source:
        """Return what an input gets: an output, or a list of them; raises DefinitionError for anything else."""
        if isinstance(value, list | tuple) and not isinstance(value, OutputHandles):
            return tuple(self._handle(owner, key, one) for one in value)
        return self._handle(owner, key, value)

    def _handle(self, owner: str, key: str, value: object) -> OutputHandle:
        if not isinstance(value, OutputHandle):
            raise DefinitionError(
                f'In job "{self.job_name}", {owner} gets {shown(value)} for its input {key}: inside a job pass'
                " one output of another op, or a list of them; constants belong into the op's config."
            )
        if value.graph is not self._root:
            raise DefinitionError(f'In job "{self.job_name}", {owner} gets an output of job "{value.graph.job_name}".')
        return value


# The graph of the job whose function is being called, if one is: a call of an op adds to it.
COMPOSING: ContextVar[Graph | None] = ContextVar("vedette_composing", default=None)
