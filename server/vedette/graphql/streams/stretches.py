"""Which part of a stream an execution covers, and how far it has come: what joins a subscription's executions."""

import asyncio
from dataclasses import dataclass, field

# Where an execution begins that is told nothing else.
NOW = -1


@dataclass(eq=False)
class Stretch:
    """What comes after `after` (None: the operation's own argument says; NOW: the end), up to `until` (None: for ever).

    `begun_at` is set with `begun`, and stays None where an execution ended before it began. `at` is the position of the
    last item that was yielded, `committed_at` when it was committed (see Item); `reached` is the last that needs no
    further look, item or not. `is_open` tells that more items are at hand already. `whole` tells that a client which
    gives no position wants the stream from its beginning; `standing`, that items have no positions: they tell how
    things stand, and all of them at its beginning. `once`: tell that, and end.
    """

    after: int | None = None
    until: int | None = None
    begun_at: int | None = None
    at: int | None = None
    reached: int | None = None
    is_open: bool = False
    committed_at: float | None = None
    whole: bool = False
    standing: bool = False
    once: bool = False
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self, position: int) -> None:
        """Note where it begins."""
        self.begun_at = self.reached = position
        self.begun.set()

    def pass_by(self, position: int | None, *, is_open: bool, committed_at: float | None = None) -> None:
        """Note the position of the item that is yielded next (None: it has none), and when it was committed."""
        self.at, self.is_open, self.committed_at = position, is_open, committed_at

    def is_over(self) -> bool:
        """Tell whether all was covered."""
        return self.until is not None and self.reached is not None and self.reached >= self.until
