"""The partition, or the range of partitions, that a run is for: what its ops may ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.multi import MultiPartitionsDefinition
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.domain.partitions import DynamicKeys, PartitionKeyRange, range_of
from vedette.domain.time_windows import TimeWindow
from vedette.errors import InvocationError


@dataclass(frozen=True)
class RunPartition:
    """What a run is for. `owner` names it in errors; without partitions of its job, a key is all that is known."""

    owner: str
    key: str | None = None
    tags: Mapping[str, str] | None = None
    definition: PartitionsDefinition | None = None
    store: DynamicKeys | None = None

    @property
    def range(self) -> PartitionKeyRange | None:
        """Return the range that the run's tags tell; None where they tell none."""
        return range_of(self.tags or {})

    def one_key(self) -> str:
        """Return the key; one of several dimensions is a MultiPartitionKey. Raises InvocationError where is none."""
        if self.key is None:
            hint = "; it is for a range of them: use partition_keys" if self.range else ""
            raise InvocationError(f"{self.owner} has no partition_key{hint}.")
        if isinstance(self.definition, MultiPartitionsDefinition):
            return self.definition.get_partition_key_from_str(self.key)
        return self.key

    def key_range(self) -> PartitionKeyRange:
        """Return the range of keys, of one where the run is for one. Raises InvocationError where there is none."""
        if (found := self.range) is not None:
            return found
        key = self.one_key()
        return PartitionKeyRange(key, key)

    def keys(self) -> Sequence[str]:
        """Return all keys that the run is for. Raises InvocationError where there are none."""
        if self.key is not None:
            return [self.one_key()]
        wanted = self.key_range()
        if self.definition is None:
            raise InvocationError(f"{self.owner} is for a range of partitions, but its job has none.")
        return self.definition.get_partition_keys_in_range(wanted, dynamic_partitions_store=self.store)

    def time_window(self) -> TimeWindow:
        """Return the time from the start of the first partition to the end of the last. Raises InvocationError."""
        windows = self._time_windows()
        first, last = (windows.time_window_for_partition_key(self._time_key(key)) for key in self.key_range())
        return TimeWindow(first.start, last.end)

    def _time_windows(self) -> TimeWindowPartitionsDefinition:
        if isinstance(self.definition, TimeWindowPartitionsDefinition):
            return self.definition
        if isinstance(self.definition, MultiPartitionsDefinition):
            return self.definition.time_window_partitions_def
        raise InvocationError(f"{self.owner} has no time window: the partitions of its job are none of time.")

    def _time_key(self, key: str) -> str:
        if not isinstance(self.definition, MultiPartitionsDefinition):
            return key
        name = self.definition.time_window_dimension_name
        return self.definition.get_partition_key_from_str(key).keys_by_dimension[name]
