from typing import Any

import pytest

from vedette.access.claims import Grants, name_of
from vedette.domain.access import Reach, Role
from vedette.errors import InvalidSetting
from vedette.settings import Settings

OIDC = {"oidc_issuer": "https://id.example", "oidc_client_id": "vedette"}


def grants(roles: str, claim: str = "groups") -> Grants:
    return Grants.of(Settings(oidc_roles=roles.split(","), oidc_role_claim=claim))


@pytest.mark.parametrize(
    ("roles", "groups", "role", "reach"),
    [
        ("admins=admin", ["admins"], Role.ADMIN, None),
        ("admins=admin", ["others"], None, None),
        ("admins=admin", "admins", Role.ADMIN, None),
        ("admins=admin", None, None, None),
        ("admins=admin", {"admins": True}, None, None),
        ("*=viewer,ops=operator", ["ops"], Role.OPERATOR, None),
        ("*=viewer,ops=operator", [], Role.VIEWER, None),
        ("a=operator@x,b=operator@y+z", ["a", "b"], Role.OPERATOR, ("x", "y", "z")),
        ("a=operator@x,b=operator", ["a", "b"], Role.OPERATOR, None),
        ("a=admin@x,b=viewer", ["a", "b"], Role.ADMIN, ("x",)),
        ("cn=ops,dc=example=operator".replace(",", ";"), ["cn=ops;dc=example"], Role.OPERATOR, None),
    ],
)
def test_the_greatest_role_counts_with_its_widest_reach(
    roles: str, groups: Any, role: Role | None, reach: Reach
) -> None:
    assert grants(roles).to({"groups": groups}) == (role, reach)


def test_a_claim_is_found_by_its_name_or_its_path() -> None:
    assert grants("a=viewer", "realm.roles").to({"realm": {"roles": ["a"]}})[0] is Role.VIEWER
    assert grants("a=viewer", "https://x.example/roles").to({"https://x.example/roles": ["a"]})[0] is Role.VIEWER
    assert grants("a=viewer", "realm.roles").to({"realm": "a"})[0] is None


@pytest.mark.parametrize("text", ["admins", "admins=king", "=admin", "a=viewer@", "a=viewer@+"])
def test_what_is_no_grant_is_said(text: str) -> None:
    with pytest.raises(InvalidSetting, match="is no grant; write it as group=operator"):
        grants(text)


def test_people_are_called_by_the_claim_that_is_set_or_the_best_there_is() -> None:
    claims = {"sub": "1", "name": "Ann", "preferred_username": "ann"}
    assert name_of(claims, Settings()) == "ann"
    assert name_of(claims, Settings(oidc_name_claim="name")) == "Ann"
    assert name_of({"sub": "1"}, Settings(oidc_name_claim="name")) == "1"
