"""What was used last, as far as there is room for it."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Kept(NamedTuple):
    value: Any
    size: int
    held: object


class Latest(Generic[T]):
    """Values by key, in place of whose that were not used for longest: at most so many, of so large a size together.

    The one that was kept last is there in any case, however large.
    """

    def __init__(self, most: int, most_size: int) -> None:
        self._most, self._most_size = most, most_size
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> T | None:
        """Return the value of a key; None if there is none."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        value: T = found.value
        return value

    def keep(self, key: Hashable, value: T, size: int, held: object = None) -> None:
        """Keep a value, and `held` with it: objects whose identities are the key, and must not be used again."""
        if (before := self._kept.pop(key, None)) is not None:
            self._size -= before.size
        self._kept[key] = _Kept(value, size, held)
        self._size += size
        while len(self._kept) > self._most or (self._size > self._most_size and len(self._kept) > 1):
            _, gone = self._kept.popitem(last=False)
            self._size -= gone.size
