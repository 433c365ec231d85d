"""Ops: the functions that a job is made of."""

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, overload

from typing_extensions import TypeVar

from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.authoring.graph import COMPOSING
from vedette.authoring.hooks import HookDefinition, checked_hooks
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import checked_name, checked_tags, description_of, name_of
from vedette.authoring.op_functions import NO_CONFIG, OpFunction
from vedette.authoring.retries import RetryPolicy, checked_policy
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvocationError

DEFAULT_OUTPUT = "result"


class Nothing:
    """The type of an input that carries no value: `In(Nothing)` only makes an op run after another."""


@dataclass(frozen=True)
class In:
    """An input of an op; declare one with the type `Nothing` to order two ops without passing a value.

    Another `dagster_type` is documentation: values are handed on as they are, unchecked. `input_manager_key` names the
    resource whose `load_input` loads the value, where that is not the one that keeps it.
    """

    dagster_type: Any = None
    description: str | None = None
    metadata: Mapping[str, Any] | None = field(default=None, hash=False, kw_only=True)
    input_manager_key: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Out:
    """An output of an op. One that is not required may be left out, and the ops that take it are then skipped.

    `dagster_type` is documentation: values are handed on as they are, unchecked. They stay in the run's process, unless
    the job has an IO manager: the resource named by `io_manager_key`, or one called io_manager. `metadata` is what
    that is told of the output.
    """

    dagster_type: Any = None
    description: str | None = None
    is_required: bool = True
    io_manager_key: str | None = field(default=None, kw_only=True)
    metadata: Mapping[str, Any] | None = field(default=None, hash=False, kw_only=True)
    code_version: str | None = field(default=None, kw_only=True)


T = TypeVar("T", default=Any)


@dataclass(frozen=True)
class Output(Generic[T]):
    """A value for the output called `output_name`: yield or return it from an op.

    `metadata`, `tags` and `data_version` go to the materialization where the output is an asset.
    """

    value: T
    output_name: str = DEFAULT_OUTPUT
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    data_version: Any = None
    tags: Mapping[str, Any] | None = field(default=None, hash=False)


