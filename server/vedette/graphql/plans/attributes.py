"""Fields that are attributes of what an object is made from: a plan reads them where they are, and copies nothing."""

from collections.abc import Callable
from keyword import iskeyword
from operator import attrgetter
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

_paths: WeakKeyDictionary[FunctionType, str] = WeakKeyDictionary()


def attribute(path: str) -> Callable[[Any], Any]:
    """Return a resolver that reads an attribute, or one of an attribute: `facts`, `facts.name`. Raises ValueError."""
    if not all(name.isidentifier() and not iskeyword(name) for name in path.split(".")):
        raise ValueError(f"{path!r} is no attribute.")
    found = attrgetter(path)

    def read(self: Any) -> Any:
        return found(self)

    assert isinstance(read, FunctionType)
    _paths[read] = path
    return read


def path_of(resolver: object) -> str | None:
    """Return which attribute a resolver reads; None for one that does more."""
    return _paths.get(resolver) if isinstance(resolver, FunctionType) else None
