"""Secrets that we give out: of so much chance that a plain digest keeps them as well as a slow one would."""

import hashlib
import secrets
from typing import NamedTuple

# Tells people, and programs that look for secrets where they should not be, what it is.
TOKEN = "vdt_"
SESSION = "vds_"
# Bytes of chance: 256 bits cannot be guessed, however fast one tries.
STRENGTH = 32
SHOWN = 8
# Longer than any that we give out: nothing else is worth a digest.
LONGEST = 128


class Secret(NamedTuple):
    """A new secret, shown once; its digest, which is kept; and its beginning, to tell it by."""

    text: str
    digest: bytes
    prefix: str


def new(kind: str) -> Secret:
    """Make a secret of a kind, TOKEN or SESSION."""
    text = kind + secrets.token_urlsafe(STRENGTH)
    return Secret(text, digest(text), text[: len(kind) + SHOWN])


def digest(text: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(text.encode()).digest()


def is_one(text: str, kind: str) -> bool:
    """Tell whether a text could be a secret of a kind at all."""
    return text.startswith(kind) and len(text) <= LONGEST and text.isascii()
