"""What resolvers are given: the database, the bus, who asks, and loaders that live for one operation or one item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import strawberry

from vedette.bus import Bus
from vedette.graphql.limits import Limits
from vedette.graphql.stretches import Stretch
from vedette.settings import Settings
from vedette.storage.database import Database

if TYPE_CHECKING:
    # The loaders know every type of the schema, and the types know the context.
    from vedette.graphql.loaders import Loaders

ANONYMOUS = "anonymous"


@dataclass(slots=True)
class Context:
    """The context of one operation. `actor` names who asks, in what is recorded of their doings.

    `stretch` is what a subscription covers of its stream.
    """

    database: Database
    bus: Bus
    settings: Settings
    limits: Limits
    new_loaders: Callable[[Database, Settings], Loaders]
    stretch: Stretch = field(default_factory=Stretch)
    actor: str = ANONYMOUS
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        """Begin with empty loaders."""
        self.renew()

    def renew(self) -> None:
        """Forget what was loaded: from here on everything is read anew."""
        self.loaders = self.new_loaders(self.database, self.settings)

    def for_operation(self) -> Context:
        """Return a context of its own for one operation, of which a connection carries many."""
        return replace(self)

    def covering(self, stretch: Stretch) -> Context:
        """Return a context of its own for an execution that covers a stretch of a stream."""
        return replace(self, stretch=stretch)


Info = strawberry.Info[Context, None]
