"""Which deprecated members an operation uses, told by the document and the variables."""

from typing import Any

import pytest
from graphql import NoDeprecatedCustomRule, build_schema, get_operation_ast, parse, validate
from hypothesis import given
from hypothesis_graphql import queries

from vedette.graphql.documents.deprecations import NOTHING, Deprecations

TEXT = """
enum Color { RED @deprecated(reason: "r") BLUE }
input Part { color: Color old: Int @deprecated(reason: "r") parts: [Part!] size: Int }
interface Named { name: String oldName: String @deprecated(reason: "r") }
type Thing implements Named {
  name: String
  oldName: String @deprecated(reason: "r")
  things(color: Color, old: Int @deprecated(reason: "r"), of: Part): [Thing!]
}
type Other { size(unit: String): Int }
union Found = Thing | Other
type Query {
  thing(color: Color, of: Part, all: [Part]): Thing
  other: Other
  found: Found
  named: Named
  size(n: Int): Int
}
"""
SCHEMA = build_schema(TEXT)
DEPRECATIONS = Deprecations(SCHEMA)


def used(text: str, name: str | None = None, **variables: Any) -> set[str]:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    operation = get_operation_ast(document, name)
    assert operation is not None
    return set(DEPRECATIONS.uses(document, operation).with_variables(variables))


def test_all_that_is_deprecated_is_known_by_name() -> None:
    assert set(DEPRECATIONS.members) == {
        *("Color.RED", "Part.old", "Named.oldName", "Thing.oldName", "Thing.things(old:)"),
    }


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("{ thing { name things { name } } }", set()),
        ("{ thing { oldName } }", {"Thing.oldName"}),
        ("{ thing { inner: oldName @skip(if: true) } }", {"Thing.oldName"}),
        ("{ named { oldName ... on Thing { name } } }", {"Named.oldName"}),
        ("{ found { ... on Thing { oldName } } }", {"Thing.oldName"}),
        ("{ thing { things(old: 1) { name } } }", {"Thing.things(old:)"}),
        ("{ thing { again: things(old: null) { name } } }", {"Thing.things(old:)"}),
        ("{ thing(color: RED) { name } }", {"Color.RED"}),
        ("{ thing(of: {parts: [{size: 1}, {old: 1, color: RED}]}) { name } }", {"Part.old", "Color.RED"}),
        ("query($c: Color = RED) { thing(color: $c) { name } }", {"Color.RED"}),
        ("{ thing { ...A } } fragment A on Thing { ...B } fragment B on Thing { oldName }", {"Thing.oldName"}),
        ("query A { thing { name } } query B { thing { ...F } } fragment F on Thing { oldName }", set()),
    ],
)
def test_what_the_document_uses(text: str, members: set[str]) -> None:
    assert used(text, "A" if "query A" in text else None) == members


@pytest.mark.parametrize(
    ("variables", "members"),
    [
        ({}, set()),
        ({"of": None, "all": None}, set()),
        ({"of": {"size": 1}, "color": "BLUE", "n": 3}, set()),
        ({"color": "RED"}, {"Color.RED"}),
        ({"of": {"parts": [{"parts": [{"color": "RED"}]}]}}, {"Color.RED"}),
        ({"of": {"old": None}}, {"Part.old"}),
        ({"all": [None, {"old": 1}]}, {"Part.old"}),
        # One thing stands for a list of it.
        ({"all": {"parts": {"old": 1}}}, {"Part.old"}),
    ],
)
def test_what_variables_use(variables: dict[str, Any], members: set[str]) -> None:
    text = """query($of: Part, $all: [Part], $color: Color, $n: Int) {
        thing(of: $of, all: $all, color: $color) { name } size(n: $n) }"""
    assert used(text, **variables) == members


def test_variables_that_can_use_nothing_deprecated_are_not_gone_through() -> None:
    document = parse("query($n: Int) { size(n: $n) }")
    operation = get_operation_ast(document)
    assert operation is not None
    assert DEPRECATIONS.uses(document, operation).variables == ()


def test_where_nothing_is_deprecated_nothing_is_looked_for() -> None:
    document = parse("{ a }")
    operation = get_operation_ast(document)
    assert operation is not None
    assert Deprecations(build_schema("type Query { a: Int }")).uses(document, operation) is NOTHING


@given(queries(TEXT))
def test_it_finds_what_the_rule_of_graphql_core_finds(text: str) -> None:
    document = parse(text)
    told = {error.message for error in validate(SCHEMA, document, [NoDeprecatedCustomRule])}
    assert len(used(text)) == len(told)
