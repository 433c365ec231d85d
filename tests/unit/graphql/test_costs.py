from typing import Any

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse

from vedette.graphql.documents.costs import LIST_SIZE, MUTATION, Cost
from vedette.graphql.schema import schema
from vedette.settings import Settings


def cost(text: str, **variables: Any) -> int:
    document = parse(text)
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return sum(Cost(schema._schema, document, variables).of(operation))


PAGE = "{ edges { node { id } } }"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ __typename }", 0),
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


DAY = 'since: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z", seconds: {}'


def test_parts_of_a_span_are_as_many_as_are_asked_for() -> None:
    ticks = "{{ sensors(first: 10) {{ edges {{ node {{ tickBuckets({}) {{ started }} }} }} }} }}"
    assert cost(ticks.format(DAY.format(3600))) == 10 + 10 * 24
    assert cost(ticks.format(DAY.format(7200.5))) == 10 + 10 * 12
    # What is no span is for the field to refuse.
    assert cost(ticks.format(DAY.format(0))) == 10
    by_variables = "query($a: DateTime!, $b: DateTime!, $s: Float! = 60) " + ticks.format(
        "since: $a, until: $b, seconds: $s"
    )
    assert cost(by_variables, a="2026-01-01T00:00:00Z", b="2026-01-01T01:00:00+00:00") == 10 + 10 * 60
    assert cost(by_variables, a="2026-01-01T00:00:00", b="soon") == 10


def test_a_timeline_is_as_long_as_its_arguments_say_wherever_its_lists_stand() -> None:
    lists = "jobs { jobName ...f buckets { active } }"
    timelines = "{{ a: runTimeline({0}, first: 3, perJob: 7) {{ {1} }} b: runTimeline({0}) {{ {1} }} {2}"
    fragment = "codeLocations { id } } fragment f on JobTimeline { runs { id } }"
    expected = (1 + 3 * (1 + 7 + 24)) + (1 + 50 * (1 + 50 + 24)) + LIST_SIZE
    assert cost(timelines.format(DAY.format(3600), lists, fragment)) == expected


def test_introspection_costs_what_the_schema_has() -> None:
    types = len(schema._schema.type_map)
    assert cost("{ __schema { types { name } } }") == 1 + types
    assert cost('{ __type(name: "Query") { name } }') == 1
    usual = cost(get_introspection_query())
    # What tools ask leaves room for a schema that grows.
    assert 10 * types < usual < Settings().max_cost / 2
    many = " ".join(f"a{number}: fields {{ type {{ fields {{ type {{ name }} }} }} }}" for number in range(50))
    assert cost(f"{{ __schema {{ types {{ {many} }} }} }}") > Settings().max_cost


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
