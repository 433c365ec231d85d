"""Tokens as admins see them."""

from datetime import datetime

import strawberry

from vedette.domain.access import Role, Token
from vedette.graphql import ids
from vedette.graphql.connections import TOKENS, After, Connection, First
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.nodes import Node
from vedette.storage.access import tokens


@strawberry.type(description="A token for the API. The token itself was shown once, when it was made.")
class ApiToken(Node):
    """A token for the API."""

    name: str = strawberry.field(description="Its name, unique among those that are not revoked.")
    prefix: str = strawberry.field(description="How it begins.")
    role: Role = strawberry.field(description="What it may do.")
    code_locations: list[str] | None = strawberry.field(
        description="Names of the code locations that it is confined to; null if to none."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    created_by: str = strawberry.field(description="Who made it.")
    expires_at: datetime | None = strawberry.field(description="When it expires; null if never.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null if it was not.")
    last_used_at: datetime | None = strawberry.field(
        description="When it was last used, to some seconds; null if never."
    )
    requests_per_minute: int | None = strawberry.field(
        description="Operations that it may ask of each server in a minute; null: as the settings say."
    )
    cost_per_minute: int | None = strawberry.field(
        description="Objects that it may ask for in a minute, by the sizes of pages; null: as the settings say."
    )
    streams: int | None = strawberry.field(
        description="Subscriptions that it may have at a time; null: as the settings say."
    )


def api_token(facts: Token) -> ApiToken:
    """Return a token as the schema has it."""
    return ApiToken(
        id=ids.encode("ApiToken", facts.id),
        name=facts.name,
        prefix=facts.prefix,
        role=facts.role,
        code_locations=None if facts.code_locations is None else list(facts.code_locations),
        created_at=facts.created_at,
        created_by=facts.created_by,
        expires_at=facts.expires_at,
        revoked_at=facts.revoked_at,
        last_used_at=facts.last_used_at,
        **facts.quota._asdict(),
    )


@strawberry.type
class TokenQueries:
    """Fields of Query."""

    @field("Tokens, the newest first, those that are revoked included. For admins.")
    async def tokens(self, info: Info, first: First = None, after: After = None) -> Connection[ApiToken]:
        """Read a page of them."""
        window = TOKENS.window(first, after)
        async with info.context.database.reading() as connection:
            return TOKENS.connect(await tokens.page(connection, window), api_token)
