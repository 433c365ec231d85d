"""Mappings between partitions of several dimensions, or of several and of one; and the mapping where none is given."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.mappings import (
    AllPartitionMapping,
    Between,
    IdentityPartitionMapping,
    PartitionMapping,
)
from vedette.authoring.partitions.multi import MultiPartitionsDefinition
from vedette.authoring.partitions.time_mappings import TimeWindowPartitionMapping
from vedette.authoring.partitions.time_windows import TimeWindowPartitionsDefinition
from vedette.authoring.text import shown
from vedette.domain.partitions import SEPARATOR
from vedette.errors import DefinitionError


@dataclass(frozen=True)
class DimensionPartitionMapping:
    """The dimension downstream that one upstream leads to, and how."""

    dimension_name: str
    partition_mapping: PartitionMapping


@dataclass(frozen=True)
class _Link:
    """Two dimensions that depend on each other; None is the one dimension of partitions that have but one."""

    upstream: str | None
    downstream: str | None
    mapping: PartitionMapping


class _LinkedMapping(PartitionMapping):
    """A mapping by dimensions: those that no link names may have any key."""

    def _links(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> Sequence[_Link]:
        """Return how dimensions depend on each other. Raises DefinitionError."""
        raise NotImplementedError

    def check(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> None:
        """Raise DefinitionError where the mapping does not fit the partitions on both sides."""
        for link in self._links(upstream, downstream):
            link.mapping.check(_dimension(upstream, link.upstream), _dimension(downstream, link.downstream))

    def upstream_of(self, key: str | None, between: Between) -> Sequence[str]:
        """Return the keys whose linked dimensions are upstream of those of `key`."""
        if key is None or between.downstream is None:
            return between.upstream_keys()
        parts = _parts(between.downstream, key)
        if parts is None:
            return []
        found = {
            link.upstream: link.mapping.upstream_of(parts[link.downstream], _narrowed(between, link))
            for link in self._links(between.upstream, between.downstream)
        }
        return _combined(between.upstream, found, between)

    def downstream_of(self, key: str, between: Between) -> Sequence[str]:
        """Return the keys whose linked dimensions are downstream of those of `key`."""
        parts = _parts(between.upstream, key)
        if parts is None or between.downstream is None or not between.has_upstream(key):
            return []
        found = {
            link.downstream: link.mapping.downstream_of(parts[link.upstream], _narrowed(between, link))
            for link in self._links(between.upstream, between.downstream)
        }
        return _combined(between.downstream, found, between)


@dataclass(frozen=True)
class MultiToSingleDimensionPartitionMapping(_LinkedMapping):
    """Between partitions of several dimensions and of one of these: a key depends on all that have it as their part.

    The dimension is told by its name, or is the one whose partitions are those of the other side, or the one of time.
    """

    partition_dimension_name: str | None = None

    def _links(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> Sequence[_Link]:
        if isinstance(upstream, MultiPartitionsDefinition) and not isinstance(downstream, MultiPartitionsDefinition):
            name, mapping = self._dimension(upstream, downstream)
            return [_Link(name, None, mapping)]
        if isinstance(downstream, MultiPartitionsDefinition) and not isinstance(upstream, MultiPartitionsDefinition):
            name, mapping = self._dimension(downstream, upstream)
            return [_Link(None, name, mapping)]
        raise DefinitionError(
            f"{self!r} is for partitions of several dimensions on one side and of one on the other, not for"
            f" {upstream} and {downstream}."
        )

    def _dimension(
        self, several: MultiPartitionsDefinition, one: PartitionsDefinition | None
    ) -> tuple[str, PartitionMapping]:
        named = several.partitions_defs
        if self.partition_dimension_name is not None:
            named = {
                self.partition_dimension_name: several.get_partitions_def_for_dimension(self.partition_dimension_name)
            }
        equal = [name for name, partitions in named.items() if partitions == one]
        if len(equal) == 1:
            return equal[0], IdentityPartitionMapping()
        times = [name for name, each in named.items() if isinstance(each, TimeWindowPartitionsDefinition)]
        if len(times) == 1 and not equal and isinstance(one, TimeWindowPartitionsDefinition):
            return times[0], TimeWindowPartitionMapping()
        which = "several dimensions are" if len(equal) > 1 else "no dimension is"
        raise DefinitionError(f"{which.capitalize()} that of {one} in {several}; name one: {self!r}.")


@dataclass(frozen=True, init=False)
class MultiPartitionMapping(_LinkedMapping):
    """Between partitions of several dimensions each, dimension by dimension; one that is not named may have any key."""

    downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]

    def __init__(self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]) -> None:
        """Take, by the dimension upstream, what it leads to. Raises DefinitionError."""
        given = dict(downstream_mappings_by_upstream_dimension)
        for name, mapping in given.items():
            _check_dimension(name, mapping)
        object.__setattr__(self, "downstream_mappings_by_upstream_dimension", given)

    def _links(self, upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> Sequence[_Link]:
        for partitions in (upstream, downstream):
            if not isinstance(partitions, MultiPartitionsDefinition):
                raise DefinitionError(f"MultiPartitionMapping is for several dimensions, which {partitions} has not.")
        return [
            _Link(name, mapping.dimension_name, mapping.partition_mapping)
            for name, mapping in self.downstream_mappings_by_upstream_dimension.items()
        ]

    def __hash__(self) -> int:
        """Hash by the dimensions."""
        return hash(tuple(self.downstream_mappings_by_upstream_dimension))


def _check_dimension(name: str, mapping: object) -> None:
    if not isinstance(mapping, DimensionPartitionMapping):
        raise DefinitionError(
            f'MultiPartitionMapping takes a DimensionPartitionMapping for the dimension "{name}", not {shown(mapping)}.'
        )


def _dimension(partitions: PartitionsDefinition | None, name: str | None) -> PartitionsDefinition:
    assert partitions is not None
    if name is None or not isinstance(partitions, MultiPartitionsDefinition):
        return partitions
    return partitions.get_partitions_def_for_dimension(name)


def _narrowed(between: Between, link: _Link) -> Between:
    return Between(
        _dimension(between.upstream, link.upstream),
        _dimension(between.downstream, link.downstream),
        between.at,
        between.store,
    )


def _parts(partitions: PartitionsDefinition, key: str) -> dict[str | None, str] | None:
    if not isinstance(partitions, MultiPartitionsDefinition):
        return {None: key}
    parts = partitions.spec.split(key)
    return None if parts is None else dict(zip(partitions.partition_dimension_names, parts, strict=True))


def _combined(
    partitions: PartitionsDefinition, found: Mapping[str | None, Sequence[str]], between: Between
) -> Sequence[str]:
    if not isinstance(partitions, MultiPartitionsDefinition):
        return found[None]
    lists = [
        found[name] if name in found else each.get_partition_keys(between.at, between.store)
        for name, each in partitions.partitions_defs.items()
    ]
    return list(map(SEPARATOR.join, itertools.product(*lists)))


def mapping_between(upstream: PartitionsDefinition, downstream: PartitionsDefinition | None) -> PartitionMapping:
    """Return the mapping that is meant where an author gives none."""
    if downstream is None:
        return AllPartitionMapping()
    if isinstance(upstream, TimeWindowPartitionsDefinition) and isinstance(downstream, TimeWindowPartitionsDefinition):
        return TimeWindowPartitionMapping()
    if isinstance(upstream, MultiPartitionsDefinition) is not isinstance(downstream, MultiPartitionsDefinition):
        single = MultiToSingleDimensionPartitionMapping()
        try:
            single.check(upstream, downstream)
        except DefinitionError:
            return AllPartitionMapping()
        return single
    return IdentityPartitionMapping()
