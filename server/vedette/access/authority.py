"""Who asks, and how far their word goes."""

from dataclasses import dataclass
from uuid import UUID

from vedette.domain.access import Reach, Role


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever was recognised: `actor` names them in what is recorded, `key` is their token or session, if any."""

    actor: str
    role: Role
    code_locations: Reach = None
    key: UUID | None = None

    @property
    def powers(self) -> tuple[Role, Reach]:
        """Return what the answers to their questions depend on, but for questions about themselves."""
        return self.role, self.code_locations


# Where no authentication is configured, whoever reaches the server is its operator.
EVERYBODY = Authority("anonymous", Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authority, and from which address it speaks."""

    authority: Authority = EVERYBODY
    address: str = ""
