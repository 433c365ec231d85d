"""Who one is, and what one may."""

from datetime import datetime

import strawberry

from vedette.access import roles
from vedette.access.authority import Authority
from vedette.domain.access import Role
from vedette.graphql.context import Info
from vedette.graphql.fields import field


@strawberry.type(description="A field that not every viewer may ask for, and whether who asks may.")
class Permission:
    """A field that needs more than the role of a viewer."""

    field: str = strawberry.field(description="Its type and name, as Mutation.startSensor.")
    role: Role = strawberry.field(description="The role that it needs.")
    is_granted: bool = strawberry.field(description="Whether they have it.")


@strawberry.type(description="Who asks, and how far their word goes.")
class Viewer:
    """Who asks."""

    name: str = strawberry.field(description="What is recorded of who did something.")
    role: Role = strawberry.field(description="What they may do; on a server that is read-only everybody is a viewer.")
    code_locations: list[str] | None = strawberry.field(
        description="Names of the code locations that they are confined to; null if to none."
    )
    is_signed_in: bool = strawberry.field(
        description="Whether they have signed in, and so can sign out; not where a token is shown, or nothing."
    )
    expires_at: datetime | None = strawberry.field(
        description="When their session is over or their token expires; null if never."
    )
    is_read_only: bool = strawberry.field(
        description="Whether this server lets nobody change anything (the setting read_only)."
    )
    permissions: list[Permission] = strawberry.field(
        description="Every field that needs more than the role of a viewer, and whether they may ask for it."
    )


# Made once: the table does not change while a server runs.
_GUARDED = sorted((name, role) for name, role in roles.NEEDED.items() if role is not Role.VIEWER)


def viewer_of(authority: Authority) -> Viewer:
    """Return who asks as the schema has it."""
    return Viewer(
        name=authority.actor,
        role=authority.role,
        code_locations=None if authority.code_locations is None else list(authority.code_locations),
        is_signed_in=authority.is_in_session,
        expires_at=authority.expires_at,
        is_read_only=authority.is_reading,
        permissions=[
            Permission(field=name, role=role, is_granted=authority.role.covers(role)) for name, role in _GUARDED
        ],
    )


@strawberry.type
class ViewerQueries:
    """Fields of Query."""

    @field("Who asks. Where no authentication is configured: anonymous, who may do everything.")
    def viewer(self, info: Info) -> Viewer:
        """Say who it is."""
        return viewer_of(info.context.authority)
