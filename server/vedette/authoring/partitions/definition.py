"""What all partitions definitions can do."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from vedette.authoring.text import plain_text, shown
from vedette.domain.partitions import (
    DynamicKeys,
    DynamicPartitions,
    NoDynamicKeys,
    PartitionKeyRange,
    Partitions,
    dynamic_names,
    flaw_of_key,
)
from vedette.errors import DefinitionError, InvocationError, UnknownPartition

NO_DYNAMIC_KEYS = NoDynamicKeys()
MOST_NAMED = 10


class PartitionsDefinition(ABC):
    """The parts that the work of a job or an asset is divided into: each has a key, and they have an order.

    `current_time` is the moment to ask about, now unless given: time brings new windows. Where keys are dynamic,
    `dynamic_partitions_store` knows them: `context.instance`, or anything with `get_dynamic_partitions(name)` and
    `has_dynamic_partition(name, key)`.
    """

    @property
    @abstractmethod
    def spec(self) -> Partitions:
        """Return the definition as data."""

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicKeys | None = None
    ) -> Sequence[str]:
        """Return the keys, in order. Raises InvocationError for dynamic ones without a store."""
        return self.spec.keys(moment(current_time), self._store(dynamic_partitions_store))

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> bool:
        """Tell whether there is a key. Raises InvocationError for dynamic ones without a store."""
        return self.spec.has(partition_key, moment(current_time), self._store(dynamic_partitions_store))

    def get_num_partitions(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicKeys | None = None
    ) -> int:
        """Return how many keys there are."""
        return len(self.get_partition_keys(current_time, dynamic_partitions_store))

    def get_first_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicKeys | None = None
    ) -> str | None:
        """Return the first key; None where there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[0] if keys else None

    def get_last_partition_key(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicKeys | None = None
    ) -> str | None:
        """Return the last key; None where there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[-1] if keys else None

    def get_next_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> str | None:
        """Return the key after `partition_key`; None after the last. Raises UnknownPartition."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        place = self._place(keys, partition_key) + 1
        return keys[place] if place < len(keys) else None

    def get_prev_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> str | None:
        """Return the key before `partition_key`; None before the first. Raises UnknownPartition."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        place = self._place(keys, partition_key)
        return keys[place - 1] if place else None

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> Sequence[str]:
        """Return the keys of a range, both ends included. Raises UnknownPartition for ends that there are not."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        start, end = (self._place(keys, key) for key in partition_key_range)
        return keys[start : end + 1]

    def validate_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> None:
        """Raise UnknownPartition for a key that there is not."""
        if not self.has_partition_key(partition_key, current_time, dynamic_partitions_store):
            raise UnknownPartition(f"There is no partition {shown(partition_key)} of {self}.")

    def _place(self, keys: Sequence[str], key: str) -> int:
        try:
            return keys.index(key)
        except ValueError:
            raise UnknownPartition(f"There is no partition {shown(key)} of {self}.") from None

    def _store(self, store: DynamicKeys | None) -> DynamicKeys:
        if store is not None:
            return store
        if names := dynamic_names(self.spec):
            raise InvocationError(
                f'The keys of the dynamic partitions "{names[0]}" are in the database: pass'
                " dynamic_partitions_store=context.instance."
            )
        return NO_DYNAMIC_KEYS

    def __eq__(self, other: object) -> bool:
        """Tell whether both describe the same partitions."""
        return isinstance(other, PartitionsDefinition) and self.spec == other.spec

    def __hash__(self) -> int:
        """Hash by the description."""
        return hash(self.spec)

    def __repr__(self) -> str:
        """Name the kind, and some of what is in it."""
        spec = self.spec
        if isinstance(spec, DynamicPartitions):
            return f'the dynamic partitions "{spec.name}"'
        return f"{type(self).__name__}({', '.join(self._named())})"

    def _named(self) -> Iterable[str]:
        return ()


def moment(current_time: datetime | None) -> datetime:
    """Return a moment as an aware time, now where none is given; one without a time zone is UTC."""
    if current_time is None:
        return datetime.now(UTC)
    return current_time if current_time.tzinfo is not None else current_time.replace(tzinfo=UTC)


def checked_keys(keys: Iterable[Any], owner: str) -> tuple[str, ...]:
    """Return keys that can be stored; raises DefinitionError that names the first that cannot."""
    if isinstance(keys, str) or not isinstance(keys, Iterable):
        raise DefinitionError(f"The keys of {owner} are a list of str, not {shown(keys)}.")
    found = tuple(keys)
    for key in found:
        if flaw := flaw_of_key(key):
            raise DefinitionError(f"The key {shown(key)} of {owner} {flaw}.")
    return tuple(map(plain_text, found))
