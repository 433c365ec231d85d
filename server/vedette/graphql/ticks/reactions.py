"""Reactions: what a tick of a sensor that reacts to events made of each."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from vedette.domain.reactions import ReactionOutcome, RecordedReaction
from vedette.domain.runs import RunStatus
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.logs import ErrorInfo, error_info

if TYPE_CHECKING:
    from vedette.graphql.assets.asset_events import AssetEvent
    from vedette.graphql.runs.runs import Run
    from vedette.graphql.ticks.ticks import Tick

LazyAssetEvent = Annotated["AssetEvent", strawberry.lazy("vedette.graphql.assets.asset_events")]
LazyRun = Annotated["Run", strawberry.lazy("vedette.graphql.runs.runs")]
LazyTick = Annotated["Tick", strawberry.lazy("vedette.graphql.ticks.ticks")]


@strawberry.type(description="What a sensor that watches runs or assets made of one event.")
class Reaction:
    """What a sensor that watches runs or assets made of one event."""

    facts: strawberry.Private[RecordedReaction]
    run_key_id: strawberry.Private[UUID | None]
    outcome: ReactionOutcome = strawberry.field(description="What became of the event.")
    attempt: int = strawberry.field(description="1, 2, …: how often it was shown to the sensor by then.")
    run_status: RunStatus | None = strawberry.field(description="What the run had become, where it is about a run.")
    asset_key: list[str] | None = strawberry.field(
        description="Key of the asset that was materialized, where it is about one."
    )
    skip_reason: str | None = strawberry.field(description="Why it asked for nothing, if it said so.")

    @field("Why it failed.")
    def error(self) -> ErrorInfo | None:
        """Pass it on."""
        return error_info(self.facts.reaction.error)

    @field("The run that it is about, if it is still known.")
    async def run(self, info: Info) -> LazyRun | None:
        """Load it."""
        return None if self.run_key_id is None else await info.context.loaders.run.load(self.run_key_id)

    @field("The event that it is about, where it is about an asset; null if it is no longer kept.")
    async def asset_event(self, info: Info) -> LazyAssetEvent | None:
        """Load it."""
        if self.asset_key is None:
            return None
        return await info.context.loaders.asset_event_at.load(self.facts.reaction.position)

    @field("The tick that it is recorded with.")
    async def tick(self, info: Info) -> LazyTick | None:
        """Load it."""
        return await info.context.loaders.tick.load(self.facts.tick_id)


def reaction(recorded: RecordedReaction) -> Reaction:
    """Return a reaction as the schema has it."""
    one = recorded.reaction
    return Reaction(
        facts=recorded,
        run_key_id=one.run_id,
        outcome=one.outcome,
        attempt=one.attempt,
        run_status=one.run_status,
        asset_key=None if one.asset_key is None else list(one.asset_key),
        skip_reason=one.skip_reason,
    )
