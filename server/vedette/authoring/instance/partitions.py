"""The keys of dynamic partitions."""

from collections.abc import Iterable, Sequence

from vedette.authoring.instance.asking import Asking
from vedette.authoring.text import shown
from vedette.domain.partitions import MOST_CHANGED_KEYS, PartitionChange, PartitionChangeKind, flaw_of_key
from vedette.domain.questions import ChangeDynamicPartitions, HasDynamicPartition, ListDynamicPartitions
from vedette.errors import InvocationError


class InstancePartitions(Asking):
    """The part of an instance that is about dynamic partitions.

    What is added and deleted here is so at once. In a sensor, rather return
    SensorResult(dynamic_partitions_requests=[...]), which is committed with the tick.
    """

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a definition, the first added first. Raises InstanceUnavailable."""
        keys: list[str] = self._ask(ListDynamicPartitions(partitions_def_name), list[str])
        return keys

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a definition has a key. Raises InstanceUnavailable."""
        return bool(self._ask(HasDynamicPartition(partitions_def_name, partition_key), bool))

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add keys; those that are there stay as they are. Raises InvocationError, InstanceUnavailable."""
        self._change(PartitionChangeKind.ADD, partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a key, if it is there. Raises InvocationError, InstanceUnavailable."""
        self._change(PartitionChangeKind.DELETE, partitions_def_name, [partition_key])

    def _change(self, kind: PartitionChangeKind, name: str, keys: Iterable[str]) -> None:
        given = tuple(dict.fromkeys((keys,) if isinstance(keys, str) else keys))
        if (flaw := flaw_of_key(name)) is not None:
            raise InvocationError(f"The name {shown(name)} of dynamic partitions {flaw}.")
        for key in given:
            if (flaw := flaw_of_key(key)) is not None:
                raise InvocationError(f"The partition key {shown(key)} {flaw}.")
        plain = tuple(str.__str__(key) for key in given)
        for first in range(0, len(plain), MOST_CHANGED_KEYS):
            change = PartitionChange(kind, name, plain[first : first + MOST_CHANGED_KEYS])
            self._ask(ChangeDynamicPartitions(change), PartitionChange)
