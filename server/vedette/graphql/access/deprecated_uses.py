"""Who uses what is deprecated: to be asked before it is taken out of the schema."""

from datetime import datetime

import strawberry

from vedette.domain import access as domain
from vedette.graphql.connections import DEPRECATED_USES, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.storage.access import deprecated_uses

LARGEST_INT = 2**31 - 1


@strawberry.type(description="How often a client used a deprecated member of the schema.")
class DeprecatedUse:
    """How often a client used a deprecated member of the schema."""

    member: str = strawberry.field(
        description="What it used: `Type.field`, `Type.field(argument:)`, `Enum.VALUE` or `Input.field`."
    )
    client_name: str | None = strawberry.field(
        description="What the client calls itself in `graphql-client-name`; null if nothing, `other` if too many do."
    )
    client_version: str | None = strawberry.field(description="And in `graphql-client-version`.")
    actor: str = strawberry.field(description="Whose it is: the name of the token, or of who has signed in.")
    uses: int = strawberry.field(description="Operations that used it, up to some seconds ago.")
    first_used_at: datetime = strawberry.field(description="When the first of them was noted.")
    last_used_at: datetime = strawberry.field(description="When the last of them was noted.")


def _deprecated_use(facts: domain.DeprecatedUse) -> DeprecatedUse:
    return DeprecatedUse(
        member=facts.member,
        client_name=facts.client or None,
        client_version=facts.version or None,
        actor=facts.actor,
        uses=min(facts.uses, LARGEST_INT),
        first_used_at=facts.first_at,
        last_used_at=facts.last_at,
    )


@strawberry.type
class DeprecatedUseQueries:
    """Fields of Query."""

    @field("Which clients used what is deprecated in the last 90 days, by what they used. For admins.")
    async def deprecated_uses(self, info: Info, first: First = None, after: After = None) -> Connection[DeprecatedUse]:
        """Read a page of them."""
        window = DEPRECATED_USES.window(first, after)
        async with info.context.database.reading() as connection:
            return DEPRECATED_USES.connect(await deprecated_uses.page(connection, window), _deprecated_use)
