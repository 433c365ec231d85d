"""Selections of assets and of their checks: sets that are told by rules, and resolved where the graph is known."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from vedette.authoring.assets.definition import AssetChecksDefinition, AssetsDefinition, CheckKey
from vedette.authoring.assets.graph import AssetGraph
from vedette.authoring.assets.keys import keys_of
from vedette.authoring.assets.selectable import Graph
from vedette.authoring.text import shown
from vedette.domain.assets import AssetKey
from vedette.errors import DefinitionError

Keys = frozenset[AssetKey]
Checks = frozenset[CheckKey]


class Selected(NamedTuple):
    """What a selection comes to."""

    assets: Keys
    checks: Checks


class AssetSelection(ABC):
    """A selection of assets, with all checks of these unless it says otherwise. Combine selections by | & and -."""

    @abstractmethod
    def select(self, graph: Graph) -> Selected:
        """Return what is selected; raises DefinitionError for what the graph does not have."""

    def resolve(self, graph: AssetGraph | Iterable[Any]) -> set[AssetKey]:
        """Return the selected keys, of a graph or a list of definitions."""
        return set(self.select(graph if isinstance(graph, AssetGraph) else AssetGraph(graph)).assets)

    def resolve_checks(self, graph: Graph) -> set[CheckKey]:
        """Return the selected checks."""
        return set(self.select(graph).checks)

    @staticmethod
    def all(include_sources: bool = False) -> "AssetSelection":
        """Select every asset that is made here; with `include_sources` external ones too."""
        return All(include_sources)

    @staticmethod
    def assets(*definitions: Any) -> "AssetSelection":
        """Select the assets of these definitions, or of these keys."""
        return OfKeys(tuple(key for each in definitions for key in keys_of(each)))

    @staticmethod
    def keys(*keys: Any) -> "AssetSelection":
        """Select the assets of these keys."""
        return AssetSelection.assets(*keys)

    @staticmethod
    def key_prefixes(*prefixes: Any, include_sources: bool = False) -> "AssetSelection":
        """Select the assets whose keys begin with one of these."""
        found = tuple(tuple(AssetKey.from_coercible(prefix).parts) for prefix in prefixes)
        return Where("prefix", found, include_sources)

    @staticmethod
    def key_substring(substring: str, include_sources: bool = False) -> "AssetSelection":
        """Select the assets whose keys, written with slashes, contain this."""
        return Where("key", (f"*{substring}*",), include_sources)

    @staticmethod
    def groups(*names: str, include_sources: bool = False) -> "AssetSelection":
        """Select the assets of these groups."""
        return Where("group", names, include_sources)

    @staticmethod
    def tag(key: str, value: str = "", include_sources: bool = False) -> "AssetSelection":
        """Select the assets with this tag."""
        return Where("tag", ((key, value),), include_sources)

    @staticmethod
    def kind(name: str, include_sources: bool = False) -> "AssetSelection":
        """Select the assets of this kind."""
        return Where("kind", (name,), include_sources)

    @staticmethod
    def owner(name: str) -> "AssetSelection":
        """Select the assets of this owner."""
        return Where("owner", (name,), False)

    @staticmethod
    def checks_for_assets(*definitions: Any) -> "AssetSelection":
        """Select the checks of these assets, and no asset."""
        return ChecksOf(AssetSelection.assets(*definitions))

    @staticmethod
    def checks(*checks: AssetChecksDefinition | Any) -> "AssetSelection":
        """Select these checks, by definition or key, and no asset."""
        return OfChecks(tuple(key for each in checks for key in _check_keys(each)))

    @staticmethod
    def all_asset_checks() -> "AssetSelection":
        """Select every check, and no asset."""
        return ChecksOf(All(True))

    @staticmethod
    def from_string(string: str) -> "AssetSelection":
        """Return what a text selects; see `selection_text`. Raises DefinitionError."""
        return _PARSERS[0](string)

    @staticmethod
    def from_coercible(selection: Any) -> "AssetSelection":
        """Return a selection of a text, a list of texts, keys or definitions, or one itself. Raises DefinitionError."""
        if isinstance(selection, AssetSelection):
            return selection
        if isinstance(selection, str):
            return AssetSelection.from_string(selection)
        if isinstance(selection, AssetKey | AssetsDefinition) or not isinstance(selection, Iterable):
            return AssetSelection.assets(selection)
        parts = [AssetSelection.from_string(one) if isinstance(one, str) else _of(one) for one in selection]
        return Union(tuple(parts))

    def downstream(self, depth: int | None = None, include_self: bool = True) -> "AssetSelection":
        """Select what is made of these too, in at most `depth` steps."""
        return Connected(self, "children", _depth(depth), include_self)

    def upstream(self, depth: int | None = None, include_self: bool = True) -> "AssetSelection":
        """Select what these are made of too, in at most `depth` steps; external assets are left out."""
        return Connected(self, "parents", _depth(depth), include_self)

    def upstream_source_assets(self) -> "AssetSelection":
        """Select the external assets that these are made of."""
        return External(self)

    def roots(self) -> "AssetSelection":
        """Select those that are made of none of the others."""
        return Ends(self, "parents")

    def sources(self) -> "AssetSelection":
        """Select as `roots` does."""
        return self.roots()

    def sinks(self) -> "AssetSelection":
        """Select those that none of the others is made of."""
        return Ends(self, "children")

    def required_multi_asset_neighbors(self) -> "AssetSelection":
        """Select what is always made with these too."""
        return Neighbours(self)

    def without_checks(self) -> "AssetSelection":
        """Select the assets without their checks."""
        return WithoutChecks(self)

    def __or__(self, other: "AssetSelection") -> "AssetSelection":
        """Select what either does."""
        return Union((self, _selection(other)))

    def __and__(self, other: "AssetSelection") -> "AssetSelection":
        """Select what both do."""
        return Intersection(self, _selection(other))

    def __sub__(self, other: "AssetSelection") -> "AssetSelection":
        """Select what this one does and the other does not."""
        return Difference(self, _selection(other))

    def __add__(self, other: "AssetSelection") -> "AssetSelection":
        """Select what either does."""
        return self | other


# The module that reads texts makes selections of this one: it puts its function here.
_PARSERS: list[Callable[[str], AssetSelection]] = []


def use_parser(parse: Callable[[str], AssetSelection]) -> None:
    """Make `parse` what `from_string` calls."""
    _PARSERS[:] = [parse]


def _selection(other: object) -> AssetSelection:
    if not isinstance(other, AssetSelection):
        raise DefinitionError(f"An AssetSelection is combined with another one, not with {shown(other)}.")
    return other


def _of(one: Any) -> AssetSelection:
    return one if isinstance(one, AssetSelection) else AssetSelection.assets(one)


def _depth(depth: object) -> int | None:
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise DefinitionError(f"The depth of a selection is a whole number, 0 or more, not {shown(depth)}.")
    return depth


def _check_keys(given: Any) -> tuple[CheckKey, ...]:
    if isinstance(given, AssetsDefinition):
        return given.check_keys
    key, name = (given.asset_key, given.name) if hasattr(given, "asset_key") else given
    return ((AssetKey.from_coercible(key), name),)


def _with_checks(graph: Graph, keys: Iterable[AssetKey]) -> Selected:
    found = frozenset(keys)
    return Selected(found, graph.checks_of(found))


@dataclass(frozen=True)
class All(AssetSelection):
    """Every asset."""

    include_sources: bool = False

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        return _with_checks(graph, graph.keys if self.include_sources else graph.executable)


@dataclass(frozen=True)
class OfKeys(AssetSelection):
    """Assets by key."""

    wanted: tuple[AssetKey, ...]

    def select(self, graph: Graph) -> Selected:
        """Return them; raises DefinitionError for those that there are not."""
        missing = [key.to_user_string() for key in self.wanted if not graph.known(key)]
        if missing:
            there = ", ".join(key.to_user_string() for key in graph.keys[:20]) or "there are none"
            raise DefinitionError(f'There is no asset "{missing[0]}" to select; there are: {there}.')
        return _with_checks(graph, self.wanted)


@dataclass(frozen=True)
class Where(AssetSelection):
    """Assets of which something is so: `what` is key (a pattern), prefix, group, tag, kind or owner."""

    what: str
    wanted: tuple[Any, ...]
    include_sources: bool

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        among = graph.keys if self.include_sources else graph.executable
        return _with_checks(graph, (key for key in among if any(self._is(graph, key, one) for one in self.wanted)))

    def _is(self, graph: Graph, key: AssetKey, wanted: Any) -> bool:
        spec = graph.specs[key]
        match self.what:
            case "key":
                return fnmatchcase(key.to_user_string(), wanted)
            case "prefix":
                return key.has_prefix(wanted)
            case "group":
                return fnmatchcase(spec.group_name, wanted)
            case "tag":
                return bool(spec.tags.get(wanted[0]) == wanted[1])
            case "kind":
                return wanted in spec.kinds
        return wanted in spec.owners


@dataclass(frozen=True)
class OfChecks(AssetSelection):
    """Checks by key."""

    wanted: tuple[CheckKey, ...]

    def select(self, graph: Graph) -> Selected:
        """Return them; raises DefinitionError for those that there are not."""
        for key, name in self.wanted:
            if (key, name) not in graph.check_specs:
                raise DefinitionError(f'There is no check "{name}" of the asset "{key.to_user_string()}" to select.')
        return Selected(frozenset(), frozenset(self.wanted))


@dataclass(frozen=True)
class ChecksOf(AssetSelection):
    """The checks of what another selects."""

    of: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        return Selected(frozenset(), self.of.select(graph).checks)


@dataclass(frozen=True)
class WithoutChecks(AssetSelection):
    """The assets that another selects."""

    of: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        return Selected(self.of.select(graph).assets, frozenset())


@dataclass(frozen=True)
class Connected(AssetSelection):
    """What is reached from what another selects."""

    of: AssetSelection
    edges: str
    depth: int | None
    include_self: bool

    def select(self, graph: Graph) -> Selected:
        """Return it; external assets only where they were selected."""
        start = self.of.select(graph).assets
        found = graph.connected(start, getattr(graph, self.edges), self.depth)
        made = {key for key in found if key in graph.executable or key in start}
        return _with_checks(graph, made if self.include_self else made - start)


@dataclass(frozen=True)
class External(AssetSelection):
    """The external assets that what another selects is made of."""

    of: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        found = graph.connected(self.of.select(graph).assets, graph.parents, None)
        return _with_checks(graph, found - graph.executable)


@dataclass(frozen=True)
class Ends(AssetSelection):
    """Those of a selection that no edge leads from to another of it."""

    of: AssetSelection
    edges: str

    def select(self, graph: Graph) -> Selected:
        """Return them."""
        among = self.of.select(graph).assets
        edges = getattr(graph, self.edges)
        reach = {key: graph.connected([key], edges, None) - {key} for key in among}
        return _with_checks(graph, (key for key in among if not reach[key] & among))


@dataclass(frozen=True)
class Neighbours(AssetSelection):
    """What another selects, and what is always made with it."""

    of: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return it."""
        return _with_checks(graph, (one for key in self.of.select(graph).assets for one in graph.neighbours(key)))


@dataclass(frozen=True)
class Union(AssetSelection):
    """What any selects."""

    of: tuple[AssetSelection, ...]

    def select(self, graph: Graph) -> Selected:
        """Return it."""
        found = [each.select(graph) for each in self.of]
        return Selected(
            frozenset().union(*(each.assets for each in found)), frozenset().union(*(each.checks for each in found))
        )


@dataclass(frozen=True)
class Intersection(AssetSelection):
    """What both select."""

    one: AssetSelection
    other: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return it."""
        one, other = self.one.select(graph), self.other.select(graph)
        return Selected(one.assets & other.assets, one.checks & other.checks)


@dataclass(frozen=True)
class Difference(AssetSelection):
    """What one selects and the other does not."""

    one: AssetSelection
    other: AssetSelection

    def select(self, graph: Graph) -> Selected:
        """Return it."""
        one, other = self.one.select(graph), self.other.select(graph)
        return Selected(one.assets - other.assets, one.checks - other.checks)
