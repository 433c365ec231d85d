"""Partitions whose keys come and go: sensors and people add and delete them."""

from collections.abc import Iterable

from vedette.authoring.partitions.definition import PartitionsDefinition, flaw_of_key
from vedette.authoring.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from vedette.authoring.text import shown
from vedette.domain.partitions import DynamicPartitions
from vedette.errors import DefinitionError


class DynamicPartitionsDefinition(PartitionsDefinition):
    """The keys that the database has under `name`, in the order in which they were added."""

    def __init__(self, name: str) -> None:
        """Take the name, which all code locations share; raises DefinitionError for one that cannot be stored."""
        if (flaw := flaw_of_key(name)) is not None:
            raise DefinitionError(f"The name {shown(name)} of a DynamicPartitionsDefinition {flaw}.")
        self._spec = DynamicPartitions(name)

    @property
    def name(self) -> str:
        """Return the name."""
        return self._spec.name

    @property
    def spec(self) -> DynamicPartitions:
        """Return the definition as data."""
        return self._spec

    def build_add_request(self, partition_keys: Iterable[str]) -> AddDynamicPartitionsRequest:
        """Return a request to add keys, for `SensorResult(dynamic_partitions_requests=[...])`."""
        return AddDynamicPartitionsRequest(self.name, partition_keys)

    def build_delete_request(self, partition_keys: Iterable[str]) -> DeleteDynamicPartitionsRequest:
        """Return a request to delete keys, for `SensorResult(dynamic_partitions_requests=[...])`."""
        return DeleteDynamicPartitionsRequest(self.name, partition_keys)
