import pytest
from checks.schema_lint import EXCEPTIONS, flaws, main
from graphql import build_schema


def test_the_schema_is_called_as_it_should_be() -> None:
    assert main() == 0


WRONG = [
    ("type thing { id: ID! } type Query { a: thing }", "thing"),
    ("input Wanted { a: Int } type Query { a(by: Wanted): Int }", "Wanted"),
    ("input WantedBy { a: Int } type Query { a(by: WantedBy): Int }", "WantedBy"),
    ("input WantedInput @oneOf { a: Int } type Query { a(by: WantedInput): Int }", "WantedInput"),
    ("enum Kind { Small } type Query { a: Kind }", "Kind.Small"),
    ("type Query { some_thing: Int }", "Query.some_thing"),
    ("type Query { duration: Float }", "Query.duration"),
    ("type Query { late: Boolean }", "Query.late"),
    ("scalar DateTime type Query { start: DateTime }", "Query.start"),
    ("type Query { sensor: ID }", "Query.sensor"),
    ("type Query { sensorId: String }", "Query.sensorId"),
    ("type Query { names: [String]! }", "Query.names"),
    ("type Query { a(sensor: ID!): Int }", "Query.a(sensor:)"),
]


@pytest.mark.parametrize(("schema", "place"), WRONG)
def test_what_is_called_otherwise_is_named(schema: str, place: str) -> None:
    found = [flaw for flaw in flaws(build_schema(schema)) if "is an exception" not in flaw]
    assert [flaw.partition(": ")[0] for flaw in found] == [place]


def test_an_exception_that_is_none_any_more_is_named() -> None:
    assert len(flaws(build_schema("type Query { a: Int }"))) == len(EXCEPTIONS)
