"""Resources as classes: their fields are their config, their methods what sensors and ops call."""

import contextlib
import inspect
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Generic

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr, create_model
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeVar

from vedette.authoring.config import Config
from vedette.authoring.config_schema import ConfigType
from vedette.authoring.models import ReferencingModel, rebuilt
from vedette.authoring.resources.definition import Lifetime, ResourceDefinition, Unbuilt, checked_lifetime
from vedette.authoring.resources.init_context import InitResourceContext
from vedette.errors import DefinitionError

T = TypeVar("T", default=Any)


class _AnyResource:
    """Makes a field take any resource: what it is given is built first."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()


# A field that is another resource, whatever that is built into: `db: ResourceDependency[Connection]`.
ResourceDependency = Annotated[T, _AnyResource()]


class ConfigurableResourceFactory(ReferencingModel, Generic[T]):
    """Base of a resource whose class makes something else: override `create_resource`, which returns it.

    A subclass may say `class Pool(ConfigurableResource, lifetime="process")`: see ResourceDefinition. Its methods
    `setup_for_execution`, `teardown_after_execution`, `create_resource` and `yield_for_execution` may be async.
    Values are immutable; what is set up goes into a `PrivateAttr`. Each execution gets a copy of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    __lifetime__: ClassVar[Lifetime] = "execution"

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init_subclass__(cls, *, lifetime: Lifetime | None = None, **kwargs: Any) -> None:
        """Take the class's lifetime; raises DefinitionError for one that is none."""
        super().__init_subclass__(**kwargs)
        if lifetime is not None:
            cls.__lifetime__ = checked_lifetime(cls.__name__, lifetime)

    @classmethod
    def __pydantic_init_subclass__(cls, *, lifetime: Lifetime | None = None, **kwargs: Any) -> None:
        """Take the keyword, which `__init_subclass__` has read."""
        super().__pydantic_init_subclass__(**kwargs)

    def __init__(self, **data: Any) -> None:
        """Take config, EnvVars and other resources; raises pydantic's ValidationError."""
        super().__init__(**data)
        self._given = data

    @classmethod
    def configure_at_launch(cls, **given: Any) -> "PartialResource":
        """Return this resource with what is not `given` to come from the run config, under `resources`."""
        return PartialResource(cls, given)

    def setup_for_execution(self, context: InitResourceContext) -> Any:
        """Set the resource up; override it. What it raises fails the evaluation or run."""

    def teardown_after_execution(self, context: InitResourceContext) -> Any:
        """Tear the resource down; override it."""

    def create_resource(self, context: InitResourceContext) -> T | Any:
        """Return what sensors and ops get."""
        raise NotImplementedError(f"{type(self).__name__} has no create_resource().")

    @contextlib.contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Any]:
        """Set up, yield what sensors and ops get, tear down; override it to do so around an execution."""
        self.setup_for_execution(context)
        try:
            yield self.create_resource(context)
        finally:
            self.teardown_after_execution(context)

    @contextlib.asynccontextmanager
    async def _yield_async(self, context: InitResourceContext) -> AsyncIterator[Any]:
        await _awaited(self.setup_for_execution(context))
        try:
            yield await _awaited(self.create_resource(context))
        finally:
            await _awaited(self.teardown_after_execution(context))

    @classmethod
    def _overrides(cls, *names: str) -> bool:
        ours = (ConfigurableResourceFactory, ConfigurableResource)
        return any(all(getattr(cls, name) is not getattr(one, name) for one in ours) for name in names)

    def _begin(self, context: InitResourceContext) -> Any:
        kind = type(self)
        if kind._overrides("yield_for_execution"):
            return self.yield_for_execution(context)
        hooks = (self.setup_for_execution, self.create_resource, self.teardown_after_execution)
        if any(map(inspect.iscoroutinefunction, hooks)):
            return self._yield_async(context)
        return self.yield_for_execution(context)


class ConfigurableResource(ConfigurableResourceFactory[T]):
    """Base of a resource that is an instance of its own class: annotate fields, write methods.

    Take it by annotating a parameter of a sensor or an op, named as its key in `Definitions(resources=…)`, with it.
    """

    def create_resource(self, context: InitResourceContext) -> Any:
        """Return the resource itself."""
        return self


