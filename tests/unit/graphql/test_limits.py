import time

import pytest
from graphql import OperationDefinitionNode, parse

from vedette.graphql.limits import Extent, Measure


def measured(text: str) -> Extent:
    document = parse(text)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return Measure(document).selection(operation.selection_set)


def test_fields_levels_and_aliases_are_counted_through_fragments() -> None:
    assert measured("{ a }")[:3] == (1, 0, 1)
    assert measured("{ a { b c { d } } }")[:3] == (3, 0, 4)
    assert measured("{ x: a { ... on T { y: b } } }")[:3] == (2, 2, 2)
    assert measured("{ a { ...f } b { ...f } } fragment f on T { x: c { d } }")[:3] == (3, 2, 6)


def test_the_widest_selection_counts_with_its_fragments_spread_out() -> None:
    assert measured("{ a b { c } }").width == 2
    found = measured("{ a { b { ...f ... on T { x y } } } } fragment f on T { c d ...g } fragment g on T { e { f } }")
    assert max(found.width, found.widest) == 5


@pytest.mark.parametrize(
    ("document", "things"),
    [
        ("{ a { b } }", 0),
        ("{ a { edges { cursor } } }", 25),
        ("{ a(first: 7) { edges { cursor } } b(last: 3) { edges { cursor } } }", 10),
        ("query($n: Int) { a(first: $n) { edges { cursor } } }", 100),
        ("{ a(first: 10) { edges { node { b(first: 20) { edges { cursor } } } } } }", 10 + 10 * 20),
        ("{ a(first: 10) { ...f } } fragment f on A { ...g } fragment g on A { edges { cursor } }", 10),
        ("{ nodes(ids: []) { b(first: 2) { edges { cursor } } } }", 100 + 100 * 2),
        # What no page can be does not make room for others.
        ("{ a(first: -9) { edges { cursor } } b(first: 0) { edges { cursor } } }", 100),
        (f"{{ a(first: {'9' * 5000}) {{ edges {{ cursor }} }} }}", 100),
        ("{ a(first: null) { edges { cursor } } }", 100),
    ],
)
def test_things_of_pages_within_pages_multiply(document: str, things: int) -> None:
    assert measured(document).things == things


def test_fragments_that_are_missing_or_spread_themselves_end_somewhere() -> None:
    assert measured("{ ...none a }")[:3] == (1, 0, 1)
    assert measured("{ ...f } fragment f on T { a ...g } fragment g on T { b ...f }").fields >= 2


def test_a_bomb_of_fragments_is_measured_at_once() -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on T {{ ...f{n + 1} ...f{n + 1} }}" for n in range(200))
    began = time.perf_counter()
    assert measured(bomb + " fragment f200 on T { a }").fields == 2**200
    # Without the measures that are kept it would take longer than the sun shines.
    assert time.perf_counter() - began < 20
