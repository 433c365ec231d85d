"""Assets: things that runs produce, and what is known of each time one was."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from vedette.graphql.connections import ASSETS, MATERIALIZATIONS, After, Connection, First
from vedette.graphql.fields import field
from vedette.graphql.nodes import Node
from vedette.graphql.runs import Run
from vedette.graphql.scalars import StreamPosition
from vedette.graphql.sensors import Sensor
from vedette.storage.pages import Page


@strawberry.type(description="A run produced an asset.")
class Materialization:
    """A run produced an asset."""

    position: StreamPosition = strawberry.field(description="Its place among all that happened to assets.")
    at: datetime = strawberry.field(description="When it was produced.")
    run: Run | None = strawberry.field(description="The run that produced it; null if it is no longer kept.")
    partition_key: str | None = strawberry.field(description="The partition that was produced.")
    metadata: JSON | None = strawberry.field(description="What the run noted about it.")


@strawberry.type(description="A thing that runs produce, such as a table or a file.")
class Asset(Node):
    """A thing that runs produce."""

    key: list[str] = strawberry.field(description="Its key, unique.")
    description: str | None = strawberry.field(description="What it is.")
    group: str | None = strawberry.field(description="Name of the group it belongs to.")
    depends_on: list["Asset"] = strawberry.field(description="The assets it is made of.")
    latest_materialization: Materialization | None = strawberry.field(description="When it was last produced.")
    sensors: list[Sensor] = strawberry.field(description="The sensors that may ask for runs of it, by name.")

    @field("Each time it was produced, the latest first.")
    def materializations(
        self,
        first: First = None,
        after: After = None,
        partition_key: Annotated[str | None, strawberry.argument(description="Only those of this partition.")] = None,
    ) -> Connection[Materialization]:
        """Show none: no run produces assets yet."""
        MATERIALIZATIONS.window(first, after)
        return MATERIALIZATIONS.connect(Page[Materialization](), lambda one: one)


@strawberry.input(description="Which assets; what is left out does not restrict.")
class AssetFilter:
    """Which assets."""

    key_prefix: list[str] | None = strawberry.field(default=None, description="Those whose keys begin with this.")
    group: str | None = strawberry.field(default=None, description="Those of this group.")


@strawberry.type
class AssetQueries:
    """Fields of Query."""

    @field("One asset; null if there is none.")
    def asset(self, key: Annotated[list[str], strawberry.argument(description="Its key.")]) -> Asset | None:
        """Find none: projects define no assets yet."""
        return None

    @field("Assets, by key. No project defines any in this version.")
    def assets(
        self,
        filter: Annotated[AssetFilter | None, strawberry.argument(description="Which assets.")] = None,  # noqa: A002
        first: First = None,
        after: After = None,
    ) -> Connection[Asset]:
        """Show none: projects define no assets yet."""
        ASSETS.window(first, after)
        return ASSETS.connect(Page[Asset](), lambda one: one)
