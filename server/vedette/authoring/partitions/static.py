"""Partitions that the code lists."""

from collections.abc import Iterable

from vedette.authoring.partitions.definition import MOST_NAMED, PartitionsDefinition, checked_keys
from vedette.domain.partitions import StaticPartitions
from vedette.errors import DefinitionError


class StaticPartitionsDefinition(PartitionsDefinition):
    """The keys in a list: `StaticPartitionsDefinition(["europe", "asia"])`."""

    def __init__(self, partition_keys: Iterable[str]) -> None:
        """Take the keys, in order; raises DefinitionError for one that cannot be one, or comes twice."""
        keys = checked_keys(partition_keys, "StaticPartitionsDefinition")
        seen: set[str] = set()
        for key in keys:
            if key in seen:
                raise DefinitionError(f'StaticPartitionsDefinition has the key "{key}" twice; keys are unique.')
            seen.add(key)
        self._spec = StaticPartitions(keys)

    @property
    def spec(self) -> StaticPartitions:
        """Return the definition as data."""
        return self._spec

    def _named(self) -> Iterable[str]:
        keys = self._spec.partition_keys
        return [*map(repr, keys[:MOST_NAMED]), *(["…"] if len(keys) > MOST_NAMED else [])]
