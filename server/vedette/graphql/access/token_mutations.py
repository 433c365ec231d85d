"""Making and revoking tokens."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from vedette.access import secrets
from vedette.bus import topics
from vedette.domain.access import Quota, Reach, Role
from vedette.graphql import ids
from vedette.graphql.access.tokens import ApiToken, api_token
from vedette.graphql.context import Info
from vedette.graphql.fields import mutation
from vedette.graphql.mutations.idempotency import KeyedInput, once
from vedette.graphql.mutations.mutation_errors import InvalidInput, MutationError, NotFound, TokenNameTaken
from vedette.storage.access import tokens
from vedette.storage.access.tokens import NewToken

LONGEST_NAME = 100


@strawberry.input(description="The token to make.")
class CreateTokenInput(KeyedInput):
    """The token to make."""

    name: str = strawberry.field(description="Its name: for what or whom it is. At most 100 characters.")
    role: Role = strawberry.field(description="What it may do.")
    code_locations: list[str] | None = strawberry.field(
        default=None, description="Names of the code locations to confine it to; left out: to none."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="When it expires; left out: never.")
    requests_per_minute: int | None = strawberry.field(
        default=None, description="Operations that it may ask of each server in a minute; left out: as settings say."
    )
    cost_per_minute: int | None = strawberry.field(
        default=None,
        description="Objects that it may ask for in a minute, by the sizes of pages; left out: as settings say.",
    )
    streams: int | None = strawberry.field(
        default=None, description="Subscriptions that it may have at a time; left out: as settings say."
    )


@strawberry.input(description="Which token to revoke.")
class RevokeTokenInput(KeyedInput):
    """Which token to revoke."""

    token_id: strawberry.ID = strawberry.field(description="The token.")


@strawberry.type(description="What became of the wish for a token.")
class CreateTokenPayload:
    """What became of the wish for a token."""

    token: ApiToken | None = strawberry.field(default=None, description="What is known of it from now on.")
    secret: str | None = strawberry.field(
        default=None,
        description="The token itself, now and never again; null where the same idempotency key has made it before.",
    )
    errors: list[MutationError] = strawberry.field(description="Why it was not made; empty if it was.")


@strawberry.type(description="What became of a token.")
class TokenPayload:
    """What became of a token."""

    token: ApiToken | None = strawberry.field(default=None, description="The token as it is now.")
    errors: list[MutationError] = strawberry.field(description="Why it was not changed; empty if it was.")


def _unfit(given: CreateTokenInput, reach: Reach) -> InvalidInput | None:
    if not given.name.strip() or len(given.name) > LONGEST_NAME:
        return InvalidInput(message=f"A token's name has 1 to {LONGEST_NAME} characters.", path=["name"])
    if given.code_locations is not None and not given.code_locations:
        message = "Name a code location at least, or leave `codeLocations` out."
        return InvalidInput(message=message, path=["codeLocations"])
    if reach is not None and not set(given.code_locations or ("",)) <= set(reach):
        message = f"You are confined to {', '.join(reach)}: give `codeLocations`, no others than these."
        return InvalidInput(message=message, path=["codeLocations"])
    if given.expires_at is not None and given.expires_at <= datetime.now(UTC):
        return InvalidInput(message="The token would have expired already.", path=["expiresAt"])
    return next((_too_little(name, most) for name, most in _limits(given) if most is not None and most < 1), None)


def _limits(given: CreateTokenInput) -> tuple[tuple[str, int | None], ...]:
    return (
        ("requestsPerMinute", given.requests_per_minute),
        ("costPerMinute", given.cost_per_minute),
        ("streams", given.streams),
    )


def _too_little(name: str, most: int) -> InvalidInput:
    message = f"A limit is 1 at least, not {most}; leave `{name}` out for that of the settings."
    return InvalidInput(message=message, path=[name])


@strawberry.type
class TokenMutations:
    """Fields of Mutation."""

    @mutation("Make a token. It is shown in this answer and never again. For admins.")
    async def create_token(
        self,
        info: Info,
        input: Annotated[CreateTokenInput, strawberry.argument(description="What it is to be.")],  # noqa: A002
    ) -> CreateTokenPayload:
        """Keep its digest."""
        made: list[str] = []

        async def make(connection: Any) -> UUID | MutationError:
            if (unfit := _unfit(input, info.context.authority.code_locations)) is not None:
                return unfit
            secret = secrets.new(secrets.TOKEN)
            reach = None if input.code_locations is None else tuple(input.code_locations)
            quota = Quota(input.requests_per_minute, input.cost_per_minute, input.streams)
            wanted = NewToken(
                input.name, secret.digest, secret.prefix, input.role, reach, info.context.actor, input.expires_at, quota
            )
            token = await tokens.make(connection, wanted)
            if token is None:
                message = f"A token named {input.name!r} is there already; revoke it first, or choose another name."
                return TokenNameTaken(message=message, path=["name"])
            made.append(secret.text)
            return token.id

        outcome = await once(info.context, "createToken", input, UUID, make, makes="ApiToken")
        if isinstance(outcome, MutationError):
            return CreateTokenPayload(errors=[outcome])
        return CreateTokenPayload(token=await _read(info, outcome), secret=made[0] if made else None, errors=[])

    @mutation("Revoke a token: what uses it is refused from now on, and its streams end. For admins.")
    async def revoke_token(
        self,
        info: Info,
        input: Annotated[RevokeTokenInput, strawberry.argument(description="Which token.")],  # noqa: A002
    ) -> TokenPayload:
        """Note when, and have every server look."""
        key = ids.decode_uuid("ApiToken", input.token_id)

        async def revoke(connection: Any) -> UUID | MutationError:
            if await tokens.revoke(connection, key) is not None:
                return key
            return NotFound(message=f"There is no token {input.token_id}; `tokens` lists them.", path=["tokenId"])

        outcome = await once(info.context, "revokeToken", input, UUID, revoke)
        if isinstance(outcome, MutationError):
            return TokenPayload(errors=[outcome])
        info.context.bus.knock(topics.ACCESS)
        return TokenPayload(token=await _read(info, outcome), errors=[])


async def _read(info: Info, key: UUID) -> ApiToken | None:
    async with info.context.database.reading() as connection:
        found = (await tokens.by_ids(connection, [key])).get(key)
    return None if found is None else api_token(found)
