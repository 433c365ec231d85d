"""Hooks: functions that are called after a step of a run has succeeded or failed."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from vedette.authoring.calling import parameters_of
from vedette.authoring.instance.instance import VedetteInstance, checked_instance
from vedette.authoring.keywords import known_keywords
from vedette.authoring.logs import ContextLogger, Sink, to_standard_logging
from vedette.authoring.naming import name_of
from vedette.authoring.resources.definition import checked_keys
from vedette.authoring.resources.registry import ResourceRegistry
from vedette.authoring.resources.using import UsesResources
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvocationError

if TYPE_CHECKING:
    from vedette.authoring.ops import OpDefinition

HookFunction = Callable[..., Any]
Trigger = Literal["success", "failure"]


class HookContext(UsesResources):
    """What a hook knows of the step that it is called for. `op_exception` is None after a success."""

    def __init__(
        self,
        *,
        hook_def: "HookDefinition | None" = None,
        op: "OpDefinition | None" = None,
        step_key: str = "op",
        run_id: str = "EPHEMERAL",
        job_name: str = "job",
        op_config: Any = None,
        op_exception: BaseException | None = None,
        op_output_values: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        sink: Sink = to_standard_logging,
        instance: VedetteInstance | None = None,
    ) -> None:
        """Make a context whose log lines go to `sink`."""
        super().__init__("The hook", ResourceRegistry(resources), frozenset(resources or ()))
        self.hook_def = hook_def
        self._op = op
        self.step_key = step_key
        self.run_id = run_id
        self.job_name = job_name
        self.op_config = op_config
        self.op_exception = op_exception
        self.op_output_values = dict(op_output_values or {})
        self.log = ContextLogger("hook", sink)
        self._instance = instance

    @property
    def instance(self) -> VedetteInstance:
        """Return the instance; raises InvocationError in a run in process that was made without one."""
        return checked_instance(self._instance, "execute_in_process(instance=...)")

    @property
    def op(self) -> "OpDefinition":
        """Return the op; raises InvocationError in a context that was built without one."""
        if self._op is None:
            raise InvocationError("This context has no op; build it with build_hook_context(op=...).")
        return self._op

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that the hook requires."""
        return self.hook_def.required_resource_keys if self.hook_def else frozenset()


class HookDefinition:
    """A hook: give it to a job, or to an op, as one of `hooks`."""

    def __init__(
        self,
        hook_fn: HookFunction,
        trigger: Trigger,
        name: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
    ) -> None:
        """Define a hook; raises DefinitionError."""
        self.name = name_of(hook_fn, name, "hook")
        self.trigger = trigger
        if len(parameters_of(hook_fn, "hook")) != 1:
            raise DefinitionError(f'The function of hook "{self.name}" takes one argument: its context.')
        self.hook_fn = hook_fn
        self.required_resource_keys = checked_keys(f'hook "{self.name}"', required_resource_keys)
        functools.update_wrapper(self, hook_fn, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a test, with build_hook_context(); raises InvocationError."""
        given = [*args, *kwargs.values()]
        if len(given) != 1 or not isinstance(given[0], HookContext):
            raise InvocationError(f'Hook "{self.name}" is called with one argument: build_hook_context().')
        given[0].add_resources(f'Hook "{self.name}"', {}, self.required_resource_keys)
        return self.hook_fn(given[0])

    def __repr__(self) -> str:
        """Show the name."""
        return f"<hook {self.name}>"


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: "OpDefinition | None" = None,
    run_id: str = "EPHEMERAL",
    job_name: str = "job",
    op_exception: BaseException | None = None,
) -> HookContext:
    """Build a context to call a hook with in a test; `resources` as for build_op_context."""
    return HookContext(
        op=op,
        step_key=op.name if op else "op",
        run_id=run_id,
        job_name=job_name,
        op_exception=op_exception,
        resources=resources,
    )


def checked_hooks(owner: str, hooks: object) -> tuple[HookDefinition, ...]:
    """Return hooks, each once and in the order of their names; raises DefinitionError."""
    if isinstance(hooks, str) or not isinstance(hooks, Iterable):
        raise DefinitionError(f"hooks of {owner} are a set of hooks, not {shown(hooks)}.")
    found: dict[str, HookDefinition] = {}
    for hook in hooks:
        if not isinstance(hook, HookDefinition):
            raise DefinitionError(
                f"hooks of {owner} hold {shown(hook)}, which is no hook; use @success_hook or @failure_hook."
            )
        if found.setdefault(hook.name, hook) is not hook:
            raise DefinitionError(f'{owner[0].upper()}{owner[1:]} has two different hooks called "{hook.name}".')
    return tuple(found[name] for name in sorted(found))


Decorated = Callable[[HookFunction], HookDefinition]


@overload
def success_hook(hook_fn: HookFunction, /) -> HookDefinition: ...
@overload
def success_hook(*, name: str | None = None, required_resource_keys: Iterable[str] | None = None) -> Decorated: ...
@known_keywords("@success_hook")
def success_hook(
    hook_fn: HookFunction | None = None,
    /,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Decorated:
    """Make a hook of a function, sync or async, of a HookContext: it is called after each step that succeeds.

    What it raises is told in the run's events and changes nothing else. Raises DefinitionError.
    """
    if hook_fn is not None:
        return HookDefinition(hook_fn, "success")
    return lambda function: HookDefinition(function, "success", name, required_resource_keys)


@overload
def failure_hook(hook_fn: HookFunction, /) -> HookDefinition: ...
@overload
def failure_hook(*, name: str | None = None, required_resource_keys: Iterable[str] | None = None) -> Decorated: ...
@known_keywords("@failure_hook")
def failure_hook(
    hook_fn: HookFunction | None = None,
    /,
    *,
    name: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
) -> HookDefinition | Decorated:
    """Make a hook of a function, sync or async, of a HookContext: it is called after each step that fails for good.

    What it raises is told in the run's events and changes nothing else. Raises DefinitionError.
    """
    if hook_fn is not None:
        return HookDefinition(hook_fn, "failure")
    return lambda function: HookDefinition(function, "failure", name, required_resource_keys)
