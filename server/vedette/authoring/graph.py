"""The graph of a job: which ops it has, and whose outputs each takes."""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
    """The outputs of an op that has several: unpack them, or take one as an attribute of its name."""

    def __init__(self, handles: Iterable[OutputHandle]) -> None:
        """Make each output an attribute, also one whose name is that of a method of tuples."""
        self.__dict__.update((handle.output, handle) for handle in self)

    def __getattr__(self, name: str) -> OutputHandle:
        """Raise AttributeError that names the outputs there are."""
        raise AttributeError(f"There is no output {name}; there are {', '.join(one.output for one in self)}.")


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
    """The ops of one job in the order of their calls, which is an order they can run in: a handle comes from a call."""

    def __init__(self, job_name: str) -> None:
        """Begin an empty graph."""
        self.job_name = job_name
        self.nodes: dict[str, Node] = {}

    def add(
        self, op: "OpDefinition", alias: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> OutputHandle | OutputHandles:
        """Add a call of `op`; the same op again becomes name_2, name_3, …; raises DefinitionError for a bad call."""
        name = self._name_for(op.name, alias)
        inputs, after = self._split(op, name, self._bound(op, name, args, kwargs))
        missing = [one for one in op.required_inputs if one not in inputs]
        if missing:
            raise DefinitionError(
                f'In job "{self.job_name}", op "{name}" gets no value for its input {missing[0]};'
                " pass it the output of another op, or give the parameter a default."
            )
        self.nodes[name] = Node(name, op, inputs, after)
        handles = OutputHandles([OutputHandle(self, name, output) for output in op.outputs])
        return handles[0] if len(handles) == 1 else handles

    def _name_for(self, name: str, alias: str | None) -> str:
        if alias is not None:
            if alias in self.nodes:
                raise DefinitionError(f'Job "{self.job_name}" has two ops called "{alias}".')
            return checked_name(alias, "op")
        count = 1
        unique = name
        while unique in self.nodes:
            count += 1
            unique = f"{name}_{count}"
        return unique

    def _bound(
        self, op: "OpDefinition", name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> dict[str, object]:
        if len(args) > len(op.inputs):
            raise DefinitionError(
                f'In job "{self.job_name}", op "{name}" is called with {len(args)} values but has'
                f" {len(op.inputs)} inputs ({', '.join(op.inputs) or 'none'})."
            )
        bound: dict[str, object] = dict(zip(op.inputs, args, strict=False))
        for key, value in kwargs.items():
            if key not in op.inputs:
                raise DefinitionError(f'In job "{self.job_name}", op "{name}" has no input {key}.')
            if key in bound:
                raise DefinitionError(f'In job "{self.job_name}", op "{name}" is given its input {key} twice.')
            bound[key] = value
        return bound

    def _split(
        self, op: "OpDefinition", name: str, bound: Mapping[str, object]
    ) -> tuple[dict[str, Source], tuple[OutputHandle, ...]]:
        inputs: dict[str, Source] = {}
        after: list[OutputHandle] = []
        for key, value in bound.items():
            source = self._source(name, key, value)
            if key in op.ordering_inputs:
                after.extend(source if isinstance(source, tuple) else (source,))
            else:
                inputs[key] = source
        return inputs, tuple(after)

    def _source(self, name: str, key: str, value: object) -> Source:
        if isinstance(value, list | tuple) and not isinstance(value, OutputHandles):
            return tuple(self._handle(name, key, one) for one in value)
        return self._handle(name, key, value)

    def _handle(self, name: str, key: str, value: object) -> OutputHandle:
        if not isinstance(value, OutputHandle):
            raise DefinitionError(
                f'In job "{self.job_name}", op "{name}" gets {shown(value)} for its input {key}: inside a job pass'
                " one output of another op, or a list of them; constants belong into the op's config."
            )
        if value.graph is not self:
            raise DefinitionError(
                f'In job "{self.job_name}", op "{name}" gets an output of job "{value.graph.job_name}".'
            )
        return value


# The graph of the job whose function is being called, if one is: a call of an op adds to it.
COMPOSING: ContextVar[Graph | None] = ContextVar("vedette_composing", default=None)
