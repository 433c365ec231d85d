"""The cursor of a sensor that reacts to events: how far in their stream it has come, and what it comes back to.

Events of one key (a run's job, an asset) are handled one after another. One that failed is tried again later; until it
is handled or given up the rest of its key waits behind it, and the other keys go on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

# So many keys wait at most: beyond, what fails is given up at once. A cursor is read and written whole.
MOST_HELD = 1000


class Hold(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A key whose events from `position` on are not handled; its first has failed `attempts` times.

    It is not tried before `retry_at`; None: at once.
    """

    position: int
    attempts: int = 0
    retry_at: datetime | None = None


class EventPosition(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Every event up to `position` is handled, but for those that are `held`, by key."""

    position: int
    held: dict[str, Hold] = {}

    @property
    def text(self) -> str:
        """Return it as a cursor."""
        return msgspec.json.encode(self).decode()

    @property
    def first(self) -> int:
        """Return the position behind which everything that is not handled lies."""
        return min([self.position, *(hold.position - 1 for hold in self.held.values())])

    def due_within(self, now: datetime) -> float | None:
        """Return how many seconds after `now` something that is held is to be tried; None where nothing is held."""
        waits = [
            0.0 if hold.retry_at is None else max(0.0, (hold.retry_at - now).total_seconds())
            for hold in self.held.values()
        ]
        return min(waits, default=None)

    def moved_to(self, position: int) -> "EventPosition":
        """Return it with everything up to `position` handled that is not held."""
        return EventPosition(max(self.position, position), self.held)

    def without(self, key: str) -> "EventPosition":
        """Return it with nothing held of `key`."""
        return EventPosition(self.position, {other: hold for other, hold in self.held.items() if other != key})

    def holding(self, key: str, hold: Hold) -> "EventPosition":
        """Return it with the events of `key` held from `hold` on."""
        return EventPosition(self.position, {**self.held, key: hold})

    def passed(self, key: str, position: int) -> "EventPosition":
        """Return it with the next event of `key`, the one at `position`, handled."""
        held = self.holding(key, Hold(position + 1)) if key in self.held else self
        return held.moved_to(position)

    def failed(self, key: str, position: int, attempts: int, now: datetime, seconds: float) -> "EventPosition":
        """Return it with `key` held from the event at `position` on, to be tried again after `seconds`."""
        return self.holding(key, Hold(position, attempts, now + timedelta(seconds=seconds))).moved_to(position)

    def can_hold(self, key: str) -> bool:
        """Tell whether there is room to hold `key`."""
        return key in self.held or len(self.held) < MOST_HELD


_decoder = msgspec.json.Decoder(EventPosition)


def parsed_position(cursor: str | None) -> EventPosition | None:
    """Return a cursor as the position that it is; None where it is none."""
    if cursor is None:
        return None
    try:
        position = _decoder.decode(cursor)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    holds: Mapping[str, Hold] = position.held
    if position.position < 0 or any(hold.position < 1 for hold in holds.values()):
        return None
    return position
