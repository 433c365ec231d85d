"""The types that config declared by plain values is made of, under the names that the field knows."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, core_schema

from vedette.authoring.environment import BoolEnvVar, EnvVar, IntEnvVar, reference_of
from vedette.authoring.models import or_env
from vedette.authoring.text import shown
from vedette.errors import DefinitionError


class ConfigDeclaration:
    """Something that declares config. `annotation` is it as pydantic knows it."""

    annotation: Any


class OrReference:
    """Lets a scalar be `{"env": name}` too: it then stands for what the variable holds when it is read."""

    def __init__(self, kind: type[EnvVar] | type[IntEnvVar]) -> None:
        """Make references of `kind`."""
        self._kind = kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check what is no reference."""
        return core_schema.no_info_wrap_validator_function(self._keep, handler(source))

    def _keep(self, value: Any, check: core_schema.ValidatorFunctionWrapHandler) -> Any:
        reference = reference_of(value)
        return check(value) if reference is None else self._kind(reference.env_var_name)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell of both forms."""
        return or_env(handler(schema))


class ScalarType(ConfigDeclaration):
    """A scalar, such as String."""

    def __init__(self, name: str, annotation: Any) -> None:
        """Name it."""
        self.name = name
        self.annotation = annotation

    def __repr__(self) -> str:
        """Show the name."""
        return self.name


String = ScalarType("String", Annotated[str, Strict(), OrReference(EnvVar)])
Int = ScalarType("Int", Annotated[int, Strict(), OrReference(IntEnvVar)])
Float = ScalarType("Float", Annotated[float, Strict()])
Bool = ScalarType("Bool", Annotated[bool, Strict(), OrReference(BoolEnvVar)])
StringSource, IntSource, BoolSource = String, Int, Bool
SCALARS: dict[Any, Any] = {
    str: String.annotation,
    int: Int.annotation,
    float: Float.annotation,
    bool: Bool.annotation,
    dict: dict[str, Any],
    list: list[Any],
    Any: Any,
}


class EnumValue:
    """A name in config, and the value that it stands for."""

    def __init__(self, config_value: str, python_value: Any = None, description: str | None = None) -> None:
        """Let `config_value` stand for `python_value`, or for itself."""
        if not isinstance(config_value, str):
            raise DefinitionError(f"An EnumValue is named by a str, not {shown(config_value)}.")
        self.config_value = config_value
        self.python_value = config_value if python_value is None else python_value
        self.description = description


class Enum(ConfigDeclaration):
    """A choice of names: `Enum("Speed", [EnumValue("FAST"), EnumValue("SLOW")])`."""

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        """Name the choices; raises DefinitionError where there is none."""
        if not enum_values or not all(isinstance(one, EnumValue) for one in enum_values):
            raise DefinitionError(f"Enum {shown(name)} takes a list of EnumValue, not {shown(enum_values)}.")
        self.name = name
        values: Mapping[str, Any] = {one.config_value: one.python_value for one in enum_values}
        self.annotation = Annotated[Literal[tuple(values)], AfterValidator(values.__getitem__)]

    @classmethod
    def from_python_enum(cls, enum: Any, name: str | None = None) -> "Enum":
        """Make one of the members of a Python enum, by their names."""
        return cls(name or enum.__name__, [EnumValue(one.name, one) for one in enum])
