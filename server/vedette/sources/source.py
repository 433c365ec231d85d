"""The contract of a source: what has changed since a cursor, and, where it can tell, that something has."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """Something new in a source. `key` names it and its version: the same key is the same news."""

    @property
    def key(self) -> str:
        """Return what its run key is made of: at most 1,024 bytes."""
        ...


T = TypeVar("T", bound=Item)


@dataclass(frozen=True)
class Changes(Generic[T]):
    """What is new in a source since a cursor, in order, and the cursor that goes on after it."""

    items: Sequence[T]
    cursor: str | None


class Source(ABC, Generic[T]):
    """Something outside that changes. A new kind is a class with two methods, of which the second is optional."""

    # Folders and files of which a change makes the sensor due at once, where the evaluator can see them.
    watch: tuple[str, ...] = ()

    @abstractmethod
    def changes(self, cursor: str | None) -> Changes[T] | Awaitable[Changes[T]]:
        """Return what is new since `cursor`, which an earlier call returned; None before the first.

        It only looks: the same cursor over the same source gives the same answer, as a call may be repeated after a
        crash. May be a coroutine function. What it raises fails the tick, and the next one tries again.
        """

    async def wait(self, cursor: str | None) -> None:
        """Return as soon as `changes(cursor)` may have something, also what was there before.

        It is called in a process of its own, on a loop that it must not block, and cancelled when it is not needed any
        more. A source that cannot tell leaves it out: the sensor's interval says how often it is looked at. Where it
        raises, the log says so, and it is called again after a while.
        """
        raise NotImplementedError

    @property
    def pushes(self) -> bool:
        """Tell whether the source has a `wait` of its own."""
        return type(self).wait is not Source.wait
