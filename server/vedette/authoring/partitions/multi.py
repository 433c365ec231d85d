"""Partitions of several dimensions."""

from collections.abc import Iterable, Mapping

from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.authoring.text import shown
from vedette.domain.partitions import (
    SEPARATOR,
    Dimension,
    MultiPartitions,
    OneDimension,
    StaticPartitions,
)
from vedette.errors import DefinitionError, InvocationError

FORBIDDEN = "|,[]"
FEWEST = 2


class MultiPartitionKey(str):
    """A key of several dimensions: a str such as `2026-01-01|europe`, in the order of the dimensions' names."""

    __slots__ = ("_keys",)

    _keys: dict[str, str]

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> "MultiPartitionKey":
        """Take the key of each dimension by its name. Raises InvocationError for what is no such mapping."""
        _check_keys(keys_by_dimension)
        keys = dict(sorted(keys_by_dimension.items()))
        made = super().__new__(cls, SEPARATOR.join(keys.values()))
        made._keys = keys
        return made

    @property
    def keys_by_dimension(self) -> dict[str, str]:
        """Return the key of each dimension by its name."""
        return dict(self._keys)

    def __reduce__(self) -> tuple[type["MultiPartitionKey"], tuple[dict[str, str]]]:
        """Return what makes an equal one."""
        return MultiPartitionKey, (self._keys,)


class MultiPartitionsDefinition(PartitionsDefinition):
    """Every combination of the keys of two or more dimensions: static, dynamic or time windows."""

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition]) -> None:
        """Take the definition of each dimension by its name; raises DefinitionError."""
        _check_dimensions(partitions_defs)
        self._definitions = dict(sorted(partitions_defs.items()))
        self._spec = MultiPartitions(tuple(Dimension(name, _one(name, one)) for name, one in self._definitions.items()))

    @property
    def spec(self) -> MultiPartitions:
        """Return the definition as data."""
        return self._spec

    @property
    def partitions_defs(self) -> dict[str, PartitionsDefinition]:
        """Return the definition of each dimension by its name."""
        return dict(self._definitions)

    @property
    def partition_dimension_names(self) -> list[str]:
        """Return the names of the dimensions, in the order in which a key has them."""
        return list(self._definitions)

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition:
        """Return the definition of a dimension; raises InvocationError for an unknown one."""
        if (found := self._definitions.get(dimension_name)) is None:
            raise InvocationError(f'There is no dimension "{dimension_name}" ({", ".join(self._definitions)}).')
        return found

    @property
    def time_window_dimension_name(self) -> str:
        """Return the name of the one dimension that is time; raises InvocationError where there is none or several."""
        found = [name for name, one in self._definitions.items() if isinstance(one, TimeWindowPartitionsDefinition)]
        if len(found) != 1:
            raise InvocationError(
                f"{self} has {len(found)} dimensions of time; there is a time window where it is one."
            )
        return found[0]

    @property
    def time_window_partitions_def(self) -> TimeWindowPartitionsDefinition:
        """Return the definition of the one dimension that is time; raises InvocationError."""
        found = self._definitions[self.time_window_dimension_name]
        assert isinstance(found, TimeWindowPartitionsDefinition)
        return found

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """Return a key with its dimensions; raises InvocationError for one that has another number of them."""
        parts = self._spec.split(partition_key_str)
        if parts is None:
            names = SEPARATOR.join(self._definitions)
            raise InvocationError(
                f"{shown(partition_key_str)} is no key of {len(self._definitions)} dimensions: {names}."
            )
        return MultiPartitionKey(dict(zip(self._definitions, parts, strict=True)))

    def _named(self) -> Iterable[str]:
        return (f"{name}={one!r}" for name, one in self._definitions.items())


def _check_keys(given: object) -> None:
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given.values()):
        raise InvocationError(f"A MultiPartitionKey is made from a mapping of names to keys, not {shown(given)}.")


def _check_dimensions(given: object) -> None:
    if not isinstance(given, Mapping) or len(given) < FEWEST:
        raise DefinitionError(
            "MultiPartitionsDefinition takes two dimensions or more, as a mapping of names to partitions"
            f" definitions, not {shown(given)}."
        )


def _one(name: object, definition: object) -> OneDimension:
    if not isinstance(name, str) or not name:
        raise DefinitionError(f"A dimension of MultiPartitionsDefinition is named by a str, not {shown(name)}.")
    spec = definition.spec if isinstance(definition, PartitionsDefinition) else None
    if spec is None or isinstance(spec, MultiPartitions):
        raise DefinitionError(
            f'The dimension "{name}" of MultiPartitionsDefinition is a definition of static, dynamic or time window'
            f" partitions, not {shown(definition)}."
        )
    if isinstance(spec, StaticPartitions):
        for key in spec.partition_keys:
            if any(character in key for character in FORBIDDEN):
                raise DefinitionError(
                    f'The key "{key}" of the dimension "{name}" holds one of {" ".join(FORBIDDEN)}: keys that are'
                    " combined may not."
                )
    return spec