class PartialResource(Unbuilt):
    """A resource that gets config from the run; made by `configure_at_launch`."""

    def __init__(self, kind: type[ConfigurableResourceFactory[Any]], given: Mapping[str, Any]) -> None:
        """Hold what is given; raises DefinitionError for a field that there is not."""
        for name in given:
            if name not in kind.model_fields:
                raise DefinitionError(f"configure_at_launch: {kind.__name__} has no field {name}.")
        self.kind = kind
        self.given = dict(given)

    def __repr__(self) -> str:
        """Show the class."""
        return f"<{self.kind.__name__}, configured at launch>"


class ModelResource(ResourceDefinition):
    """A resource that is given as an instance of its class, or as a PartialResource."""

    def __init__(self, source: ConfigurableResourceFactory[Any] | PartialResource) -> None:
        """Read what it was given; nested resources are told apart from config."""
        partial = isinstance(source, PartialResource)
        self.kind = source.kind if isinstance(source, PartialResource) else type(source)
        self.given = source.given if isinstance(source, PartialResource) else source._given
        super().__init__(self._made, description=inspect.getdoc(self.kind), lifetime=self.kind.__lifetime__)
        self.name = self.kind.__name__
        self.source = source
        self.is_partial = partial
        self._nested = {
            name: definition_of(value) for name, value in self.given.items() if is_resource(value) or self._is_any(name)
        }
        self.config_type = self._config_type()

    def _is_any(self, name: str) -> bool:
        field = self.kind.model_fields.get(name)
        return field is not None and any(isinstance(one, _AnyResource) for one in field.metadata)

    @property
    def nested(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources in its fields."""
        return self._nested

    def is_nested_partial(self, keyed: Iterable[ResourceDefinition]) -> bool:
        """Tell whether it is configured at launch, and none of those under a key is it."""
        return self.is_partial and not any(one is self for one in keyed)

    @property
    def is_plain(self) -> bool:
        """Tell whether its class overrides nothing that is called while it is built."""
        return not self.kind._overrides(
            "setup_for_execution", "teardown_after_execution", "create_resource", "yield_for_execution"
        )

    def _config_type(self) -> ConfigType | None:
        """Return what a run may say of it: each field, those that were given and those with defaults not required."""
        fields: dict[str, Any] = {}
        for name, field in self.kind.model_fields.items():
            if name in self._nested:
                continue
            info: Any = field
            if name in self.given:
                # Not a default: what a resource is configured with may be a secret, and a schema is public.
                info = Field(default_factory=lambda: None, description=field.description)
            fields[name] = (field.annotation, info)
        if not fields:
            return None
        model = create_model(f"{self.kind.__name__}Config", __base__=Config, **fields)
        required = any(field.is_required() for field in model.model_fields.values())
        return ConfigType(model, inspect.Parameter.empty if required else {}, f'resource "{self.kind.__name__}"')

    def _made(self, context: InitResourceContext) -> Any:
        said = context.resource_config
        changes = {} if said is None else {_key(said, name): getattr(said, name) for name in said.model_fields_set}
        given = {name: value for name, value in self.given.items() if name not in self._nested}
        built = {name: context.resources[name] for name in self._nested}
        made = rebuilt(self.kind, given | changes, f'resource "{self.name}"', built)
        return made if self.is_plain else made._begin(context)


def is_resource(value: object) -> bool:
    """Tell whether a value of a field is another resource."""
    return isinstance(value, ConfigurableResourceFactory | PartialResource | ResourceDefinition)


def definition_of(value: Any) -> ResourceDefinition:
    """Return the definition of anything given as a resource; any other object is the resource itself."""
    if isinstance(value, ResourceDefinition):
        return value
    if isinstance(value, ConfigurableResourceFactory | PartialResource):
        return ModelResource(value)
    return ResourceDefinition.hardcoded_resource(value)


def _key(model: Config, name: str) -> str:
    return type(model).model_fields[name].alias or name


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
