"""Partitions whose keys come and go: sensors and people add and delete them, or a function tells them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cached_property

from vedette.authoring.partitions.definition import PartitionsDefinition, checked_keys
from vedette.authoring.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from vedette.authoring.text import shown
from vedette.domain.partitions import DynamicKeys, DynamicPartitions, StaticPartitions, flaw_of_key
from vedette.errors import DefinitionError, InvocationError

PartitionFn = Callable[[datetime | None], Iterable[str]]


class DynamicPartitionsDefinition(PartitionsDefinition):
    """The keys that the database has under `name`, in the order in which they were added.

    With a `partition_fn` instead of a name: those that it returns when it is asked.
    """

    def __init__(self, partition_fn: PartitionFn | str | None = None, name: str | None = None) -> None:
        """Take the name, which all code locations share, or the function; raises DefinitionError."""
        if isinstance(partition_fn, str):
            partition_fn, name = None, partition_fn
        if (partition_fn is None) == (name is None):
            raise DefinitionError("A DynamicPartitionsDefinition has a name= or a partition_fn=: give one of the two.")
        if name is not None and (flaw := flaw_of_key(name)) is not None:
            raise DefinitionError(f"The name {shown(name)} of a DynamicPartitionsDefinition {flaw}.")
        self._name = name
        self._function = partition_fn

    @property
    def name(self) -> str:
        """Return the name; raises InvocationError where a function tells the keys."""
        if self._name is None:
            raise InvocationError("These dynamic partitions have no name: a function tells their keys.")
        return self._name

    @cached_property
    def spec(self) -> DynamicPartitions | StaticPartitions:
        """Return the definition as data; of a function, the keys that it told when this was first asked for."""
        return StaticPartitions(self._told(None)) if self._name is None else DynamicPartitions(self._name)

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicKeys | None = None
    ) -> Sequence[str]:
        """Return the keys, in order. Raises InvocationError for those of a name without a store."""
        if self._name is None:
            return self._told(current_time)
        return super().get_partition_keys(current_time, dynamic_partitions_store)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicKeys | None = None,
    ) -> bool:
        """Tell whether there is a key. Raises InvocationError for those of a name without a store."""
        if self._name is None:
            return partition_key in self._told(current_time)
        return super().has_partition_key(partition_key, current_time, dynamic_partitions_store)

    def _told(self, current_time: datetime | None) -> tuple[str, ...]:
        assert self._function is not None
        return checked_keys(self._function(current_time), "the partition_fn")

    def build_add_request(self, partition_keys: Iterable[str]) -> AddDynamicPartitionsRequest:
        """Return a request to add keys, for `SensorResult(dynamic_partitions_requests=[...])`."""
        return AddDynamicPartitionsRequest(self.name, partition_keys)

    def build_delete_request(self, partition_keys: Iterable[str]) -> DeleteDynamicPartitionsRequest:
        """Return a request to delete keys, for `SensorResult(dynamic_partitions_requests=[...])`."""
        return DeleteDynamicPartitionsRequest(self.name, partition_keys)
