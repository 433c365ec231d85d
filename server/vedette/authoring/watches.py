"""What a sensor watches: folders and files, and what can be waited for; a change makes it due at once."""

import inspect
import os
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from vedette.authoring.text import shown


@runtime_checkable
class Waits(Protocol):
    """Something outside that can tell when it may have changed."""

    async def wait(self, cursor: str | None) -> None:
        """Return as soon as there may be something new since `cursor`, also what was there before."""


OneWatch = str | os.PathLike[str] | Waits
Watch = OneWatch | Iterable[OneWatch]


def watched(watch: Any) -> tuple[tuple[str, ...], Waits | None]:
    """Return the paths, and what is to be waited for; raises ValueError, a whole sentence, for anything else.

    A source says by itself which folders it is in (`watch`), and whether it can be waited for (`pushes`).
    """
    if watch is None:
        return (), None
    one = isinstance(watch, str | os.PathLike) or _can_tell(watch)
    if not one and (isinstance(watch, bytes) or not isinstance(watch, Iterable)):
        raise ValueError(
            "it is a folder, a file, something with `async def wait(self, cursor)`, or a list of them, not"
            f" {shown(watch)}."
        )
    given = [watch] if one else list(watch)
    waits = [each for each in given if _waits(each)]
    if len(waits) > 1:
        raise ValueError("it holds several things to wait for; one is the most.")
    paths = [path for each in given for path in _paths(each)]
    return tuple(dict.fromkeys(paths)), waits[0] if waits else None


def _can_tell(one: object) -> bool:
    return _waits(one) or bool(getattr(one, "watch", ()))


def _waits(one: object) -> bool:
    if isinstance(one, str | os.PathLike) or not getattr(one, "pushes", True):
        return False
    return inspect.iscoroutinefunction(getattr(one, "wait", None))


def _paths(one: Any) -> list[str]:
    if isinstance(one, str | os.PathLike) or not _can_tell(one):
        return [_path(one)]
    return [_path(path) for path in getattr(one, "watch", ())]


def _path(path: object) -> str:
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"{shown(path)} is no path of a folder or file.")
    return name
