"""The assets of a deployment as a graph, from their definitions as data: what selections are resolved against."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vedette.domain.assets import AssetKey
from vedette.domain.catalog import AssetCheckSpec, AssetSpec

Edges = Mapping[AssetKey, tuple[AssetKey, ...]]


class KnownAsset(NamedTuple):
    """What selections ask of an asset."""

    group_name: str
    tags: Mapping[str, str]
    kinds: tuple[str, ...]
    owners: tuple[str, ...]


class KnownAssets:
    """Assets, each given once; one that others are made of and nobody defines is external."""

    def __init__(self, defined: Iterable[tuple[AssetSpec, str]]) -> None:
        """Connect the definitions, each with the name of its code location."""
        located = {AssetKey(spec.key): (spec, location) for spec, location in defined}
        given = {key: spec for key, (spec, _) in located.items()}
        self.parents: dict[AssetKey, tuple[AssetKey, ...]] = {
            key: tuple(AssetKey(parts) for parts in spec.deps) for key, spec in given.items()
        }
        for key in [parent for parents in self.parents.values() for parent in parents]:
            self.parents.setdefault(key, ())
        self.children = inverted(self.parents)
        self.specs = {key: _known(given.get(key)) for key in self.parents}
        self.executable = frozenset(key for key, spec in given.items() if spec.executable)
        self.check_specs: dict[tuple[AssetKey, str], AssetCheckSpec] = {
            (key, check.name): check for key, spec in given.items() for check in spec.checks
        }
        self._together = _together(located)

    @property
    def keys(self) -> tuple[AssetKey, ...]:
        """Return all keys."""
        return tuple(self.parents)

    def known(self, key: AssetKey) -> bool:
        """Tell whether there is such an asset."""
        return key in self.parents

    def neighbours(self, key: AssetKey) -> frozenset[AssetKey]:
        """Return the assets that are made whenever `key` is, itself among them."""
        return self._together.get(key, frozenset([key]))

    def checks_of(self, keys: Iterable[AssetKey]) -> frozenset[tuple[AssetKey, str]]:
        """Return the checks of these assets."""
        wanted = set(keys)
        return frozenset(check for check in self.check_specs if check[0] in wanted)

    def connected(self, keys: Iterable[AssetKey], edges: Edges, depth: int | None) -> frozenset[AssetKey]:
        """Return what is reached from `keys` along `edges` in at most `depth` steps, the keys among it."""
        return connected(keys, edges, depth)


def connected(keys: Iterable[AssetKey], edges: Edges, depth: int | None) -> frozenset[AssetKey]:
    """Return what is reached from `keys` along `edges` in at most `depth` steps, the keys among it."""
    found = set(keys)
    edge, steps = set(found), 0
    while edge and (depth is None or steps < depth):
        edge = {far for key in edge for far in edges.get(key, ())} - found
        found |= edge
        steps += 1
    return frozenset(found)


def inverted(parents: Edges) -> dict[AssetKey, tuple[AssetKey, ...]]:
    """Return the edges in the other direction."""
    children: dict[AssetKey, list[AssetKey]] = {key: [] for key in parents}
    for key, above in parents.items():
        for each in above:
            children[each].append(key)
    return {key: tuple(below) for key, below in children.items()}


def _known(spec: AssetSpec | None) -> KnownAsset:
    if spec is None:
        return KnownAsset("default", {}, (), ())
    return KnownAsset(spec.group, spec.tags, spec.kinds, spec.owners)


def _together(located: Mapping[AssetKey, tuple[AssetSpec, str]]) -> dict[AssetKey, frozenset[AssetKey]]:
    """Return for each asset that is not made alone those that are made with it."""
    steps: dict[tuple[str, str], set[AssetKey]] = {}
    for key, (spec, location) in located.items():
        if spec.executable and spec.op_name is not None and not spec.can_subset:
            steps.setdefault((location, spec.op_name), set()).add(key)
    return {key: frozenset(made) for made in steps.values() for key in made}
