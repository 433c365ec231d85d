"""Definitions of resources: a function that builds one, what it requires, and how long what it built lives."""

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Self, get_args, overload

from vedette.authoring.calling import parameters_of
from vedette.authoring.config_schema import ConfigType, config_type_of
from vedette.authoring.environment import HoldsReferences
from vedette.authoring.keywords import known_keywords
from vedette.authoring.naming import description_of
from vedette.authoring.resources.init_context import InitResourceContext
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvocationError

Lifetime = Literal["execution", "process"]
ResourceFunction = Callable[..., Any]


class Unbuilt(HoldsReferences):
    """A resource in a field of another: what the field holds is known when that is built."""

    @property
    def holds_references(self) -> bool:
        """Tell that it stands for something else."""
        return True

    def as_names(self) -> dict[str, Any]:
        """Return nothing: a resource is no config."""
        return {}

    def read(self, owner: str) -> Self:
        """Return it: who builds the field's resource looks after it."""
        return self


class ResourceDefinition(Unbuilt):
    """How a resource is built. `source` is what the author wrote: the same source is built once.

    lifetime: "execution" builds it for each evaluation or run and tears it down after; "process" builds it once in
    each process that needs it, where evaluations share it: it must be safe to use by many threads at a time. It is torn
    down when the process ends or its code is reloaded, and not where the process is killed.
    """

    def __init__(
        self,
        resource_fn: ResourceFunction,
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: Iterable[str] | None = None,
        version: str | None = None,
        lifetime: Lifetime = "execution",
    ) -> None:
        """Define a resource by a function of its InitResourceContext, or of nothing.

        It returns the resource, or a coroutine of it; a generator, sync or async, yields it once and is resumed to tear
        it down; so is a context manager made by contextlib's decorators. Raises DefinitionError.
        """
        self.resource_fn = resource_fn
        self.name = str(getattr(resource_fn, "__name__", type(resource_fn).__name__))
        self.description = description if description is not None else description_of(resource_fn, None)
        self.required_resource_keys = checked_keys(f'resource "{self.name}"', required_resource_keys)
        self.version = version
        self.lifetime = checked_lifetime(self.name, lifetime)
        self.config_type: ConfigType | None = config_type_of(config_schema, f'resource "{self.name}"')
        self.source: object = self
        self._takes_context = bool(parameters_of(resource_fn, "resource"))

    @property
    def nested(self) -> Mapping[str, "ResourceDefinition"]:
        """Return the resources that it was given as objects, by field."""
        return {}

    def is_nested_partial(self, keyed: Iterable["ResourceDefinition"]) -> bool:
        """Tell whether its config is to come from a run, and none of those under a key is it."""
        return False

    @property
    def is_plain(self) -> bool:
        """Tell whether building it calls nothing of the author's that could take time."""
        return False

    def begin(self, context: InitResourceContext) -> Any:
        """Call the function: the resource, or what is to be awaited or entered to get it."""
        return self.resource_fn(context) if self._takes_context else self.resource_fn()

    def configured(self, config_or_fn: Any, config_schema: Any = None) -> "ResourceDefinition":
        """Return this resource with its config given, or made by a function of another config."""
        return ConfiguredResource(self, config_or_fn, config_schema)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function in a test, with build_init_resource_context(); raises InvocationError."""
        if not self._takes_context:
            return self.resource_fn()
        given = [*args, *kwargs.values()]
        if len(given) != 1:
            raise InvocationError(
                f'Resource "{self.name}" is called with its context: pass build_init_resource_context().'
            )
        return self.resource_fn(InitResourceContext() if given[0] is None else given[0])

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> "ResourceDefinition":
        """Return a resource that is `value`."""
        return ValueResource(value, description)

    @staticmethod
    def none_resource(description: str | None = None) -> "ResourceDefinition":
        """Return a resource that is None."""
        return ValueResource(None, description)

    @staticmethod
    def mock_resource() -> "ResourceDefinition":
        """Return a resource that takes any use of it, as a test's stand-in."""
        return ResourceDefinition(_mock)

    @staticmethod
    def string_resource(description: str | None = None) -> "ResourceDefinition":
        """Return a resource that is the text in its config."""
        return ResourceDefinition(lambda context: context.resource_config, str, description)

    def __repr__(self) -> str:
        """Show the name."""
        return f"<resource {self.name}>"


