"""Ticks over time: how many began in each part of a span, for timelines of more ticks than one can look at."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from vedette.graphql.errors import BAD_INPUT, RequestError
from vedette.graphql.filters import moment
from vedette.storage.ticks import tick_buckets
from vedette.storage.ticks.tick_buckets import Span

# As many as a wide screen has room for.
MOST_BUCKETS = 1000
LEAST_SECONDS = 0.001

Since = Annotated[datetime, strawberry.argument(description="Where the first part begins.")]
Until = Annotated[datetime, strawberry.argument(description="Where the last part ends; ticks that began then are not.")]
Seconds = Annotated[
    float, strawberry.argument(description=f"How long a part is; there are at most {MOST_BUCKETS} of them.")
]


@strawberry.type(description="How many ticks began in a part of a span, with repeats that are folded into a tick.")
class TickBucket:
    """How many ticks began in a part of a span."""

    started_at: datetime = strawberry.field(description="Where the part begins.")
    started: int = strawberry.field(description="Those that go on.")
    skipped: int = strawberry.field(
        description="Those that asked for nothing; folded repeats are taken to be spread evenly."
    )
    success: int = strawberry.field(description="Those that asked for runs, or reacted.")
    failure: int = strawberry.field(description="Those that failed.")
    launched_count: int = strawberry.field(description="How many runs they launched.")


def span_of(since: datetime, until: datetime, seconds: float) -> Span:
    """Return the span that a client asks for. Raises BAD_INPUT for one that is none, or has too many parts."""
    since, until = moment(since), moment(until)
    if since >= until:
        raise RequestError(BAD_INPUT, "until comes after since.")
    if not LEAST_SECONDS <= seconds <= timedelta.max.total_seconds():
        raise RequestError(BAD_INPUT, f"seconds is a length of time, from {LEAST_SECONDS} on.")
    span = Span(since, until, timedelta(seconds=seconds))
    if span.parts > MOST_BUCKETS:
        least = (until - since).total_seconds() / MOST_BUCKETS
        raise RequestError(
            BAD_INPUT,
            f"The span has {span.parts} parts; at most {MOST_BUCKETS} are allowed: ask for {least:g} seconds or more.",
        )
    return span


def tick_bucket(counted: tick_buckets.TickBucket) -> TickBucket:
    """Return a part as the schema has it."""
    return TickBucket(
        started_at=counted.started_at,
        started=counted.started,
        skipped=counted.skipped,
        success=counted.success,
        failure=counted.failure,
        launched_count=counted.launched,
    )
