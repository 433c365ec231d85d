"""Sources that can only be listed: what was seen of the list is the cursor."""

import base64
import hashlib
from abc import abstractmethod
from collections.abc import Iterable
from typing import TypeVar

from vedette.sources.source import Changes, Item, Source

T = TypeVar("T", bound=Item)

# Of 10,000 keys, two have the same digest once in 400 thousand million times.
DIGEST_BYTES = 8
DEFAULT_LIMIT = 1000


def seen_in(cursor: str | None) -> set[bytes]:
    """Return the digests of the keys that a cursor holds."""
    data = base64.b85decode(cursor or "")
    return {data[start : start + DIGEST_BYTES] for start in range(0, len(data), DIGEST_BYTES)}


def cursor_of(seen: Iterable[bytes]) -> str:
    """Return the cursor that holds these digests: 10 characters each, the same for the same ones."""
    return base64.b85encode(b"".join(sorted(seen))).decode()


def digest(key: str) -> bytes:
    """Return the digest of a key."""
    return hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()


class Listing(Source[T]):
    """A source whose cursor is what of it has been seen and is still there: for lists of up to some ten thousands.

    What goes is forgotten, so the cursor is as long as the list: 10 bytes each. What is new comes in the list's order,
    at most `limit` at a time.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Take how many new items one tick may have."""
        self._limit = limit

    @abstractmethod
    def entries(self) -> Iterable[T]:
        """Return all that is there now, in order; each with a key that changes with its version."""

    def changes(self, cursor: str | None) -> Changes[T]:
        """Return what is there that has not been seen."""
        return self.difference(self.entries(), cursor)

    def difference(self, entries: Iterable[T], cursor: str | None) -> Changes[T]:
        """Return which of `entries` have not been seen, and the cursor that goes on after them."""
        seen = seen_in(cursor)
        now: set[bytes] = set()
        new: list[T] = []
        for entry in entries:
            known = digest(entry.key)
            if known in seen:
                now.add(known)
            elif known not in now and len(new) < self._limit:
                now.add(known)
                new.append(entry)
        return Changes(new, cursor_of(now))
