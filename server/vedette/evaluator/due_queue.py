"""The due queue: which sensor is due next. A heap; a sensor is in it once, at the time it was last put to."""

import heapq
from uuid import UUID

# Entries that were moved or dropped stay in the heap until they surface, or until they are the greater part of it.
LEAST_COMPACTED = 64

Entry = tuple[float, float, UUID]


class DueQueue:
    """Sensors by due time (monotonic seconds), each with the seconds that it may be late for the sake of company."""

    def __init__(self) -> None:
        # By the time at which they must begin: the due time plus the slack.
        self._heap: list[Entry] = []
        self._entries: dict[UUID, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def first_due(self) -> float | None:
        """Return when the first of the heap was due; it may have been moved since. Any thread may ask."""
        return next((entry[1] for entry in self._heap[:1]), None)

    def put(self, sensor_id: UUID, due: float, slack: float = 0.0) -> None:
        """Make the sensor due at `due`, whenever it was due before."""
        entry = (due + slack, due, sensor_id)
        if self._entries.get(sensor_id) == entry:
            return
        self._entries[sensor_id] = entry
        heapq.heappush(self._heap, entry)
        if len(self._heap) > LEAST_COMPACTED + 2 * len(self._entries):
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def drop(self, sensor_id: UUID) -> None:
        """Make the sensor due never; unknown ones are fine."""
        self._entries.pop(sensor_id, None)

    def next_begin(self) -> float | None:
        """Return when the next sensor must begin; None when none is due ever."""
        while self._heap:
            entry = self._heap[0]
            if self._entries.get(entry[2]) is entry:
                return entry[0]
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float, most: int) -> list[UUID]:
        """Take out at most `most` sensors that are due at or before `now`, those first that must begin first.

        One that is due and not of the first, as a sensor of a shorter slack comes before it, may stay until it must.
        """
        taken: list[UUID] = []
        while len(taken) < most and self.next_begin() is not None and self._heap[0][1] <= now:
            _, _, sensor_id = heapq.heappop(self._heap)
            del self._entries[sensor_id]
            taken.append(sensor_id)
        return taken
