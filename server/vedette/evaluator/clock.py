"""The database's clock, told from this process's monotonic one: due times mean the same to every evaluator."""

import time
from datetime import UTC, datetime

# A measurement this old is replaced by any other; before that, only by one that is not much less exact.
TRUSTED_SECONDS = 30.0


class DatabaseClock:
    """The offset between the database's clock and the monotonic one, known to half a round trip."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._round_trip = float("inf")
        self._measured_at = float("-inf")

    def measured(self, database: datetime, before: float, after: float) -> None:
        """Take in that the database's clock showed `database` between the monotonic times `before` and `after`."""
        round_trip = after - before
        if round_trip > 2 * self._round_trip and after - self._measured_at < TRUSTED_SECONDS:
            return
        self._offset = database.timestamp() - (before + after) / 2
        self._round_trip = round_trip
        self._measured_at = after

    def now(self) -> datetime:
        """Return what the database's clock shows now, in UTC."""
        return self.at(time.monotonic())

    def at(self, monotonic: float) -> datetime:
        """Return what the database's clock shows at the monotonic time, in UTC."""
        return datetime.fromtimestamp(monotonic + self._offset, UTC)

    def monotonic(self, at: datetime) -> float:
        """Return the monotonic time at which the database's clock shows `at`."""
        return at.timestamp() - self._offset
