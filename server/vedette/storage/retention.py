"""How retention fares, told in one row: who may work on it now, when it succeeded last, and what it has dropped."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# So many passes may be missed before anybody is told.
PERIODS_MISSED = 6


class Work(NamedTuple):
    """What one pass did: partitions made and dropped, and about how many rows these had."""

    made: int = 0
    dropped: int = 0
    rows: int = 0


class RetentionState(NamedTuple):
    """How retention fares; `failures` are those since it last succeeded, the totals those of the database's life."""

    succeeded_at: datetime
    seconds_since: float
    failures: int
    error: str | None
    partitions_made: int
    partitions_dropped: int
    rows_dropped: int


# A claim lasts as long as a pass may take: if its process dies, another follows.
_CLAIM = text(
    "UPDATE retention SET due_at = now() + CAST(:within AS interval) WHERE due_at <= now() RETURNING now() AS now"
)
_SUCCEEDED = text(
    """
    UPDATE retention SET due_at = now() + CAST(:pause AS interval), succeeded_at = now(), failures = 0, error = NULL,
        partitions_made = partitions_made + :made, partitions_dropped = partitions_dropped + :dropped,
        rows_dropped = rows_dropped + :rows
    """
)
_FAILED = text(
    """
    UPDATE retention SET failures = failures + 1, error = :error,
        due_at = now() + least(CAST(:pause AS interval) * power(2, least(failures, 20)), CAST(:ceiling AS interval)),
        partitions_made = partitions_made + :made, partitions_dropped = partitions_dropped + :dropped,
        rows_dropped = rows_dropped + :rows
    RETURNING failures
    """
)
_STATE = text(
    """
    SELECT succeeded_at, CAST(extract(epoch FROM now() - succeeded_at) AS double precision), failures, error,
        partitions_made, partitions_dropped, rows_dropped
    FROM retention
    """
)


async def claim(connection: AsyncConnection, within: timedelta) -> datetime | None:
    """Take the work on if it is due, for `within`; return the time, or None where another process does it or did."""
    now: datetime | None = (await connection.execute(_CLAIM, {"within": within})).scalar()
    return now


async def succeeded(connection: AsyncConnection, work: Work, pause: timedelta) -> None:
    """Record a pass that succeeded; the next is due after `pause`."""
    await connection.execute(_SUCCEEDED, {**work._asdict(), "pause": pause})


async def failed(connection: AsyncConnection, work: Work, error: str, pause: timedelta, ceiling: timedelta) -> int:
    """Record a pass that failed; the next is due after `pause`, doubled by each failure in a row up to `ceiling`."""
    values = {**work._asdict(), "error": error, "pause": pause, "ceiling": ceiling}
    return int((await connection.execute(_FAILED, values)).scalar_one())


def trouble(state: RetentionState, period_seconds: float) -> str | None:
    """Say what is wrong with retention, if it should have succeeded several times since it last did."""
    if state.seconds_since <= PERIODS_MISSED * period_seconds:
        return None
    cause = f": {state.error}" if state.error else "; no process has come to it"
    return f"History was last looked after {state.seconds_since:.0f} s ago{cause}"


async def state(connection: AsyncConnection) -> RetentionState:
    """Return how retention fares."""
    return RetentionState(*(await connection.execute(_STATE)).one())
