"""Ids as people meet them: the bare UUID in tables and arguments, the API's global id on the way to it."""

import base64
import binascii
from uuid import UUID


def global_id(kind: str, text: str) -> str:
    """Return the global id of the `kind` with the UUID `text`; what is no UUID is taken for a global id already."""
    try:
        key = UUID(text)
    except ValueError:
        return text
    return base64.urlsafe_b64encode(f"{kind}:{key}".encode()).decode().rstrip("=")


def short_id(text: str) -> str:
    """Return the UUID of a global id, or `text` as it is where there is none in it: a table should not fail for it."""
    try:
        _, _, key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        return str(UUID(key))
    except (binascii.Error, ValueError):
        return text
