"""Ways to places of an answer: what graphql-core's Paths tell, as tuples: many are made, and few are looked at."""

from typing import Any

from graphql.pyutils import Path

# As in a Path: the way to where it begins, a key of an answer or an index of a list, and the type of the former.
Way = tuple[Any, str | int, str | None]


def path_of(way: Way) -> Path:
    """Return what a way is to graphql-core."""
    before, key, type_name = way
    return Path(None if before is None else path_of(before), key, type_name)
