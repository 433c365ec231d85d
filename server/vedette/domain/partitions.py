"""Partitions as data: the parts that the work of a job or an asset is divided into. Pure; the server reads them too.

A description tells which keys there are at a moment. Dynamic keys are rows of the database: whoever asks brings a
`DynamicKeys` that knows them.
"""

import enum
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Protocol, TypeAlias, overload

import msgspec

from vedette.domain.time_windows import TimeWindow, TimeWindowPartitions

# What separates the keys of the dimensions, in the order of the dimensions' names.
SEPARATOR = "|"
# What a run for partitions is marked with: its one key, that of each dimension, or both ends of a range.
PARTITION_TAG = "vedette/partition"
RANGE_START_TAG = "vedette/asset_partition_range_start"
RANGE_END_TAG = "vedette/asset_partition_range_end"
# What an index can hold, with room beside it.
LONGEST_KEY_BYTES = 1024
# How many keys one evaluation may add and delete.
MOST_CHANGED_KEYS = 25_000


class DynamicKeys(Protocol):
    """Who knows the keys of dynamic partitions, by the name of their definition; in the order in which they came."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a definition."""

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a definition has a key."""


class StaticPartitions(msgspec.Struct, frozen=True, tag="static", dict=True):
    """The keys that the code lists."""

    partition_keys: tuple[str, ...]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.partition_keys)

    def keys(self, _at: datetime, _dynamic: DynamicKeys) -> Sequence[str]:
        """Return the keys, in their order."""
        return self.partition_keys

    def has(self, key: str, _at: datetime, _dynamic: DynamicKeys) -> bool:
        """Tell whether there is a key."""
        return key in self._known


class DynamicPartitions(msgspec.Struct, frozen=True, tag="dynamic"):
    """The keys that sensors and people have added under `name` and not deleted since."""

    name: str

    def keys(self, _at: datetime, dynamic: DynamicKeys) -> Sequence[str]:
        """Return the keys, the first added first."""
        return dynamic.get_dynamic_partitions(self.name)

    def has(self, key: str, _at: datetime, dynamic: DynamicKeys) -> bool:
        """Tell whether there is a key."""
        return dynamic.has_dynamic_partition(self.name, key)


OneDimension: TypeAlias = StaticPartitions | TimeWindowPartitions | DynamicPartitions


class Dimension(NamedTuple):
    """One of several ways in which the same work is divided."""

    name: str
    partitions: OneDimension


class MultiPartitions(msgspec.Struct, frozen=True, tag="multi"):
    """Every combination of the keys of its dimensions, which are in the order of their names; `a|b` is a key."""

    dimensions: tuple[Dimension, ...]

    def keys(self, at: datetime, dynamic: DynamicKeys) -> Sequence[str]:
        """Return the keys: the last dimension changes fastest."""
        return Product([dimension.partitions.keys(at, dynamic) for dimension in self.dimensions])

    def has(self, key: str, at: datetime, dynamic: DynamicKeys) -> bool:
        """Tell whether there is a key."""
        parts = self.split(key)
        return parts is not None and all(
            dimension.partitions.has(part, at, dynamic) for dimension, part in zip(self.dimensions, parts, strict=True)
        )

    def split(self, key: str) -> tuple[str, ...] | None:
        """Return the key of each dimension; None for what has another number of them."""
        parts = tuple(key.split(SEPARATOR))
        return parts if len(parts) == len(self.dimensions) else None


Partitions: TypeAlias = StaticPartitions | TimeWindowPartitions | DynamicPartitions | MultiPartitions


class Product(Sequence[str]):
    """The combinations of several lists of keys, in order and without making them all: there may be millions."""

    def __init__(self, lists: Sequence[Sequence[str]]) -> None:
        """Take the keys of each dimension."""
        self._lists = lists

    def __len__(self) -> int:
        """Return how many combinations there are."""
        return math.prod(map(len, self._lists))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return the combination at an index, or a list of those of a slice."""
        if isinstance(index, slice):
            return [self._at(one) for one in range(*index.indices(len(self)))]
        return self._at(range(len(self))[index])

    def _at(self, index: int) -> str:
        parts: list[str] = []
        for keys in reversed(self._lists):
            index, place = divmod(index, len(keys))
            parts.append(keys[place])
        return SEPARATOR.join(reversed(parts))

    def __iter__(self) -> Iterator[str]:
        """Yield the combinations."""
        return map(SEPARATOR.join, itertools.product(*self._lists))

    def index(self, key: str, start: int = 0, stop: int | None = None) -> int:
        """Return the place of a combination; raises ValueError for what is none."""
        parts = key.split(SEPARATOR)
        if len(parts) != len(self._lists):
            raise ValueError(f"{key!r} is no combination of {len(self._lists)} keys.")
        place = 0
        for keys, part in zip(self._lists, parts, strict=True):
            place = place * len(keys) + keys.index(part)
        if not start <= place < (len(self) if stop is None else stop):
            raise ValueError(f"{key!r} is not within these places.")
        return place

    def beginning_with(self, prefix: str) -> "Product":
        """Return the combinations that begin with a text."""
        return Product(_narrowed(self._lists, prefix))


