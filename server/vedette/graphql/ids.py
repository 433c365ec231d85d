"""Global ids: opaque to clients, one spelling for one thing; an id opens only what it names."""

import base64
import binascii
from functools import lru_cache
from typing import NoReturn
from uuid import UUID

from strawberry import ID

from vedette.graphql.errors import BAD_ID, RequestError

# The key of nothing.
NOTHING = UUID(int=0)


class HiddenId(str):
    """The id of what is hidden from whoever gives it: it reads as it was given, and names nothing."""


def encode(kind: str, key: UUID | str) -> ID:
    """Return the id of the thing of type `kind` whose key is `key`."""
    return _of_uuid(kind, key) if isinstance(key, UUID) else _encoded(kind, key)


# The same things are shown again and again. What clients send is not kept.
@lru_cache(10_000)
def _of_uuid(kind: str, key: UUID) -> ID:
    return _encoded(kind, key)


def _encoded(kind: str, key: UUID | str) -> ID:
    return ID(base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("="))


def decode(value: str) -> tuple[str, str]:
    """Return the type and the key that an id names; raises BAD_ID for what is none."""
    try:
        kind, colon, key = (
            base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True).decode().partition(":")
        )
    except (binascii.Error, ValueError):
        refuse(value)
    if not colon or encode(kind, key) != value:
        refuse(value)
    return kind, key


def decode_uuid(kind: str, value: str) -> UUID:
    """Return the key of the `kind` that an id names; raises BAD_ID for ids of other types and for what is none."""
    named, key = decode(value)
    if named != kind:
        raise RequestError(BAD_ID, f"{value[:80]!r} is the id of a {named}; give that of a {kind}.")
    if isinstance(value, HiddenId):
        return NOTHING
    return as_uuid(key, value)


def any_uuid(value: str) -> UUID:
    """Return the key that an id of whatever type names; raises BAD_ID for what is none."""
    _, key = decode(value)
    return NOTHING if isinstance(value, HiddenId) else as_uuid(key, value)


def as_uuid(key: str, value: str) -> UUID:
    """Return `key` as UUID; raises BAD_ID, naming `value`, where it is none."""
    try:
        found = UUID(key)
    except ValueError:
        refuse(value)
    if str(found) != key:
        refuse(value)
    return found


def refuse(value: str) -> NoReturn:
    """Raise BAD_ID for `value`."""
    raise RequestError(BAD_ID, f"{value[:80]!r} is not an id; pass one on as you got it from a field `id`.")
