"""Which partitions of an asset depend on which of another: the contract, and the mappings that know no time."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vedette.authoring.partitions.definition import PartitionsDefinition, checked_keys
from vedette.authoring.text import shown
from vedette.domain.partitions import DynamicKeys
from vedette.errors import DefinitionError


@dataclass(frozen=True)
class Between:
    """The partitions of an asset, `upstream`, and of one that is made from it, `downstream` (None: it has none).

    `at` is the moment to tell of, now where it is None; `store` knows dynamic keys.
    """

    upstream: PartitionsDefinition
    downstream: PartitionsDefinition | None
    at: datetime | None = None
    store: DynamicKeys | None = None

    def upstream_keys(self) -> Sequence[str]:
        """Return all keys upstream."""
        return self.upstream.get_partition_keys(self.at, self.store)

    def downstream_keys(self) -> Sequence[str]:
        """Return all keys downstream."""
        return () if self.downstream is None else self.downstream.get_partition_keys(self.at, self.store)

    def has_upstream(self, key: str) -> bool:
        """Tell whether there is a key upstream."""
        return self.upstream.has_partition_key(key, self.at, self.store)

    def has_downstream(self, key: str) -> bool:
        """Tell whether there is a key downstream."""
        return self.downstream is not None and self.downstream.has_partition_key(key, self.at, self.store)


class PartitionMapping(ABC):
    """Which partitions of an asset depend on which of the asset that it is made from.

    Both ways agree: a key is downstream of each key that is upstream of it. Only keys that there are are told.
    """

    @abstractmethod
    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the keys that the partition `key` downstream is made from; None is all of an asset that has none."""

    @abstractmethod
    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return the keys of the partitions downstream that are made from the partition `key`."""

    def check(self, _upstream: PartitionsDefinition, _downstream: PartitionsDefinition | None) -> None:
        """Raise DefinitionError where the mapping does not fit the partitions on both sides."""
        return

    def __repr__(self) -> str:
        """Name the kind."""
        return f"{type(self).__name__}()"


@dataclass(frozen=True, repr=False)
class IdentityPartitionMapping(PartitionMapping):
    """Each partition is made from the one of the same key."""

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the same key."""
        return [key] if key is not None and between.has_upstream(key) else []

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return the same key."""
        return [key] if between.has_upstream(key) and between.has_downstream(key) else []


@dataclass(frozen=True, repr=False)
class AllPartitionMapping(PartitionMapping):
    """Each partition is made from all partitions."""

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return all keys."""
        return between.upstream_keys()

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return all keys."""
        return between.downstream_keys() if between.has_upstream(key) else []


@dataclass(frozen=True, repr=False)
class LastPartitionMapping(PartitionMapping):
    """Each partition is made from the last one that there is."""

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the last key."""
        return between.upstream_keys()[-1:]

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return all keys for the last one."""
        return between.downstream_keys() if key in between.upstream_keys()[-1:] else []


@dataclass(frozen=True, init=False)
class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Each partition is made from the same few partitions."""

    partition_keys: tuple[str, ...]

    def __init__(self, partition_keys: Iterable[str]) -> None:
        """Take their keys. Raises DefinitionError."""
        object.__setattr__(self, "partition_keys", checked_keys(partition_keys, "SpecificPartitionsPartitionMapping"))

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return those of the keys that there are."""
        return [one for one in self.partition_keys if between.has_upstream(one)]

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return all keys for one of these."""
        return between.downstream_keys() if key in self.upstream_of(None, between) else []


@dataclass(frozen=True, init=False)
class StaticPartitionMapping(PartitionMapping):
    """Each key upstream leads to the keys downstream that are written here."""

    downstream_partition_keys_by_upstream_partition_key: Mapping[str, Collection[str]]

    def __init__(
        self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    ) -> None:
        """Take one key downstream, or several, for each key upstream. Raises DefinitionError."""
        given = _written(downstream_partition_keys_by_upstream_partition_key)
        object.__setattr__(self, "downstream_partition_keys_by_upstream_partition_key", given)

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the keys that lead to this one, in the order in which they are written."""
        written = self.downstream_partition_keys_by_upstream_partition_key
        return [one for one, leads_to in written.items() if key in leads_to and between.has_upstream(one)]

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return what is written for the key."""
        written = self.downstream_partition_keys_by_upstream_partition_key.get(key, ())
        return [one for one in written if between.has_downstream(one)] if between.has_upstream(key) else []

    def check(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> None:
        """Raise DefinitionError for keys that are not those of the partitions on either side."""
        written = self.downstream_partition_keys_by_upstream_partition_key
        leads_to = [key for keys in written.values() for key in keys]
        for side, partitions, keys in (("upstream", upstream, list(written)), ("downstream", downstream, leads_to)):
            there = set(partitions.get_partition_keys()) if partitions is not None else set()
            if unknown := [key for key in keys if key not in there]:
                raise DefinitionError(
                    f"StaticPartitionMapping has the key {shown(unknown[0])}, which is none of {side}: {partitions}."
                )

    def __hash__(self) -> int:
        """Hash by the keys upstream."""
        return hash(tuple(self.downstream_partition_keys_by_upstream_partition_key))


def _written(given: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise DefinitionError(f"StaticPartitionMapping takes a mapping of keys to keys, not {shown(given)}.")
    return {
        key: (keys,) if isinstance(keys, str) else checked_keys(keys, "StaticPartitionMapping")
        for key, keys in given.items()
    }
