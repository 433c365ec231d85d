"""Who asks, and how far their word goes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from uuid import UUID

from vedette.domain.access import AS_SETTINGS, Client, Quota, Reach, Role


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever was recognised: `actor` names them in what is recorded.

    `key` is what they were recognised by, a token or a session, if anything, which is good until `expires_at`;
    `token` is that token, or the one by which the session was begun. `quota` is theirs alone. Where nobody may change
    anything they are `reading`.
    """

    actor: str
    role: Role
    code_locations: Reach = None
    key: UUID | None = None
    token: UUID | None = None
    expires_at: datetime | None = None
    quota: Quota = AS_SETTINGS
    is_reading: bool = False

    @property
    def powers(self) -> tuple[Role, Reach]:
        """Return what the answers to their questions depend on, but for questions about themselves."""
        return self.role, self.code_locations

    @property
    def account(self) -> UUID | None:
        """Return what their requests are counted under: a token has one quota, whatever shows it."""
        return self.token or self.key

    @property
    def is_in_session(self) -> bool:
        """Tell whether they have signed in, rather than shown a token."""
        return self.key != self.token

    def reading(self) -> Self:
        """Return it as it is where nobody may change anything."""
        return replace(self, role=Role.VIEWER, is_reading=True)


# Where no authentication is configured, whoever reaches the server is its operator.
EVERYBODY = Authority("anonymous", Role.ADMIN)


UNNAMED = Client()


@dataclass(frozen=True, slots=True)
class Caller:
    """An authority, from which address it speaks, and by which program."""

    authority: Authority = EVERYBODY
    address: str = ""
    client: Client = UNNAMED