class ValueResource(ResourceDefinition):
    """A resource that is there already: any object."""

    def __init__(self, value: Any, description: str | None = None) -> None:
        """Hold the value."""
        super().__init__(lambda: value, description=description)
        self.name = type(value).__name__
        self.source = value

    @property
    def is_plain(self) -> bool:
        """Tell that nothing is called."""
        return True


class ConfiguredResource(ResourceDefinition):
    """A resource whose config is given."""

    def __init__(self, inner: ResourceDefinition, config_or_fn: Any, config_schema: Any) -> None:
        """Check the config; raises DefinitionError."""
        if inner.config_type is None:
            raise DefinitionError(f'Resource "{inner.name}" takes no config: give its @resource a config_schema=.')
        self._inner = inner
        self.preset = inner.config_type.preset(config_or_fn, config_schema, f'resource "{inner.name}"')
        super().__init__(
            inner.resource_fn,
            description=inner.description,
            required_resource_keys=inner.required_resource_keys,
            version=inner.version,
            lifetime=inner.lifetime,
        )
        self.config_type = self.preset.outer

    @property
    def nested(self) -> Mapping[str, ResourceDefinition]:
        """Return those of the resource that is configured."""
        return self._inner.nested

    def begin(self, context: InitResourceContext) -> Any:
        """Call the function with the config that was given."""
        context.resource_config = self.preset.inner_value(context.resource_config)
        return super().begin(context)


def _mock() -> Any:
    """Make a stand-in for anything."""
    # Imported by those who ask for it only: it takes longer than all the rest.
    return importlib.import_module("unittest.mock").MagicMock()


def checked_keys(owner: str, keys: object) -> frozenset[str]:
    """Return required resource keys as a set; raises DefinitionError."""
    if keys is None:
        return frozenset()
    if isinstance(keys, str) or not isinstance(keys, Iterable):
        raise DefinitionError(f"required_resource_keys of {owner} is a set of keys, not {shown(keys)}.")
    found = list(keys)
    for key in found:
        if not isinstance(key, str) or not key.isidentifier():
            raise DefinitionError(f"required_resource_keys of {owner} holds {shown(key)}, which is no resource's key.")
    return frozenset(found)


def checked_lifetime(name: str, lifetime: object) -> Lifetime:
    """Return a lifetime; raises DefinitionError."""
    for known in get_args(Lifetime):
        if lifetime == known:
            found: Lifetime = known
            return found
    raise DefinitionError(f'The lifetime of resource "{name}" is "execution" or "process", not {shown(lifetime)}.')


@overload
def resource(config_schema: ResourceFunction, /) -> ResourceDefinition: ...
@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
    *,
    lifetime: Lifetime = "execution",
) -> Callable[[ResourceFunction], ResourceDefinition]: ...
@known_keywords("@resource")
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: Iterable[str] | None = None,
    version: str | None = None,
    *,
    lifetime: Lifetime = "execution",
) -> ResourceDefinition | Callable[[ResourceFunction], ResourceDefinition]:
    """Make a resource of a function, sync or async, generator or not; with or without parentheses.

    config_schema: what `context.resource_config` holds: a type, a dict of them, or a Config.
    required_resource_keys: other resources that it uses, as `context.resources`.
    lifetime: "execution", or "process" for what is to survive from one evaluation to the next; see ResourceDefinition.

    Raises DefinitionError.
    """
    if inspect.isfunction(config_schema):
        return ResourceDefinition(config_schema)

    def define(function: ResourceFunction) -> ResourceDefinition:
        made = ResourceDefinition(function, config_schema, description, required_resource_keys, version, lifetime)
        functools.update_wrapper(made, function, updated=())
        return made

    return define
