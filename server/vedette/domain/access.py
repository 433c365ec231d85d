"""Roles, and the tokens that carry them."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Role(StrEnum):
    """What somebody may do; each role may do what those before it may."""

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"

    def covers(self, needed: "Role") -> bool:
        """Tell whether whoever has this role may do what needs another."""
        return RANK[self] >= RANK[needed]


RANK = {role: rank for rank, role in enumerate(Role)}

# Names of code locations that somebody is confined to; None: to none of them.
Reach = tuple[str, ...] | None


class Lapse(StrEnum):
    """Why nobody is recognised by what they show."""

    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    SIGNED_OUT = "SIGNED_OUT"


class Quota(NamedTuple):
    """What a token may ask of each server in a minute, and how many streams it may hold; None: as settings say."""

    requests_per_minute: int | None = None
    cost_per_minute: int | None = None
    streams: int | None = None


AS_SETTINGS = Quota()


class Recognised(NamedTuple):
    """What a server needs to know of a secret that was given out: a token, or the cookie of a session.

    `token_id` is the token that it is, or by which the session was begun; `lapse` is why it is good for nothing now.
    """

    id: UUID
    token_id: UUID | None
    name: str
    role: Role
    code_locations: Reach
    expires_at: datetime | None
    quota: Quota
    lapse: Lapse | None


class Client(NamedTuple):
    """The program that asks, as it names itself; empty where it does not."""

    name: str = ""
    version: str = ""


class DeprecatedUse(NamedTuple):
    """How often a client used a deprecated member of the schema, and for whom: the actor of a token or session."""

    member: str
    client: str
    version: str
    actor: str
    uses: int
    first_at: datetime
    last_at: datetime


class Token(NamedTuple):
    """An API token as it may be shown: `prefix` is how it begins, the rest of it nobody has kept."""

    id: UUID
    name: str
    prefix: str
    role: Role
    code_locations: Reach
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    quota: Quota