def _narrowed(lists: Sequence[Sequence[str]], prefix: str) -> list[Sequence[str]]:
    head, separator, rest = prefix.partition(SEPARATOR)
    if not separator or len(lists) == 1:
        return [[key for key in lists[0] if key.startswith(prefix)], *lists[1:]]
    return [[key for key in lists[0] if key == head], *_narrowed(lists[1:], rest)]


def beginning_with(keys: Sequence[str], prefix: str) -> Sequence[str]:
    """Return the keys that begin with a text."""
    return keys.beginning_with(prefix) if isinstance(keys, Product) else [key for key in keys if key.startswith(prefix)]


class PartitionKeyRange(NamedTuple):
    """All keys from `start` to `end`, both included, in the order of their definition."""

    start: str
    end: str


class PartitionChangeKind(enum.StrEnum):
    """What became of partitions."""

    ADD = "ADD"
    DELETE = "DELETE"


class PartitionChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A wish to add or delete keys of a dynamic definition; recorded, `skipped` are those for which it was in vain."""

    kind: PartitionChangeKind
    definition: str
    keys: tuple[str, ...]
    skipped: tuple[str, ...] = ()


class DynamicKey(NamedTuple):
    """A key of a dynamic definition."""

    definition: str
    key: str


class NoDynamicKeys:
    """Knows of none."""

    def get_dynamic_partitions(self, _partitions_def_name: str) -> Sequence[str]:
        """Return none."""
        return ()

    def has_dynamic_partition(self, _partitions_def_name: str, _partition_key: str) -> bool:
        """Know none."""
        return False


class Assumed(NoDynamicKeys):
    """Takes every dynamic key that it is asked about for there, and notes it: who can look is to decide."""

    def __init__(self) -> None:
        """Begin with none."""
        self.asked: list[DynamicKey] = []

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Note the key."""
        self.asked.append(DynamicKey(partitions_def_name, partition_key))
        return True


class KnownKeys:
    """Knows the keys that it is given, by the name of their definition."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        """Take them."""
        self._keys = keys

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a definition."""
        return self._keys.get(partitions_def_name, ())

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a definition has a key."""
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


class PartitionsKind(enum.StrEnum):
    """What the keys of partitions come from."""

    STATIC = "STATIC"
    TIME_WINDOW = "TIME_WINDOW"
    DYNAMIC = "DYNAMIC"
    MULTI = "MULTI"


_KINDS = {
    StaticPartitions: PartitionsKind.STATIC,
    TimeWindowPartitions: PartitionsKind.TIME_WINDOW,
    DynamicPartitions: PartitionsKind.DYNAMIC,
    MultiPartitions: PartitionsKind.MULTI,
}


def kind_of(partitions: Partitions) -> PartitionsKind:
    """Return what the keys come from."""
    return _KINDS[type(partitions)]


def window_of(partitions: Partitions, key: str) -> TimeWindow | None:
    """Return the time window of a key, or of the one of its dimensions that is time; None where there is none."""
    if isinstance(partitions, TimeWindowPartitions):
        return partitions.window(key)
    if not isinstance(partitions, MultiPartitions):
        return None
    parts = partitions.split(key) or ()
    windows = [
        dimension.partitions.window(part)
        for dimension, part in zip(partitions.dimensions, parts, strict=False)
        if isinstance(dimension.partitions, TimeWindowPartitions)
    ]
    return windows[0] if len(windows) == 1 else None


def flaw_of_key(key: object) -> str | None:
    """Tell why something cannot be a partition key, as the end of a sentence; None if it can."""
    if not isinstance(key, str):
        return f"is no str but {type(key).__name__}"
    if not key:
        return "is empty"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which is no character"
    if size > LONGEST_KEY_BYTES:
        return f"is longer than {LONGEST_KEY_BYTES} bytes"
    if "..." in key or any(character in key for character in "\a\b\f\n\r\t\v\0"):
        return 'holds "..." or a control character, which partition keys may not'
    return None


def dynamic_names(partitions: Partitions) -> list[str]:
    """Return the names of the dynamic definitions whose keys `partitions` has."""
    if isinstance(partitions, MultiPartitions):
        return [one.partitions.name for one in partitions.dimensions if isinstance(one.partitions, DynamicPartitions)]
    return [partitions.name] if isinstance(partitions, DynamicPartitions) else []


def partition_tags(partitions: Partitions | None, key: str) -> dict[str, str]:
    """Return what marks a run for a partition: its key, and that of each of several dimensions."""
    dimensions = {} if partitions is None else dimension_keys(partitions, key)
    return {PARTITION_TAG: key, **{f"{PARTITION_TAG}/{name}": part for name, part in dimensions.items()}}


def range_of(tags: Mapping[str, str]) -> PartitionKeyRange | None:
    """Return the range of partitions that tags tell; None where they do not tell both its ends."""
    start, end = tags.get(RANGE_START_TAG), tags.get(RANGE_END_TAG)
    return None if start is None or end is None else PartitionKeyRange(start, end)


def dimension_keys(partitions: Partitions, key: str) -> dict[str, str]:
    """Return the key of each dimension by its name; empty where there is but one dimension."""
    if not isinstance(partitions, MultiPartitions):
        return {}
    return dict(zip([one.name for one in partitions.dimensions], partitions.split(key) or (), strict=False))
