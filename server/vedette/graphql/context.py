"""What resolvers are given: the database, the bus, who asks, and loaders that live for one operation or one item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import strawberry

from vedette.access.authority import Authority, Caller
from vedette.access.quotas import Charge
from vedette.access.sealing import Sealer
from vedette.bus import Bus
from vedette.domain.audit import Attempt
from vedette.graphql.assets.asset_selections import AssetSelections
from vedette.graphql.documents.limits import Limits
from vedette.graphql.streams.passing_time import PassingTime
from vedette.graphql.streams.stretches import Stretch
from vedette.relay import Relay
from vedette.settings import Settings
from vedette.storage.database import Database

if TYPE_CHECKING:
    # The loaders know every type of the schema, and the types know the context.
    from vedette.graphql.loaders import Loaders


@dataclass(slots=True)
class Context:
    """The context of one operation. `caller` is who asks; `stretch` is what a subscription covers of its stream.

    `charge` is what it costs them. `attempt` is the mutation that goes on. `selections` is one for all operations of a
    server.
    """

    database: Database
    bus: Bus
    settings: Settings
    limits: Limits
    new_loaders: Callable[[Database, Settings], Loaders]
    passing_time: PassingTime
    relay: Relay
    stretch: Stretch = field(default_factory=Stretch)
    caller: Caller = field(default_factory=Caller)
    charge: Charge = field(default_factory=Charge)
    attempt: Attempt | None = None
    selections: AssetSelections = field(default_factory=AssetSelections)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        """Begin with empty loaders."""
        self.renew()

    @property
    def authority(self) -> Authority:
        """Return who asks."""
        return self.caller.authority

    @property
    def is_confined(self) -> bool:
        """Tell whether who asks is confined to some code locations."""
        return self.caller.authority.code_locations is not None

    @property
    def actor(self) -> str:
        """Return the name of who asks, in what is recorded of their doings."""
        return self.caller.authority.actor

    def renew(self) -> None:
        """Forget what was loaded: from here on everything is read anew."""
        self.loaders = self.new_loaders(self.database, self.settings)

    def for_operation(self) -> Context:
        """Return a context of its own for one operation, of which a connection carries many."""
        return replace(self)

    @property
    def sealer(self) -> Sealer:
        """Return what seals the secrets of run configs, and opens them."""
        return Sealer(self.settings)

    def asked_by(self, caller: Caller) -> Context:
        """Return a context of its own for what somebody asks: of the code locations alone that they are confined to."""
        confined_to = caller.authority.code_locations
        database = self.database if confined_to is None else self.database.confined(confined_to)
        return replace(self, caller=caller, database=database)

    def covering(self, stretch: Stretch) -> Context:
        """Return a context of its own for an execution that covers a stretch of a stream."""
        return replace(self, stretch=stretch)


Info = strawberry.Info[Context, None]
