"""What the clients found: how often each thing happened to them, and what should not have."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

# What is kept of them; how many there were is counted.
MOST_KEPT = 20


@dataclass
class Found:
    """What all clients found together; `items` are the changes of ticks that they received."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    faulty: int = 0
    items: int = 0

    def fault(self, text: str) -> None:
        """Note what should not have happened."""
        self.faulty += 1
        if len(self.faults) < MOST_KEPT:
            self.faults.append(text[:500])


@dataclass
class Tape:
    """What one client received of the stream of ticks, over all of its connections: each change once, in order."""

    name: str
    found: Found
    last: int | None = None

    @property
    def after(self) -> str | None:
        """Return where to go on; None: from now on."""
        return None if self.last is None else str(self.last)

    def take(self, payload: Any) -> None:
        """Take an item in."""
        position = int(payload["data"]["ticks"]["position"])
        if self.last is not None and position != self.last + 1:
            self.found.fault(f"{self.name}: position {position} came after {self.last}")
        self.last = position
        self.found.items += 1
