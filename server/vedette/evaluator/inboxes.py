"""Inboxes: of each sensor that reacts to events, what waits for it, known in memory. Truth is its cursor.

A change is looked at once and put into the inboxes that it concerns; what an inbox has no room for, and what was there
before it was opened, is read from the stream again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from vedette.domain.assets import AssetEventKind, AssetEventRecord, escaped
from vedette.domain.catalog import AssetMonitor, Monitor, RunMonitor
from vedette.domain.positions import EventPosition
from vedette.storage.runs.run_happenings import RunHappening
from vedette.storage.sensors.due import DueSensor

# Changes that an inbox has in memory, of all keys and behind one that is held.
MOST_WAITING = 5000
MOST_BEHIND = 1000
# Events of one evaluation; what it has not come to after a moment waits for the next.
MOST_EVENTS = 100
# What is due by the database's clock may be due by our estimate of it a little later.
CLOCKS_APART = timedelta(seconds=0.05)


Change = RunHappening | AssetEventRecord


class Waiting(NamedTuple):
    """A change that waits; `attempt` counts the tries, this one included."""

    key: str
    attempt: int
    change: Change


class Batch(NamedTuple):
    """What one evaluation is to handle, from the cursor `start` on.

    `end` is the position once all is handled; of the keys in `drained`, everything that is held is in it.
    """

    start: EventPosition
    waiting: Sequence[Waiting]
    end: int
    drained: frozenset[str]
    attempts: int


def monitor_of(sensor: DueSensor) -> Monitor:
    """Return what a sensor that reacts to events watches."""
    monitor = sensor.spec.monitors
    assert monitor is not None
    return monitor


class Inbox:
    """What waits for one sensor, whose cursor is `position`; changes up to `scanned` were looked at."""

    def __init__(self, position: EventPosition, sensor: DueSensor) -> None:
        """Begin behind all that may wait; nothing is known yet."""
        self.position = position
        self.scanned = position.first
        self._monitor = monitor_of(sensor)
        self._own_location = sensor.code_location
        self._new: deque[tuple[str, Change]] = deque()
        self._held: dict[str, deque[Change]] = {}
        # Keys of which more is held than is known here.
        self._cut: set[str] = set()

    def watches(self, sensor: DueSensor) -> bool:
        """Tell whether the sensor still watches what it did when the inbox was opened."""
        return monitor_of(sensor) == self._monitor

    @property
    def is_full(self) -> bool:
        """Tell whether nothing more is to be looked at for now."""
        return len(self._new) >= MOST_WAITING

    def take_in(self, changes: Iterable[Change], scanned: int) -> bool:
        """Look at changes, all that there are up to `scanned`; tell whether something that concerns it came."""
        found = False
        for change in changes:
            if change.position <= self.scanned:
                continue
            if self.is_full:
                return True
            if (key := self._key(change)) is not None:
                self._put(key, change)
                found = True
            self.scanned = change.position
        self.scanned = max(self.scanned, scanned)
        return found

    def _key(self, change: Change) -> str | None:
        """Return what orders a change with others of its kind; None where it does not concern the sensor."""
        monitor = self._monitor
        if isinstance(change, AssetEventRecord):
            made = change.event.kind is AssetEventKind.MATERIALIZATION
            concerns = made and isinstance(monitor, AssetMonitor) and change.event.key in monitor.keys
            return escaped(change.event.key) if concerns else None
        if not isinstance(monitor, RunMonitor) or change.status is not monitor.status:
            return None
        if change.code_location is None or change.job_name is None:
            return None
        if not monitor.concerns(self._own_location, change.code_location, change.job_name):
            return None
        return f"{change.code_location}/{change.job_name}"

    def _put(self, key: str, change: Change) -> None:
        if change.position > self.position.position:
            self._new.append((key, change))
            return
        hold = self.position.held.get(key)
        if hold is None or change.position < hold.position or key in self._cut:
            return
        behind = self._held.setdefault(key, deque())
        if len(behind) < MOST_BEHIND:
            behind.append(change)
        else:
            self._cut.add(key)

    def move(self, position: EventPosition) -> bool:
        """Take in what the cursor has become; False where it leads to what is not known here: open another inbox."""
        old = self.position
        if position == old:
            return True
        if not old.position <= position.position <= self.scanned or not _follows(old, position):
            return False
        self.position = position
        cut, self._cut = self._cut, set()
        held, self._held = self._held, {}
        for key, changes in held.items():
            for change in changes:
                self._put(key, change)
        self._cut = cut & position.held.keys()
        new, self._new = self._new, deque()
        for key, change in new:
            self._put(key, change)
        # What lies behind those that are known of such a key is not known.
        return all(self._held.get(key) for key in cut)

    def has_work(self, now: datetime) -> bool:
        """Tell whether something can be handled now, or the cursor is to be moved past what is held."""
        if self.is_full or any(key not in self.position.held for key, _ in self._new):
            return True
        return any(self._is_ready(key, now) for key, behind in self._held.items() if behind)

    def batch(self, now: datetime, most: int = MOST_EVENTS) -> Batch:
        """Return what is to be handled next, at most so many: what is held and ready first, then what is new."""
        start = self.position
        waiting: list[Waiting] = []
        drained: set[str] = set()
        for key, hold in self.position.held.items():
            behind = self._held.get(key, ())
            if not behind and self.scanned >= start.position:
                start = start.without(key)
            elif self._is_ready(key, now):
                taken = list(behind)[: most - len(waiting)]
                waiting += [Waiting(key, 1 if place else hold.attempts + 1, one) for place, one in enumerate(taken)]
                if len(taken) == len(behind) and key not in self._cut:
                    drained.add(key)
        free = [(key, change) for key, change in self._new if key not in start.held or key in drained]
        new = free[: most - len(waiting)]
        waiting += [Waiting(key, 1, change) for key, change in new]
        end = self.scanned if len(new) == len(free) else new[-1][1].position if new else start.position
        return Batch(start, waiting, max(end, start.position), frozenset(drained), self._monitor.attempts)

    def _is_ready(self, key: str, now: datetime) -> bool:
        retry_at = self.position.held[key].retry_at
        return retry_at is None or retry_at <= now + CLOCKS_APART


def _follows(old: EventPosition, position: EventPosition) -> bool:
    """Tell whether nothing is held of `position` that lies before what was held, or not handled, of `old`."""
    return all(
        hold.position > old.position or (key in old.held and hold.position >= old.held[key].position)
        for key, hold in position.held.items()
    )
