"""References to environment variables: what stands in definitions and run config instead of a secret."""

import os
from collections.abc import Mapping
from typing import Any, Self

from vedette.authoring.redaction import keep_secret
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvalidConfig, InvocationError


class EnvVar(str):
    """The environment variable `EnvVar("NAME")`, in place of a text in a resource or in config.

    It is read in the process that uses it, when a resource is built or a step begins. API, run config and reprs show
    its name only; its value is struck out of what is logged and of errors. `EnvVar.int("PORT")` stands for an int.
    """

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        """Name the variable; raises DefinitionError for what cannot name one."""
        return super().__new__(cls, _checked(name))

    @classmethod
    def int(cls, name: str) -> "IntEnvVar":
        """Refer to a variable that holds a whole number."""
        return IntEnvVar(name)

    @property
    def env_var_name(self) -> str:
        """Return the variable's name."""
        return self[:]

    def get_value(self, default: str | None = None) -> str | None:
        """Return the value, which is a secret from now on, or `default` where the variable is not set."""
        value = os.environ.get(self.env_var_name)
        if value is None:
            return default
        keep_secret(self.env_var_name, value)
        return value

    def __str__(self) -> str:
        """Refuse: it would be the name, not the value. Raises InvocationError."""
        raise InvocationError(_DIRECTLY.format(name=self[:]))

    def __format__(self, specification: str) -> str:
        """Refuse as str() does; raises InvocationError."""
        return str(self)

    def __repr__(self) -> str:
        """Show the name."""
        return f"EnvVar({self[:]!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the name."""
        return type(self), (self[:],)


class IntEnvVar(int):
    """An environment variable that holds a whole number; made by `EnvVar.int`."""

    env_var_name: str

    def __new__(cls, name: str) -> Self:
        """Name the variable; raises DefinitionError for what cannot name one."""
        made = super().__new__(cls, 0)
        made.env_var_name = _checked(name)
        return made

    def get_value(self, default: int | None = None) -> int | None:
        """Return the value, or `default` where the variable is not set; raises InvalidConfig for no whole number."""
        text = EnvVar(self.env_var_name).get_value()
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            raise InvalidConfig(f"The environment variable {self.env_var_name} holds no whole number.") from None

    def __str__(self) -> str:
        """Refuse: there is no value yet. Raises InvocationError."""
        raise InvocationError(_DIRECTLY.format(name=self.env_var_name))

    def __format__(self, specification: str) -> str:
        """Refuse as str() does; raises InvocationError."""
        return str(self)

    def __repr__(self) -> str:
        """Show the name."""
        return f"EnvVar.int({self.env_var_name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the name."""
        return type(self), (self.env_var_name,)


class BoolEnvVar(IntEnvVar):
    """An environment variable that holds true or false."""

    def get_value(self, default: int | None = None) -> int | None:
        """Return the value, or `default` where the variable is not set; raises InvalidConfig for another text."""
        text = EnvVar(self.env_var_name).get_value()
        if text is None:
            return default
        if text.lower() not in _BOOLS:
            raise InvalidConfig(f"The environment variable {self.env_var_name} holds neither true nor false.")
        return _BOOLS[text.lower()]


_BOOLS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

Reference = EnvVar | IntEnvVar

_DIRECTLY = (
    "EnvVar({name!r}) only stands for its value until a resource or a step uses it: pass it as a whole, or call its"
    " get_value()."
)


def _checked(name: object) -> str:
    if not isinstance(name, str) or not name or "=" in name or "\0" in name:
        raise DefinitionError(f"EnvVar takes the name of an environment variable, not {shown(name)}.")
    return name[:]


def reference_of(value: object) -> Reference | None:
    """Return the reference that `value` is, written as an EnvVar or as `{"env": name}`; None where it is none."""
    if isinstance(value, Reference):
        return value
    if isinstance(value, Mapping) and len(value) == 1 and isinstance(name := value.get("env"), str) and name:
        return EnvVar(name)
    return None


class HoldsReferences:
    """A value that may hold an EnvVar in one of its fields."""

    @property
    def holds_references(self) -> bool:
        """Tell whether it does."""
        raise NotImplementedError

    def as_names(self) -> dict[str, Any]:
        """Return its fields as plain JSON values, each EnvVar as `{"env": name}`."""
        raise NotImplementedError

    def read(self, owner: str) -> Self:
        """Return a copy with the values; raises InvalidConfig where a variable is not set or its value refused."""
        raise NotImplementedError


def holds_reference(value: object) -> bool:
    """Tell whether an EnvVar is `value` or within its mappings, lists and models."""
    if isinstance(value, Mapping):
        return any(map(holds_reference, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_reference, value))
    return isinstance(value, Reference) or (isinstance(value, HoldsReferences) and value.holds_references)


def as_names(value: Any) -> Any:
    """Return `value` with each EnvVar within written as `{"env": name}`, as run config holds it."""
    if isinstance(value, Reference):
        return {"env": value.env_var_name}
    if isinstance(value, HoldsReferences):
        return value.as_names()
    if isinstance(value, Mapping):
        return {key: as_names(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_names(one) for one in value]
    return value


def read(value: Any, owner: str) -> Any:
    """Return `value` with each EnvVar within replaced by its value; raises InvalidConfig that names what is not set.

    `owner` says who needs it, as in `resource "db"`.
    """
    if isinstance(value, Reference):
        if (found := value.get_value()) is None:
            raise InvalidConfig(
                f"The environment variable {value.env_var_name}, which {owner} needs, is not set where this process"
                " runs; set it there and start again."
            )
        return found
    if isinstance(value, HoldsReferences):
        return value.read(owner)
    if isinstance(value, Mapping):
        return {key: read(one, owner) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [read(one, owner) for one in value]
    return value
