"""Lists, mappings and what may be None in config that is declared by plain values."""

from typing import Any

from vedette.authoring.config_schema import annotation_of
from vedette.authoring.config_types import ConfigDeclaration


class Array(ConfigDeclaration):
    """A list of one type: `Array(str)`, the same as `[str]`."""

    def __init__(self, inner_type: Any) -> None:
        """Take the type of the items; raises DefinitionError."""
        self.annotation = list[annotation_of(inner_type, "an Array")]  # type: ignore[misc]  # made at run time


class Map(ConfigDeclaration):
    """A mapping of any keys of one type to values of one type."""

    def __init__(self, key_type: Any, inner_type: Any, key_label_name: str | None = None) -> None:
        """Take both types; raises DefinitionError."""
        key, value = annotation_of(key_type, "a Map"), annotation_of(inner_type, "a Map")
        self.annotation = dict[key, value]  # type: ignore[valid-type]  # made at run time
        self.key_label_name = key_label_name


class Noneable(ConfigDeclaration):
    """A type, or None; None where it is not given."""

    takes_none = True

    def __init__(self, inner_type: Any) -> None:
        """Take the type; raises DefinitionError."""
        self.annotation = annotation_of(inner_type, "a Noneable") | None
