"""Ticks over time: how many of each kind began in each part of a span, for spans of more ticks than one can look at."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.domain.ids import first_id

# Quiet skips are folded into a tick for as long as this.
LONGEST_FOLD = timedelta(days=1)


class Span(NamedTuple):
    """From `since` (inclusive) to `until` (exclusive), in parts of `width` that begin at `since`."""

    since: datetime
    until: datetime
    width: timedelta

    @property
    def parts(self) -> int:
        """How many parts there are; the last may be shorter."""
        return math.ceil((self.until - self.since) / self.width)


class TickBucket(NamedTuple):
    """How many ticks began from `started_at` on, for one width; `launched`: the runs that these launched."""

    started_at: datetime
    started: int
    skipped: int
    success: int
    failure: int
    launched: int


# Each tick counts where it began. The repeats of a folded one are taken to be spread evenly from it to the last; one
# that began before the span may reach into it, and is then the latest SKIPPED one before.
_COUNT = text(
    """
    WITH began AS (
        SELECT sensor_id, status, started_at, last_repeat_at, repeats, launched_count, 1 AS times
        FROM ticks WHERE sensor_id = ANY(:ids) AND id >= :since_id AND id < :until_id
        UNION ALL
        SELECT earlier.sensor_id, earlier.status, earlier.started_at, earlier.last_repeat_at, earlier.repeats, 0, 0
        FROM unnest(CAST(:ids AS uuid[])) AS asked(sensor_id), LATERAL (
            SELECT * FROM ticks
            WHERE ticks.sensor_id = asked.sensor_id AND ticks.status = 'SKIPPED'
                AND ticks.id < :since_id AND ticks.id >= :fold_id
            ORDER BY ticks.id DESC LIMIT 1
        ) AS earlier
        WHERE earlier.last_repeat_at > :since
    ), placed AS (
        SELECT sensor_id, status, launched_count, CAST(times AS double precision) AS times,
            CAST(floor(extract(epoch FROM started_at - :since) / :width) AS integer) AS part
        FROM began WHERE times > 0
        UNION ALL
        SELECT sensor_id, status, 0, repeats
            * extract(epoch FROM least(last_repeat_at, :since + (part + 1) * make_interval(secs => :width))
                - greatest(started_at, :since + part * make_interval(secs => :width)))
            / extract(epoch FROM last_repeat_at - started_at), part
        FROM began, generate_series(
            CAST(floor(extract(epoch FROM greatest(started_at, :since) - :since) / :width) AS integer),
            CAST(floor(extract(epoch FROM least(last_repeat_at, :until) - :since) / :width) AS integer)
        ) AS part
        WHERE repeats > 0 AND last_repeat_at > started_at AND part < :parts
    )
    SELECT sensor_id, :since + part * make_interval(secs => :width),
        CAST(coalesce(sum(times) FILTER (WHERE status = 'STARTED'), 0) AS integer),
        CAST(round(coalesce(sum(times) FILTER (WHERE status = 'SKIPPED'), 0)) AS integer),
        CAST(coalesce(sum(times) FILTER (WHERE status = 'SUCCESS'), 0) AS integer),
        CAST(coalesce(sum(times) FILTER (WHERE status = 'FAILURE'), 0) AS integer),
        CAST(sum(launched_count) AS integer)
    FROM placed GROUP BY sensor_id, part HAVING sum(times) >= 0.5 ORDER BY sensor_id, part
    """
)


async def each(connection: AsyncConnection, sensor_ids: Sequence[UUID], span: Span) -> dict[UUID, list[TickBucket]]:
    """Return what is in the parts of the span by sensor, the earliest first; a part in which none began is left out."""
    values = {
        "ids": list(sensor_ids),
        "since": span.since,
        "until": span.until,
        "width": span.width.total_seconds(),
        "parts": span.parts,
        "since_id": first_id(span.since),
        "until_id": first_id(span.until),
        "fold_id": first_id(span.since - LONGEST_FOLD),
    }
    found: dict[UUID, list[TickBucket]] = {}
    for sensor_id, *bucket in await connection.execute(_COUNT, values):
        found.setdefault(sensor_id, []).append(TickBucket(*bucket))
    return found
