import pytest
from checks.deprecations import EXAMPLE, flaws, main
from graphql import build_schema


def schema(reason: str) -> list[str]:
    return flaws(build_schema(f'type Query {{ startSensors: Int old: Int @deprecated(reason: "{reason}") }}'))


def test_every_deprecation_of_the_schema_says_what_replaces_it_and_until_when_it_stays() -> None:
    assert main() == 0


def test_a_deprecation_that_does_is_no_flaw() -> None:
    assert schema(EXAMPLE) == []
    assert schema("Use `Query.startSensors` instead, which takes more; removed after 2027-06-30.") == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("No longer supported", "say what replaces it and until when it stays"),
        ("Use `startSensors` instead.", "say what replaces it and until when it stays"),
        ("It is removed after 2027-06-30.", "say what replaces it and until when it stays"),
        ("Use `beginSensors` instead; removed after 2027-06-30.", "`beginSensors`, which is not in the schema"),
        ("Use `startSensors` instead; removed after 2027-06-31.", "2027-06-31, which is no date"),
    ],
)
def test_any_other_is_found(reason: str, said: str) -> None:
    [flaw] = schema(reason)
    assert flaw.startswith("Query.old is deprecated")
    assert said in flaw


def test_arguments_values_and_input_fields_are_looked_at_too() -> None:
    text = """
    enum Color { RED @deprecated BLUE }
    input Filter { old: Int @deprecated color: Color }
    type Query { a(old: Int @deprecated, filter: Filter): Int }
    """
    assert {flaw.split()[0] for flaw in flaws(build_schema(text))} == {"Query.a(old:)", "Filter.old", "Color.RED"}
