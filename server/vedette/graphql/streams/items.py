"""What a subscription tells its clients, ready to send."""

from typing import NamedTuple

import msgspec
from graphql import GraphQLError


class Item(NamedTuple):
    """One payload, as JSON, and its position in the stream (None: it has none).

    A refusal's payload is a list of errors, after which nothing follows; any other is the result of an execution.
    """

    position: int | None
    payload: str
    is_refusal: bool = False


def refusal(*errors: GraphQLError) -> Item:
    """Return the item that ends a subscription with errors."""
    return Item(None, msgspec.json.encode([error.formatted for error in errors]).decode(), is_refusal=True)
