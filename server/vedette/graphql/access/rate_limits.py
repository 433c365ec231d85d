"""What of their budget is left to whoever asks."""

from datetime import UTC, datetime, timedelta

import strawberry

from vedette.access.quotas import Charge
from vedette.graphql.context import Info
from vedette.graphql.fields import field


@strawberry.type(
    description="What one token or person may ask of this server in a minute, counted in objects. It fills "
    "steadily, and all of it may be used at once. Where nothing limits them, all but the cost are null."
)
class RateLimit:
    """The budget of whoever asks."""

    limit: int | None = strawberry.field(description="Objects a minute.")
    cost: int = strawberry.field(
        description="What this operation asks for at most, which is charged until it is known what it was given. "
        "This field costs nothing."
    )
    remaining: int | None = strawberry.field(description="What is left, this operation's cost taken off.")
    used: int | None = strawberry.field(description="What is used, this operation's cost included.")
    reset_at: datetime | None = strawberry.field(
        description="When all of it is there again if nothing more is asked, by this server's clock."
    )


def rate_limit_of(charge: Charge) -> RateLimit:
    """Return the budget that an operation is charged to as the schema has it."""
    level = charge.level
    if level is None:
        return RateLimit(limit=None, cost=charge.requested, remaining=None, used=None, reset_at=None)
    return RateLimit(
        limit=level.most,
        cost=charge.requested,
        remaining=level.left,
        used=level.most - level.left,
        reset_at=datetime.now(UTC) + timedelta(seconds=level.seconds),
    )


@strawberry.type
class RateLimitQueries:
    """Fields of Query."""

    @field("What of their budget is left to who asks. Answers tell it as well, in `extensions.cost` and by headers.")
    def rate_limit(self, info: Info) -> RateLimit:
        """Say it."""
        return rate_limit_of(info.context.charge)
