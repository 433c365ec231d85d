from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from vedette.graphql.documents.costs import LIST_SIZE, MUTATION, Cost
from vedette.graphql.schema import schema


def cost(text: str, **variables: Any) -> int:
    document = parse(text)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return sum(Cost(schema._schema, document, variables).of(operation))


PAGE = "{ edges { node { id } } }"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 0),
        ("{ __schema { types { name } } }", 0),
        ("{ instance { version } }", 1),
        ("{ rateLimit { remaining } }", 0),
        (f"{{ sensors {PAGE} }}", 25),
        (f"{{ sensors(first: 7) {PAGE} runs(last: 3) {PAGE} }}", 10),
        (f"{{ sensors(first: 10) {{ edges {{ node {{ ticks(first: 20) {PAGE} }} }} }} }}", 10 + 10 * 20),
        ("{ sensors(first: 10) { pageInfo { hasNextPage } edges { node { lastTick { id } } } } }", 10 + 10),
        ("{ ...f } fragment f on Query { ...g } fragment g on Query { sensors(first: 10) { edges { cursor } } }", 10),
        ("{ ... { instance { version } } ... on Query { instance { version } } }", 2),
        ('{ nodes(ids: ["a", "b"]) { id } }', 2),
        ("{ codeLocations { id } }", LIST_SIZE),
        ('mutation { startSensor(input: {sensorId: "x"}) { sensor { id } } }', MUTATION + 1 + 1),
        ("mutation { __typename }", MUTATION),
        (
            "mutation { ...f } fragment f on Mutation { ...g ... { ...g } } fragment g on Mutation { __typename }",
            2 * MUTATION,
        ),
        # What no page can be does not make room for others.
        (f"{{ sensors(first: -9) {PAGE} runs(first: 5) {PAGE} }}", 5),
        (f"{{ sensors(first: {'9' * 5000}) {PAGE} }}", 100),
        (f"{{ sensors(first: null) {PAGE} }}", 25),
    ],
)
def test_what_an_operation_asks_for_is_counted(document: str, expected: int) -> None:
    assert cost(document) == expected


def test_sizes_may_be_variables_and_their_defaults() -> None:
    document = (
        "query($n: Int = 40, $ids: [ID!]! = []) { sensors(first: $n) { edges { cursor } } nodes(ids: $ids) { id } }"
    )
    assert cost(document) == 40
    assert cost(document, n=7, ids=["a", "b", "c"]) == 7 + 3
    assert cost(document, n=None) == 25


def test_a_mutation_of_many_costs_each_of_them_wherever_it_stands() -> None:
    many = "mutation($ids: [ID!]!) {{ {} }} fragment f on Mutation {{ {} }}"
    start = "startSensors(input: {sensorIds: $ids}) { errors { message } }"
    expected = cost(many.format(start, "__typename"), ids=["a", "b", "c"])
    assert expected == MUTATION + 3 + 1 + LIST_SIZE
    assert cost(many.format("...f", start), ids=["a", "b", "c"]) == expected
    assert cost(many.format(f"... {{ {start} }}", "__typename"), ids=["a", "b", "c"]) == expected
