"""The due queue: which sensor is due next. A heap; a sensor is in it once, at the time it was last put to."""

import heapq
from uuid import UUID

# Entries that were moved or dropped stay in the heap until they surface, or until they are the greater part of it.
LEAST_COMPACTED = 64


class DueQueue:
    """Sensors by due time (monotonic seconds)."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, UUID]] = []
        self._due: dict[UUID, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def put(self, sensor_id: UUID, due: float) -> None:
        """Make the sensor due at `due`, whenever it was due before."""
        if self._due.get(sensor_id) == due:
            return
        self._due[sensor_id] = due
        heapq.heappush(self._heap, (due, sensor_id))
        if len(self._heap) > LEAST_COMPACTED + 2 * len(self._due):
            self._heap = [(due, sensor_id) for sensor_id, due in self._due.items()]
            heapq.heapify(self._heap)

    def drop(self, sensor_id: UUID) -> None:
        """Make the sensor due never; unknown ones are fine."""
        self._due.pop(sensor_id, None)

    def next_due(self) -> float | None:
        """Return when the next sensor is due; None when none is."""
        while self._heap:
            due, sensor_id = self._heap[0]
            if self._due.get(sensor_id) == due:
                return due
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> list[UUID]:
        """Take out the sensors due at or before `now`, the longest due first."""
        taken = []
        while (due := self.next_due()) is not None and due <= now:
            _, sensor_id = heapq.heappop(self._heap)
            del self._due[sensor_id]
            taken.append(sensor_id)
        return taken
