"""Selections of assets, held against a plain model of a graph: sets of numbers and edges between them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette import (
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    DefinitionError,
    SourceAsset,
    asset,
    asset_check,
    multi_asset,
)
from vedette.authoring.assets.graph import AssetGraph

MOST = 7
Edges = dict[int, set[int]]
Model = tuple[set[int], Edges, set[int]]


def name(number: int) -> str:
    return f"a{number}"


def define(number: int, deps: set[int]) -> AssetsDefinition:
    @asset(name=name(number), deps=[name(one) for one in sorted(deps)], group_name=f"g{number % 2}")
    def made() -> None:
        """Make nothing."""

    return made


def graph_of(parents: Edges, external: set[int]) -> AssetGraph:
    made: list[Any] = [SourceAsset(name(one)) for one in sorted(external)]
    made += [define(number, deps) for number, deps in parents.items() if number not in external]
    checks = []
    for number in parents:

        @asset_check(asset=name(number), name="fine")
        def check() -> bool:
            return True

        checks.append(check)
    return AssetGraph(made, checks)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Edges, set[int]]:
    """Draw acyclic graphs; what has no parents may be external."""
    parents: Edges = {}
    for number in range(draw(st.integers(1, MOST))):
        parents[number] = draw(st.sets(st.integers(0, number - 1))) if number else set()
    roots = sorted(number for number, deps in parents.items() if not deps)
    return parents, draw(st.sets(st.sampled_from(roots)))


def reached(start: set[int], edges: Edges, depth: int | None) -> set[int]:
    """Walk one edge a round."""
    found, edge, rounds = set(start), set(start), 0
    while edge and (depth is None or rounds < depth):
        edge = set().union(*(edges[one] for one in edge)) - found
        found |= edge
        rounds += 1
    return found


class Told:
    """A selection as the model has it, next to the one that is tested."""

    def __init__(self, selection: AssetSelection, select: Callable[[Edges, set[int]], set[int]]) -> None:
        self.selection = selection
        self.select = select


def children_of(parents: Edges) -> Edges:
    return {one: {other for other, deps in parents.items() if one in deps} for one in parents}


def one_key(number: int) -> Told:
    return Told(AssetSelection.keys(name(number)), lambda parents, _: {number} & set(parents))


def group(number: int) -> Told:
    return Told(
        AssetSelection.groups(f"g{number}"),
        lambda parents, external: {one for one in parents if one % 2 == number} - external,
    )


EVERYTHING = Told(AssetSelection.all(), lambda parents, external: set(parents) - external)
leaves = st.one_of(st.just(EVERYTHING), st.integers(0, 1).map(group), st.integers(0, 0).map(one_key))


def grown(inner: st.SearchStrategy[Told]) -> st.SearchStrategy[Told]:
    depths = st.none() | st.integers(0, 3)

    def pair(one: Told, other: Told, sign: str) -> Told:
        if sign == "|":
            return Told(one.selection | other.selection, lambda p, e: one.select(p, e) | other.select(p, e))
        if sign == "&":
            return Told(one.selection & other.selection, lambda p, e: one.select(p, e) & other.select(p, e))
        return Told(one.selection - other.selection, lambda p, e: one.select(p, e) - other.select(p, e))

    def up(one: Told, depth: int | None, itself: bool) -> Told:
        def select(parents: Edges, external: set[int]) -> set[int]:
            start = one.select(parents, external)
            found = {each for each in reached(start, parents, depth) if each in start or each not in external}
            return found if itself else found - start

        return Told(one.selection.upstream(depth, itself), select)

    def down(one: Told, depth: int | None, itself: bool) -> Told:
        def select(parents: Edges, external: set[int]) -> set[int]:
            start = one.select(parents, external)
            found = reached(start, children_of(parents), depth)
            return found if itself else found - start

        return Told(one.selection.downstream(depth, itself), select)

    def end(one: Told, is_root: bool) -> Told:
        def select(parents: Edges, external: set[int]) -> set[int]:
            among = one.select(parents, external)
            edges = parents if is_root else children_of(parents)
            return {each for each in among if not (reached({each}, edges, None) - {each}) & among}

        return Told(one.selection.roots() if is_root else one.selection.sinks(), select)

    return st.one_of(
        st.builds(pair, inner, inner, st.sampled_from("|&-")),
        st.builds(up, inner, depths, st.booleans()),
        st.builds(down, inner, depths, st.booleans()),
        st.builds(end, inner, st.booleans()),
    )


selections = st.recursive(leaves, grown, max_leaves=6)


@given(graphs(), selections)
def test_selections_select_what_the_model_does(drawn: tuple[Edges, set[int]], told: Told) -> None:
    parents, external = drawn
    wanted = {AssetKey(name(one)) for one in told.select(parents, external)}
    assert told.selection.resolve(graph_of(parents, external)) == wanted


@given(graphs(), st.integers(0, MOST), st.none() | st.integers(1, 3), st.none() | st.integers(1, 3))
def test_a_text_selects_what_the_methods_do(
    drawn: tuple[Edges, set[int]], number: int, up: int | None, down: int | None
) -> None:
    graph = graph_of(*drawn)
    key = name(number % len(drawn[0]))
    of = AssetSelection.keys(key)
    same = (of | of.upstream(up)) | of.downstream(down)
    plus = {None: "", 1: "1", 2: "2", 3: "3"}
    assert AssetSelection.from_string(f"{plus[up]}+key:{key}+{plus[down]}").resolve(graph) == same.resolve(graph)
    older = ("*" if up is None else "+" * up) + key + ("*" if down is None else "+" * down)
    assert AssetSelection.from_string(older).resolve(graph) == same.resolve(graph)


@pytest.fixture
def graph() -> AssetGraph:
    @asset(key=["raw", "orders"], group_name="raw", tags={"tier": "1"}, kinds=["sql"], owners=["a@b.c"])
    def orders() -> None: ...
    @asset(key=["raw", "people"], group_name="raw")
    def people() -> None: ...
    @asset(deps=[orders, people], group_name="mart")
    def joined() -> None: ...
    @asset(deps=[joined], group_name="mart")
    def report() -> None: ...
    @asset_check(asset=joined)
    def unique() -> bool:
        return True

    return AssetGraph([orders, people, joined, report, SourceAsset("outside")], [unique])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("*", "raw/orders raw/people joined report"),
        ("key:raw/orders", "raw/orders"),
        ('key:"raw/*"', "raw/orders raw/people"),
        ("key:raw/* and not key:raw/people", "raw/orders"),
        ("group:raw", "raw/orders raw/people"),
        ("group:raw or key:report", "raw/orders raw/people report"),
        ("tag:tier=1", "raw/orders"),
        ("kind:sql", "raw/orders"),
        ('owner:"a@b.c"', "raw/orders"),
        ("+key:joined", "raw/orders raw/people joined"),
        ("key:raw/orders+", "raw/orders joined report"),
        ("key:raw/orders+1", "raw/orders joined"),
        ("1+key:report", "joined report"),
        ("sinks(*)", "report"),
        ("roots(+key:report)", "raw/orders raw/people"),
        ("(group:raw or group:mart) and not (key:joined+)", "raw/orders raw/people"),
        ("key:outside", "outside"),
        ("joined", "joined"),
        ("raw/orders", "raw/orders"),
        ("*joined", "raw/orders raw/people joined"),
        ("joined*", "joined report"),
        ("+report", "joined report"),
        ("++report", "joined report raw/orders raw/people"),
        ("raw/orders+", "raw/orders joined"),
        ("+joined+", "raw/orders raw/people joined report"),
    ],
)
def test_what_texts_select(graph: AssetGraph, text: str, keys: str) -> None:
    found = {key.to_user_string() for key in AssetSelection.from_string(text).resolve(graph)}
    assert found == set(keys.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is a text such as"),
        ("key:", "cannot be read"),
        ("(key:a", "cannot be read at 'the end'"),
        ("key:a or", "cannot be read at 'the end'"),
        ("color:red", "cannot be read at 'color:red'; an asset is key:its/key"),
        ("a and b", "cannot be read"),
        ("key:nobody", 'There is no asset "nobody" to select; there are: raw/orders'),
    ],
)
def test_texts_that_select_nothing(graph: AssetGraph, text: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        AssetSelection.from_string(text).resolve(graph)


def test_checks_are_selected_with_their_assets_or_apart(graph: AssetGraph) -> None:
    unique = (AssetKey("joined"), "unique")
    assert AssetSelection.keys("joined").resolve_checks(graph) == {unique}
    assert AssetSelection.keys("joined").without_checks().resolve_checks(graph) == set()
    assert AssetSelection.keys("report").resolve_checks(graph) == set()
    everything = AssetSelection.all_asset_checks()
    assert (everything.resolve(graph), everything.resolve_checks(graph)) == (set(), {unique})
    only = AssetSelection.checks_for_assets("joined")
    assert (only.resolve(graph), only.resolve_checks(graph)) == (set(), {unique})
    assert (AssetSelection.all() - only).resolve_checks(graph) == set()
    with pytest.raises(DefinitionError, match='There is no check "other" of the asset "joined"'):
        AssetSelection.checks((AssetKey("joined"), "other")).resolve(graph)


def test_neighbours_and_external_assets() -> None:
    @multi_asset(outs={"one": AssetOut(), "two": AssetOut()}, deps=["outside"])
    def pair() -> tuple[int, int]:
        return 1, 2

    graph = AssetGraph([pair])
    one = AssetSelection.keys("one")
    assert one.required_multi_asset_neighbors().resolve(graph) == {AssetKey("one"), AssetKey("two")}
    assert one.upstream().resolve(graph) == {AssetKey("one")}
    assert one.upstream_source_assets().resolve(graph) == {AssetKey("outside")}
    assert AssetSelection.all(include_sources=True).resolve(graph) == set(graph.keys)


def test_coercible_selections(graph: AssetGraph) -> None:
    for spelt in ("key:joined", ["joined"], [AssetKey("joined")], AssetKey("joined"), AssetSelection.keys("joined")):
        assert AssetSelection.from_coercible(spelt).resolve(graph) == {AssetKey("joined")}


def test_assets_that_are_made_of_one_another() -> None:
    with pytest.raises(DefinitionError, match="These assets are made of one another: a0 → a1 → a0; break the circle"):
        AssetGraph([define(0, {1}), define(1, {0})])
