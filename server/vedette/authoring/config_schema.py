"""Config declared by plain values: `{"path": str, "limit": Field(int, default_value=10)}`, and what is made of them."""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import CoreSchema, core_schema

from vedette.authoring.config_types import SCALARS, ConfigDeclaration
from vedette.authoring.environment import as_names, read
from vedette.authoring.text import cleaned, shown
from vedette.errors import DefinitionError, InvalidConfig

_MISSING: Any = inspect.Parameter.empty


class Field(ConfigDeclaration):
    """A field of a config schema: its type, and what it is where it is not given. Without a default it is required."""

    def __init__(
        self,
        config: Any,
        default_value: Any = _MISSING,
        is_required: bool | None = None,
        description: str | None = None,
    ) -> None:
        """Declare a field; raises DefinitionError for a type that is none, and for a default it refuses."""
        self.annotation = annotation_of(config, "a Field")
        self.description = description
        implied = implied_default(config) if default_value is _MISSING else as_names(default_value)
        self.has_default = implied is not _MISSING and is_required is not True
        self.default = implied
        self.is_required = not self.has_default if is_required is None else is_required
        if default_value is not _MISSING:
            _checked(TypeAdapter(self.annotation), self.default, "the default_value of a Field", DefinitionError)


class Shape(ConfigDeclaration):
    """A mapping of known keys: `Shape({"path": str})`, the same as the plain dict."""

    extra = "forbid"

    def __init__(self, fields: Mapping[str, Any], description: str | None = None) -> None:
        """Declare the keys; raises DefinitionError."""
        _check_keys(fields)
        self.fields = {key: one if isinstance(one, Field) else Field(one) for key, one in fields.items()}
        self.description = description
        self.annotation = Annotated[dict[str, Any], self]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Make a dict of the keys, those that have a default filled in."""
        fields = {key: self._field(one, handler) for key, one in self.fields.items()}
        return core_schema.typed_dict_schema(fields, extra_behavior=self.extra)  # type: ignore[arg-type]  # a literal

    def _field(self, field: Field, handler: GetCoreSchemaHandler) -> core_schema.TypedDictField:
        schema = handler.generate_schema(field.annotation)
        if field.has_default and self.fills_defaults:
            schema = core_schema.with_default_schema(
                schema, default_factory=lambda: field.default, validate_default=True
            )
        return core_schema.typed_dict_field(
            schema,
            required=field.is_required,
            metadata={"pydantic_js_updates": {"description": field.description}} if field.description else None,
        )

    fills_defaults = True


class Permissive(Shape):
    """A mapping of known keys that takes others too, as they are."""

    extra = "allow"

    def __init__(self, fields: Mapping[str, Any] | None = None, description: str | None = None) -> None:
        """Declare the keys that are known."""
        super().__init__(fields or {}, description)


class Selector(Shape):
    """A mapping of exactly one of the keys: a choice."""

    fills_defaults = False

    def __init__(self, fields: Mapping[str, Any], description: str | None = None) -> None:
        """Declare what there is to choose from."""
        super().__init__(fields, description)
        for field in self.fields.values():
            field.is_required = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Make a dict of one key."""
        return core_schema.no_info_after_validator_function(
            self._one,
            super().__get_pydantic_core_schema__(source, handler),
            metadata={"pydantic_js_updates": {"minProperties": 1, "maxProperties": 1}},
        )

    def _one(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(value) != 1:
            raise ValueError(f"give exactly one of {', '.join(self.fields)}")
        return value


class ConfigType:
    """A config schema of `owner`, ready to check values. `default` is used where nothing is given, if there is one."""

    def __init__(self, annotation: Any, default: Any, owner: str) -> None:
        """Use `config_type_of`."""
        self.annotation = annotation
        self.default = default
        self.owner = owner

    @property
    def has_default(self) -> bool:
        """Tell whether config may be left out."""
        return self.default is not _MISSING

    def default_value(self) -> Any:
        """Return the value that nothing given comes to; raises InvalidConfig."""
        return self.check(self.default)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    def check(self, value: Any) -> Any:
        """Return what `value` (JSON) comes to, its EnvVars unread; raises InvalidConfig."""
        return _checked(self._adapter, as_names(value), f"the config of {self.owner}", InvalidConfig)

    def preset(self, config_or_fn: Any, config_schema: Any, owner: str) -> "Preset":
        """Return this config as given by `configured`; raises DefinitionError where it refuses a constant."""
        if callable(config_or_fn):
            return Preset(self, config_or_fn, config_type_of(config_schema, owner))
        constant = as_names(config_or_fn)
        try:
            self.check(constant)
        except InvalidConfig as error:
            raise DefinitionError(f"configured() of {owner}: {error}") from None
        return Preset(self, lambda _: constant, None)


class Preset:
    """Config that is made from another config: of the type `outer`, or from nothing where that is None."""

    def __init__(self, inner: ConfigType, make: Callable[[Any], Any], outer: ConfigType | None) -> None:
        """Use `ConfigType.preset`."""
        self._inner = inner
        self._make = make
        self.outer = outer

    def inner_value(self, outer_value: Any) -> Any:
        """Return the config value, EnvVars read; raises InvalidConfig."""
        return read(self._inner.check(self._make(outer_value)), self._inner.owner)


def config_type_of(config_schema: Any, owner: str) -> ConfigType | None:
    """Return the type that a config_schema declares, None for None; raises DefinitionError."""
    if config_schema is None:
        return None
    if isinstance(config_schema, ConfigType):
        return config_schema
    field = config_schema if isinstance(config_schema, Field) else Field(config_schema)
    return ConfigType(field.annotation, field.default if field.has_default else _MISSING, owner)


def annotation_of(declared: Any, where: str) -> Any:
    """Return what is declared as an annotation that pydantic knows; raises DefinitionError."""
    if isinstance(declared, ConfigDeclaration):
        return declared.annotation
    if isinstance(declared, Mapping):
        return Shape(declared).annotation
    if isinstance(declared, list):
        return list[annotation_of(declared[0], where) if declared else Any]  # type: ignore[misc]  # made at run time
    try:
        if declared in SCALARS:
            return SCALARS[declared]
        TypeAdapter(declared)
    except (PydanticUserError, TypeError) as error:
        raise DefinitionError(
            f"{shown(declared)} is no type of config for {where}: give a type such as str or int, a dict of them, a"
            f" Config, or one of Field, Shape, Array, Map, Enum, Selector, Noneable ({str(error).splitlines()[0]})."
        ) from None
    return declared


def implied_default(declared: Any) -> Any:
    """Return the value of what is not given: of a mapping that requires nothing, of what may be None; else empty."""
    if isinstance(declared, list | Field):
        return _MISSING
    if isinstance(declared, Mapping):
        declared = Shape(declared)
    if isinstance(declared, Selector):
        return _MISSING
    if isinstance(declared, Shape):
        return _MISSING if any(field.is_required for field in declared.fields.values()) else {}
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return _MISSING if any(field.is_required() for field in declared.model_fields.values()) else {}
    return None if getattr(declared, "takes_none", False) else _MISSING


def _check_keys(fields: object) -> None:
    if not isinstance(fields, Mapping) or not all(isinstance(key, str) for key in fields):
        raise DefinitionError(f"A config schema is a mapping of str to types, not {shown(fields)}.")


def _checked(adapter: TypeAdapter[Any], value: Any, what: str, kind: type[Exception]) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        told = (
            f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']} (given {shown(one['input'])})" for one in faults
        )
        raise kind(cleaned(f"{what[0].upper()}{what[1:]} is wrong: {'; '.join(told)}.", 2000)) from None
