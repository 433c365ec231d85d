"""What a subscription tells its clients, ready to send."""

import time
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from graphql import GraphQLError

from vedette.graphql.errors import count_errors
from vedette.telemetry import metrics


class Item(NamedTuple):
    """One payload, as JSON, and its position in the stream (None: it has none).

    A refusal's payload is a list of errors, after which nothing follows; any other is the result of an execution.
    `committed_at` is the monotonic time at which what it tells was committed, or a little earlier; None where nobody
    waited for it, or nothing tells.
    """

    position: int | None
    payload: str
    is_refusal: bool = False
    committed_at: float | None = None


def refusal(*errors: GraphQLError) -> Item:
    """Return the item that ends a subscription with errors."""
    count_errors(errors)
    return Item(None, msgspec.json.encode([error.formatted for error in errors]).decode(), is_refusal=True)


def delivered(items: Iterable[Item]) -> None:
    """Measure how late items are, which a subscriber's socket has now."""
    now = time.monotonic()
    for item in items:
        if item.committed_at is not None:
            metrics.API_LAG.note(now - item.committed_at)
