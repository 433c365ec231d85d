"""What sensors that watch assets ask about their partitions."""

from collections.abc import Callable, Iterable, Sequence

from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.partitions.definition import PartitionsDefinition
from vedette.authoring.partitions.mappings import Between, PartitionMapping
from vedette.authoring.partitions.multi_mappings import mapping_between
from vedette.domain.assets import AssetKey
from vedette.domain.partitions import DynamicKeys, dynamic_names
from vedette.errors import InvocationError


class AssetPartitions:
    """The partitions of the assets of `graph`."""

    def __init__(self, graph: AssetGraph, store: DynamicKeys | None) -> None:
        """Ask the graph, and `store` for dynamic keys."""
        self._graph = graph
        self._store = store

    def wanted(self, key: AssetKey, after: str | None) -> Callable[[str], bool]:
        """Return what tells of a partition whether the asset has it, and whether it comes after `after`.

        Of an asset that is defined elsewhere any may be one, and so of dynamic ones: those that are gone count as well.
        Raises InvocationError where it has no partitions.
        """
        if after is not None:
            keys = self.all_keys(key)
            return set(keys[keys.index(after) + 1 :] if after in keys else keys).__contains__
        if key not in self._graph.specs or key not in self._graph.definitions:
            return lambda partition: True
        partitions = self._of(key)
        if dynamic_names(partitions.spec):
            return lambda partition: True
        return partitions.has_partition_key

    def all_keys(self, key: AssetKey) -> Sequence[str]:
        """Return the keys of an asset, in order; raises InvocationError where it has none."""
        return self._of(key).get_partition_keys(dynamic_partitions_store=self._store)

    def check_same(self, keys: Iterable[AssetKey]) -> None:
        """Raise InvocationError unless these assets have the same partitions."""
        specs = {key: self._of(key).spec for key in keys}
        for key, spec in specs.items():
            if spec != next(iter(specs.values())):
                raise InvocationError(
                    f'"{key.to_user_string()}" has other partitions than "{next(iter(specs)).to_user_string()}": all'
                    " assets must have the same to be told together by partition."
                )

    def downstream_of(self, partition: str, upstream: AssetKey, downstream: AssetKey) -> Sequence[str]:
        """Return the partitions of `downstream` that are made from one of `upstream`. Raises InvocationError."""
        between = Between(self._of(upstream), self._of(downstream), store=self._store)
        mapping = self._mapping(upstream, downstream) or mapping_between(between.upstream, self._of(downstream))
        return list(mapping.downstream_of(partition, between))

    def _of(self, key: AssetKey) -> PartitionsDefinition:
        found = self._graph.partitions_def(key) if self._graph.known(key) else None
        if not isinstance(found, PartitionsDefinition):
            raise InvocationError(
                f'The asset "{key.to_user_string()}" is not partitioned here: give it a partitions_def.'
            )
        return found

    def _mapping(self, upstream: AssetKey, downstream: AssetKey) -> PartitionMapping | None:
        """Return the mapping that the author has given, as that of a dependency or of a parameter."""
        step = self._graph.definitions.get(downstream)
        for dep in self._graph.specs[downstream].deps:
            if dep.asset_key == upstream and dep.partition_mapping is not None:
                return dep.partition_mapping  # type: ignore[no-any-return]  # checked where it is given
        for name, key in self._graph.inputs[step.name].items() if step is not None else ():
            if key == upstream and step is not None and name in step.ins:
                return step.ins[name].partition_mapping  # type: ignore[no-any-return]
        return None
