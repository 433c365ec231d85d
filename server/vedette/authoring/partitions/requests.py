"""What a sensor asks of dynamic partitions: keys to add, keys to delete."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from vedette.authoring.text import plain_text, shown
from vedette.domain.partitions import PartitionChange, PartitionChangeKind, flaw_of_key
from vedette.errors import InvalidResult


@dataclass(frozen=True, init=False)
class _ChangeRequest:
    kind: ClassVar[PartitionChangeKind]

    partitions_def_name: str
    partition_keys: tuple[str, ...]

    def __init__(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Take the name of the definition and the keys. Raises InvalidResult for keys that cannot be any."""
        if (flaw := flaw_of_key(partitions_def_name)) is not None:
            raise InvalidResult(f"The partitions_def_name {shown(partitions_def_name)} {flaw}.")
        object.__setattr__(self, "partitions_def_name", partitions_def_name)
        object.__setattr__(self, "partition_keys", _keys(partitions_def_name, partition_keys))

    def change(self) -> PartitionChange:
        """Return the request as data."""
        return PartitionChange(self.kind, self.partitions_def_name, self.partition_keys)


def _keys(name: str, partition_keys: object) -> tuple[str, ...]:
    if isinstance(partition_keys, str) or not isinstance(partition_keys, Iterable):
        raise InvalidResult(f"partition_keys is a list of str, not {shown(partition_keys)}.")
    keys = tuple(partition_keys)
    for key in keys:
        if flaw := flaw_of_key(key):
            raise InvalidResult(f'The key {shown(key)} for the partitions "{name}" {flaw}.')
    return tuple(map(plain_text, keys))


class AddDynamicPartitionsRequest(_ChangeRequest):
    """Keys to add to dynamic partitions; those that are there already are skipped."""

    kind = PartitionChangeKind.ADD


class DeleteDynamicPartitionsRequest(_ChangeRequest):
    """Keys to delete from dynamic partitions; those that are not there are skipped."""

    kind = PartitionChangeKind.DELETE
