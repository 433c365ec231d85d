"""Cursors of sensors: their value, version and history."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from vedette.domain.sensors import Cursor
from vedette.graphql import ids
from vedette.graphql.context import Info
from vedette.graphql.fields import field
from vedette.graphql.nodes import Node
from vedette.graphql.plans import Attribute
from vedette.storage.sensors import cursors

if TYPE_CHECKING:
    from vedette.graphql.ticks.ticks import Tick

LazyTick = Annotated["Tick", strawberry.lazy("vedette.graphql.ticks.ticks")]


@strawberry.type(description="A person or a program.")
class Actor:
    """A person or a program."""

    name: str = strawberry.field(description="How it is called.")


CursorAuthor = Annotated[LazyTick | Actor, strawberry.union("CursorAuthor", description="Who changed a cursor.")]


@strawberry.type(description="A sensor's cursor: what its function remembers from one tick to the next.")
class SensorCursor:
    """A sensor's cursor."""

    facts: strawberry.Private[Cursor]
    value: str | None = strawberry.field(
        resolver=Attribute("facts.value"), description="What it holds; null while it was never set or was cleared."
    )
    version: int = strawberry.field(
        resolver=Attribute("facts.version"),
        description="How often it was changed; name it to change exactly this version.",
    )
    updated_at: datetime | None = strawberry.field(
        resolver=Attribute("facts.updated_at"), description="When it was last changed."
    )

    @field("Who last changed it.")
    async def updated_by(self, info: Info) -> CursorAuthor | None:
        """Load the tick, or name the actor."""
        return None if self.facts.version == 0 else await author(info, self.facts.tick_id, self.facts.actor)


@strawberry.type(description="One change of a sensor's cursor.")
class CursorChange(Node):
    """One change of a sensor's cursor."""

    tick_key: strawberry.Private[UUID | None]
    actor: strawberry.Private[str | None]
    version: int = strawberry.field(description="The version that it made.")
    value: str | None = strawberry.field(description="What the cursor held from then on; null if it was cleared.")
    at: datetime = strawberry.field(description="When it was made.")

    @field("Who made it.")
    async def by(self, info: Info) -> CursorAuthor:
        """Load the tick, or name the actor."""
        return await author(info, self.tick_key, self.actor)


async def author(info: Info, tick_id: UUID | None, actor: str | None) -> "Tick | Actor":
    """Return who changed a cursor; a tick that is gone is named as such."""
    tick = None if tick_id is None else await info.context.loaders.tick.load(tick_id)
    return tick or Actor(name=actor or "a tick that is no longer kept")


def cursor_change(change: cursors.CursorChange) -> CursorChange:
    """Return a change of a cursor as the schema has it."""
    return CursorChange(
        id=ids.encode("CursorChange", f"{change.sensor_id}:{change.version}"),
        tick_key=change.tick_id,
        actor=change.actor,
        version=change.version,
        value=change.value,
        at=change.at,
    )
