import time

from graphql import OperationDefinitionNode, parse

from vedette.graphql.limits import Extent, Measure


def measured(text: str) -> Extent:
    document = parse(text)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return Measure(document).selection(operation.selection_set)


def test_fields_levels_and_aliases_are_counted_through_fragments() -> None:
    assert measured("{ a }") == Extent(1, 0, 1)
    assert measured("{ a { b c { d } } }") == Extent(3, 0, 4)
    assert measured("{ x: a { ... on T { y: b } } }") == Extent(2, 2, 2)
    assert measured("{ a { ...f } b { ...f } } fragment f on T { x: c { d } }") == Extent(3, 2, 6)


def test_fragments_that_are_missing_or_spread_themselves_end_somewhere() -> None:
    assert measured("{ ...none a }") == Extent(1, 0, 1)
    assert measured("{ ...f } fragment f on T { a ...g } fragment g on T { b ...f }").fields >= 2


def test_a_bomb_of_fragments_is_measured_at_once() -> None:
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on T {{ ...f{n + 1} ...f{n + 1} }}" for n in range(200))
    began = time.perf_counter()
    assert measured(bomb + " fragment f200 on T { a }").fields == 2**200
    assert time.perf_counter() - began < 1
