from graphql import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from vedette.graphql.documents.limits import Extent, Measure


def measured(text: str) -> Extent:
    document = parse(text)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return Measure(document).selection(operation.selection_set)


def counted(text: str) -> tuple[int, int, int]:
    extent = measured(text)
    return extent.depth, extent.aliases, extent.fields


def test_fields_levels_and_aliases_are_counted_through_fragments() -> None:
    assert counted("{ a }") == (1, 0, 1)
    assert counted("{ a { b c { d } } }") == (3, 0, 4)
    assert counted("{ x: a { ... on T { y: b } } }") == (2, 2, 2)
    assert counted("{ a { ...f } b { ...f } } fragment f on T { x: c { d } }") == (3, 2, 6)


def test_the_widest_selection_counts_with_its_fragments_spread_out() -> None:
    assert measured("{ a b { c } }").width == 2
    found = measured("{ a { b { ...f ... on T { x y } } } } fragment f on T { c d ...g } fragment g on T { e { f } }")
    assert max(found.width, found.widest) == 5


def test_fragments_that_are_missing_or_spread_themselves_end_somewhere() -> None:
    assert counted("{ ...none a }") == (1, 0, 1)
    assert measured("{ ...f } fragment f on T { a ...g } fragment g on T { b ...f }").fields >= 2


def test_directives_are_counted_wherever_they_stand() -> None:
    found = measured("{ a @x { b @x @y ... @x { c } ...f @x } } fragment f on T { d @x }")
    assert found.directives == 6


def test_directives_of_a_fragment_itself_count_wherever_it_is_spread() -> None:
    assert measured("{ ...f a { ...f } } fragment f on T @x @y { b }").directives == 4


def test_what_nothing_spreads_is_measured_by_itself() -> None:
    measure = Measure(parse("{ a } fragment f on T { b c ...g } fragment g on T { d e }"))
    assert [extent.width for extent in measure.unused()] == [4]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=10))
def test_each_selection_is_looked_at_once_whatever_spreads_what(spreads: list[list[int]]) -> None:
    parts = [
        f"fragment f{at} on T {{ a {' '.join(f'...f{one % len(spreads)}' for one in spread)} }}"
        for at, spread in enumerate(spreads)
    ]
    document = parse(f"{{ ...f0 ...f0 }} {' '.join(parts)}")
    measure = Measure(document)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    measure.selection(operation.selection_set)
    measure.unused()
    assert measure.steps == 2 + sum(1 + len(spread) for spread in spreads)


def test_a_bomb_of_fragments_is_measured_in_one_pass() -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on T {{ ...f{n + 1} ...f{n + 1} }}" for n in range(200))
    document = parse(bomb + " fragment f200 on T { a }")
    measure = Measure(document)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    assert measure.selection(operation.selection_set).fields == 2**200
    # Each spread is looked at once where it stands, and so is the field.
    assert measure.steps == 1 + 2 * 200 + 1
