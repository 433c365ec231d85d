from checks.roles import main

from vedette.access.roles import NEEDED, flaws, needed
from vedette.domain.access import Role


def test_the_schema_and_the_table_fit() -> None:
    assert main() == 0


def test_a_field_without_a_role_is_found_and_needs_an_admin_until_then() -> None:
    assert flaws([*NEEDED, "Query.new"]) == ["Query.new has no role; give it one in access/roles.py."]
    assert needed("Query", "new") is Role.ADMIN


def test_a_role_of_a_field_that_is_gone_is_found() -> None:
    [flaw] = flaws(field for field in NEEDED if field != "Query.node")
    assert flaw.startswith("Query.node has a role and is not in the schema")
