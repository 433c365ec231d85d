"""Pydantic models whose fields may be given an EnvVar: validated with its value when it is read, and not before."""

from collections.abc import Iterable, Mapping
from typing import Any, Self, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    PrivateAttr,
    Secret,
    SecretBytes,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, PydanticUndefined, to_jsonable_python

from vedette.authoring.environment import HoldsReferences, as_names, holds_reference, read, reference_of
from vedette.domain.secrets import has_secrets
from vedette.errors import InvalidConfig

_SCALARS = frozenset({"string", "integer", "number", "boolean"})
ENV_SCHEMA: dict[str, Any] = {
    "title": "EnvVar",
    "description": "The environment variable that holds the value.",
    "type": "object",
    "properties": {"env": {"type": "string", "minLength": 1}},
    "required": ["env"],
    "additionalProperties": False,
}


class ReferencingModel(BaseModel, HoldsReferences):
    """A model whose scalar fields take an EnvVar, or `{"env": name}`, in place of a value; immutable.

    While it holds one, what it was given is kept as it is; types are checked where there is a value to check.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    # What was given, where that holds references; and what a repr shows instead of values that were read.
    _unread: dict[str, Any] | None = PrivateAttr(default=None)
    _shown: dict[str, Any] = PrivateAttr(default_factory=dict)

    def __init__(self, **data: Any) -> None:
        """Take the fields; raises pydantic's ValidationError."""
        if holds_reference(data):
            self._keep(data)
            return
        try:
            super().__init__(**data)
        except ValidationError as error:
            referring = self._with_references(data, error)
            if referring is None:
                raise
            self._keep(referring)

    def _with_references(self, data: dict[str, Any], error: ValidationError) -> dict[str, Any] | None:
        """Return `data` with an EnvVar for each `{"env": name}` that `error` refuses; None where there is none."""
        referring: Any = data
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            referring = _referring(referring, fault["loc"])
        return None if referring is data else referring

    def _keep(self, data: dict[str, Any]) -> None:
        """Hold `data`, unread; raises ValidationError for what is wrong whatever the variables hold."""
        if faults := self._faults(data):
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        values, given = {}, set()
        for name, field in type(self).model_fields.items():
            if (key := _key_in(data, name, field)) is not None:
                given.add(name)
            values[name] = (
                data[key] if key is not None else field.get_default(call_default_factory=True, validated_data={})
            )
        defaults = {
            name: one.get_default(call_default_factory=True, validated_data=values)
            for name, one in type(self).__private_attributes__.items()
        }
        private = {name: value for name, value in defaults.items() if value is not PydanticUndefined}
        set_directly = object.__setattr__
        set_directly(self, "__dict__", values)
        set_directly(self, "__pydantic_fields_set__", given)
        extra = {key: value for key, value in data.items() if key not in self._keys()}
        set_directly(self, "__pydantic_extra__", extra if self.model_config.get("extra") == "allow" else None)
        set_directly(self, "__pydantic_private__", private | {"_unread": data})

    def _faults(self, data: dict[str, Any]) -> list[InitErrorDetails]:
        plain = {key: value for key, value in data.items() if not holds_reference(value)}
        given = {name for name, field in type(self).model_fields.items() if _key_in(data, name, field) is not None}
        try:
            self.__pydantic_validator__.validate_python(plain, self_instance=type(self).model_construct())
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)
        except Exception:
            # A validator of the author's that needs what is not read yet: it is heard when that is.
            return []
        else:
            return []
        return [
            InitErrorDetails(
                type=PydanticCustomError(fault["type"], "{told}", {"told": fault["msg"]}),
                loc=fault["loc"],
                input=fault["input"],
            )
            for fault in faults
            if fault["loc"] and not (fault["type"] == "missing" and self._is_given(fault["loc"][0], given))
        ]

    @classmethod
    def _keys(cls) -> set[Any]:
        fields = cls.model_fields.items()
        return {key for name, field in fields for key in (name, field.alias, field.validation_alias)}

    def _is_given(self, location: int | str, given: Iterable[str]) -> bool:
        fields = type(self).model_fields
        return any(location in (name, fields[name].alias, fields[name].validation_alias) for name in given)

    @property
    def holds_references(self) -> bool:
        """Tell whether a field is an EnvVar that was not read yet."""
        return self._unread is not None or any(map(holds_reference, self.__dict__.values()))

    def as_names(self) -> dict[str, Any]:
        """Return the fields as JSON values, each EnvVar as `{"env": name}`."""
        if not self.holds_references:
            return plain_fields(self)
        plain: dict[str, Any] = to_jsonable_python(revealed(as_names(self._unread or self.__dict__)))
        return plain

    def read(self, owner: str) -> Self:
        """Return this model with the values; raises InvalidConfig, which shows no value."""
        if self._unread is not None:
            return cast(Self, rebuilt(type(self), self._unread, owner))
        if not self.holds_references:
            return self
        return cast(Self, rebuilt(type(self), {name: getattr(self, name) for name in self.model_fields_set}, owner))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show names of variables, never what was read from them."""
        for name, value in super().__repr_args__():
            yield name, self._shown.get(name or "", value)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let each scalar field be `{"env": name}` too."""
        found = handler(core_schema)
        schema = handler.resolve_ref_schema(found)
        properties: dict[str, Any] = schema.get("properties", {})
        properties.update({name: or_env(one) for name, one in properties.items()})
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if key in properties and _holds_secret(field.annotation) and not has_secrets(properties[key]):
                # pydantic says so of a SecretStr, and not of a Secret[int].
                properties[key] = {**properties[key], "writeOnly": True}
        return found


