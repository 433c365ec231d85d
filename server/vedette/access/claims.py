"""What the claims of a person make of them: their name, their role, and the code locations that they are confined to.

`oidc_roles` reads `admins=admin, etl=operator@etl+staging, *=viewer`: whoever has `admins` in the claim
`oidc_role_claim` is an admin, and so on; `*` is everybody who can sign in. The greatest role counts, and of its entries
the widest reach.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from vedette.domain.access import RANK, Reach, Role
from vedette.errors import InvalidSetting
from vedette.settings import Settings

ANYBODY = "*"
# The first of these claims that is there, after the one that the settings name.
NAMES = ("email", "preferred_username", "name", "sub")


class Grant(NamedTuple):
    """Whoever has `value` in the claim has this role in these code locations."""

    value: str
    role: Role
    code_locations: Reach


class Grants(NamedTuple):
    """The grants of the settings, and the claim that they are about."""

    claim: str
    grants: tuple[Grant, ...]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them. Raises InvalidSetting."""
        return cls(settings.oidc_role_claim, tuple(map(_grant, settings.oidc_roles)))

    def to(self, claims: Mapping[str, Any]) -> tuple[Role | None, Reach]:
        """Return what somebody with these claims may do; no role: nothing."""
        values = {ANYBODY, *_values(_at(claims, self.claim))}
        held = [grant for grant in self.grants if grant.value in values]
        if not held:
            return None, None
        role = max((grant.role for grant in held), key=RANK.__getitem__)
        reaches = [grant.code_locations for grant in held if grant.role is role]
        if None in reaches:
            return role, None
        return role, tuple(sorted({name for reach in reaches for name in reach or ()}))


def name_of(claims: Mapping[str, Any], settings: Settings) -> str:
    """Return what somebody is called in what is recorded of their doings."""
    wanted = (settings.oidc_name_claim, *NAMES)
    return next(str(claims[name]) for name in wanted if name and claims.get(name))


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, which may itself have dots in it, or by its path through objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _values(found: Any) -> list[str]:
    if isinstance(found, str):
        return [found]
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _grant(text: str) -> Grant:
    value, equals, rest = text.rpartition("=")
    role, at, places = rest.partition("@")
    names = tuple(filter(None, (place.strip() for place in places.split("+"))))
    try:
        known = Role(role.strip().upper())
    except ValueError:
        equals = ""
    if not equals or not value.strip() or bool(at) != bool(names):
        raise InvalidSetting(
            f"{text!r} in oidc_roles is no grant; write it as group=operator, or group=operator@location+location."
        )
    return Grant(value.strip(), known, names or None)