class OpDefinition:
    """An op. Inside a @job a call adds it to the graph; anywhere else a call just calls the function."""

    def __init__(
        self,
        compute_fn: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        ins: Mapping[str, In] | None = None,
        out: Out | Mapping[str, Out] | None = None,
        config_schema: Any = None,
        required_resource_keys: Iterable[str] | None = None,
        retry_policy: RetryPolicy | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        """Define an op; raises DefinitionError for a function or names that cannot make one."""
        self.name = name_of(compute_fn, name, "op")
        self.description = description_of(compute_fn, description)
        self.function = OpFunction(compute_fn, self.name, config_schema, required_resource_keys)
        self.retry_policy = checked_policy(f'op "{self.name}"', retry_policy)
        self.tags = checked_tags(f'op "{self.name}"', tags)
        self.hooks: tuple[HookDefinition, ...] = ()
        self.outputs = _outputs(self.name, out)
        self.ordering_inputs = _ordering_inputs(self.name, self.function.inputs, ins)
        self.ins = dict(ins or {})
        self.inputs = (*self.function.inputs, *self.ordering_inputs)
        functools.update_wrapper(self, compute_fn, updated=())

    @property
    def required_inputs(self) -> tuple[str, ...]:
        """Return the inputs that have no default, in order."""
        return self.function.required_inputs

    @property
    def has_config(self) -> bool:
        """Tell whether the op takes config."""
        return self.function.config_type is not NO_CONFIG

    @property
    def io_manager_keys(self) -> frozenset[str]:
        """Return the keys of the IO managers that it names; a job need not have the one called io_manager."""
        named = [one.io_manager_key for one in self.outputs.values()]
        named += [one.input_manager_key for one in self.ins.values()]
        return frozenset(filter(None, named)) - {DEFAULT_IO_MANAGER_KEY}

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that the op, its IO managers and its hooks require."""
        keys = (hook.required_resource_keys for hook in self.hooks)
        return self.function.required_resource_keys.union(self.io_manager_keys, *keys)

    def configured(self, config_or_fn: Any, name: str | None = None, config_schema: Any = None) -> "OpDefinition":
        """Return this op, called `name`, with its config given, or made by a function of another config."""
        other = copy.copy(self)
        other.name = self.name if name is None else checked_name(name, "op")
        other.function = self.function.configured(config_or_fn, config_schema, other.name)
        return other

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> "OpDefinition":
        """Return this op with more hooks."""
        other = copy.copy(self)
        other.hooks = checked_hooks(f'op "{self.name}"', (*self.hooks, *hook_defs))
        return other

    def with_retry_policy(self, retry_policy: RetryPolicy) -> "OpDefinition":
        """Return this op with another retry policy."""
        other = copy.copy(self)
        other.retry_policy = checked_policy(f'op "{self.name}"', retry_policy)
        return other

    def alias(self, name: str) -> "AliasedOp":
        """Return the op to be called under another name within a job."""
        return AliasedOp(self, checked_name(name, "op"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the op to the job that is being composed, or else call its function; raises InvocationError."""
        graph = COMPOSING.get()
        if graph is not None:
            return graph.add(self, None, args, kwargs)
        return self.function.call_directly(args, kwargs)

    def __repr__(self) -> str:
        """Show the name."""
        return f"<op {self.name}>"


class AliasedOp:
    """An op under another name, to be called inside a job."""

    def __init__(self, op_definition: OpDefinition, name: str) -> None:
        """Hold the op and its name."""
        self._op = op_definition
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the op to the job that is being composed; raises InvocationError outside of one."""
        graph = COMPOSING.get()
        if graph is None:
            raise InvocationError(f'The alias "{self._name}" of op "{self._op.name}" can be called inside a @job only.')
        return graph.add(self._op, self._name, args, kwargs)


@overload
def op(compute_fn: Callable[..., Any], /) -> OpDefinition: ...
@overload
def op(
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...
@known_keywords("@op")
def op(
    compute_fn: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
    config_schema: Any = None,
    required_resource_keys: Iterable[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, Any] | None = None,
) -> OpDefinition | Callable[[Callable[..., Any]], OpDefinition]:
    """Make an op of a function, sync or async, generator or not; with or without parentheses.

    A first parameter called `context` takes the context, one called `config` the config in the type it is annotated
    with, those annotated with a resource's class or ResourceParam the resources of their names; every other one is an
    input.

    name: of letters, digits and underscores; that of the function unless given.
    description: the docstring of the function unless given.
    ins: inputs that are not parameters, by name: `In(Nothing)` makes the op run after another.
    config_schema: what `context.op_config` holds, where there is no parameter `config`: a type or a dict of types.
    required_resource_keys: resources that it uses as `context.resources`.
    retry_policy: whether and when it is tried again after it raised; that of the job unless given.
    tags: shown with the op; values that are not str are written as JSON.
    out: an Out, or one for each name where there are several: the function then returns a tuple or yields Outputs.

    Raises DefinitionError.
    """
    if compute_fn is not None:
        return OpDefinition(compute_fn)
    return functools.partial(
        OpDefinition,
        name=name,
        description=description,
        ins=ins,
        out=out,
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        retry_policy=retry_policy,
        tags=tags,
    )


def _outputs(name: str, out: object) -> dict[str, Out]:
    if out is None:
        return {DEFAULT_OUTPUT: Out()}
    if isinstance(out, Out):
        return {DEFAULT_OUTPUT: out}
    if not isinstance(out, Mapping) or not out or not all(isinstance(one, Out) for one in out.values()):
        raise DefinitionError(f'out of op "{name}" is an Out or a mapping of name to Out, not {shown(out)}.')
    return {checked_name(output, "output"): one for output, one in out.items()}


def _ordering_inputs(name: str, inputs: tuple[str, ...], ins: Mapping[str, In] | None) -> tuple[str, ...]:
    if ins is not None and not isinstance(ins, Mapping):
        raise DefinitionError(f'ins of op "{name}" is a mapping of name to In, not {shown(ins)}.')
    ordering = []
    for key, declared in (ins or {}).items():
        if not isinstance(declared, In):
            raise DefinitionError(f'ins of op "{name}" is a mapping of name to In, but {key} is {shown(declared)}.')
        if declared.dagster_type is Nothing and key not in inputs:
            ordering.append(checked_name(key, "input"))
        elif key not in inputs:
            raise DefinitionError(f'Op "{name}" declares the input {key} but its function has no such parameter.')
    return tuple(ordering)