def _holds_secret(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return (isinstance(kind, type) and issubclass(kind, _SECRETS)) or any(map(_holds_secret, get_args(annotation)))


def plain_fields(model: BaseModel) -> dict[str, Any]:
    """Return the fields as JSON values, secrets as what they hold."""
    shown = model.model_dump(mode="json", by_alias=True)
    found: dict[str, Any] = _with_secrets(shown, model.model_dump(mode="python", by_alias=True))
    return found


def revealed(value: Any) -> Any:
    """Return a value with each secret of pydantic's in it as what it holds."""
    if isinstance(value, _SECRETS):
        held = value.get_secret_value()
        return held.decode() if isinstance(held, bytes) else held
    if isinstance(value, Mapping):
        return {key: revealed(one) for key, one in value.items()}
    return [revealed(one) for one in value] if isinstance(value, list | tuple) else value


_SECRETS = (Secret, SecretBytes, SecretStr)


def _with_secrets(shown: Any, held: Any) -> Any:
    """Return what is shown of a value, but with the secrets that it holds."""
    if isinstance(held, _SECRETS):
        return to_jsonable_python(revealed(held))
    if isinstance(shown, dict) and isinstance(held, Mapping):
        return {key: _with_secrets(one, held.get(key)) for key, one in shown.items()}
    if isinstance(shown, list) and isinstance(held, list | tuple) and len(shown) == len(held):
        return [_with_secrets(one, within) for one, within in zip(shown, held, strict=True)]
    return shown


def rebuilt(
    kind: type[ReferencingModel], given: Mapping[str, Any], owner: str, built: Mapping[str, Any] | None = None
) -> Any:
    """Return a `kind` of what `given` says, each EnvVar read, and of `built` as it is.

    Raises InvalidConfig, which shows no value.
    """
    hidden = {key for key, value in given.items() if holds_reference(value)}
    try:
        made = kind.__new__(kind)
        ReferencingModel.__init__(made, **read(dict(given), owner), **(built or {}))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        told = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in faults)
        raise InvalidConfig(f"The fields of {owner} are wrong: {told}.") from None
    for name, field in kind.model_fields.items():
        if (key := _key_in(given, name, field)) in hidden:
            made._shown[name] = given[str(key)]
    # A nested `{"env": name}` is known for one only now.
    return made.read(owner)


def _key_in(data: Mapping[str, Any], name: str, field: FieldInfo) -> str | None:
    """Return under which key `data` has the field, None where it has not."""
    for key in (field.validation_alias, field.alias, name):
        if isinstance(key, str) and key in data:
            return key
    return None


def _referring(value: Any, path: tuple[int | str, ...]) -> Any:
    """Return `value` with an EnvVar at `path`, if `{"env": name}` is there."""
    if (reference := reference_of(value)) is not None:
        return reference
    if not path:
        return value
    at, *rest = path
    if isinstance(value, Mapping) and at in value:
        changed = _referring(value[at], tuple(rest))
        return value if changed is value[at] else {**value, at: changed}
    if isinstance(value, list) and isinstance(at, int) and at < len(value):
        changed = _referring(value[at], tuple(rest))
        return value if changed is value[at] else [*value[:at], changed, *value[at + 1 :]]
    return value


def or_env(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a scalar, or of a list or mapping of them, as one that takes `{"env": name}` too."""
    for within in ("items", "additionalProperties"):
        if isinstance(schema.get(within), dict):
            return {**schema, within: or_env(schema[within])}
    parts = schema.get("anyOf", [])
    if parts and all(part.get("type") in _SCALARS | {"null"} for part in parts):
        return {**schema, "anyOf": [*parts, ENV_SCHEMA]}
    if schema.get("type") not in _SCALARS or "const" in schema or "enum" in schema:
        return schema
    outer = {key: value for key, value in schema.items() if key in {"title", "description", "default"}}
    inner = {key: value for key, value in schema.items() if key not in outer}
    return {**outer, "anyOf": [inner, ENV_SCHEMA]}
