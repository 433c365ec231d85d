"""Relay connections over keyset pages: cursors, page sizes and their limits."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
import strawberry

from vedette.graphql.errors import BAD_CURSOR, BAD_PAGE_SIZE, RequestError
from vedette.storage.pages import Page, Window

N = TypeVar("N")
T = TypeVar("T")

DEFAULT_SIZE = 25
LARGEST_SIZE = 100

First = Annotated[int | None, strawberry.argument(description="How many from the start, 1 to 100; 25 if not said.")]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end, 1 to 100; not with `first`.")]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(description="Whether the list goes on after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor.")


def _cursor(self: Any) -> str:
    """Encode it, as it is not always asked for."""
    encoded: str = self.encode(self.key)
    return encoded


@strawberry.type(description="A thing at its place in a list.")
class Edge(Generic[N]):
    """A thing at its place in a list."""

    key: strawberry.Private[Any]
    encode: strawberry.Private[Callable[[Any], str]]
    cursor: str = strawberry.field(resolver=_cursor, description="Opaque place in the list, for `after` and `before`.")
    node: N = strawberry.field(description="The thing.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[N]):
    """One page of a list."""

    edges: list[Edge[N]] = strawberry.field(description="What is on the page, in the list's order.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")


# What a cursor may hold; bounds keep a forged one from being more than a wrong place.
_Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]
_Number = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@dataclass(frozen=True)
class Cursors:
    """The cursors of one kind of list: `name` tells them from those of other lists, `key` types what they hold."""

    name: str
    key: Any

    @cached_property
    def _decoder(self) -> "msgspec.json.Decoder[tuple[str, tuple[Any, ...]]]":
        shape: Any = tuple.__class_getitem__((str, self.key))
        return msgspec.json.Decoder(shape)

    def encode(self, key: tuple[Any, ...]) -> str:
        """Return the cursor of a key."""
        return base64.urlsafe_b64encode(msgspec.json.encode((self.name, key))).decode().rstrip("=")

    def decode(self, cursor: str) -> tuple[Any, ...]:
        """Return the key of a cursor; raises BAD_CURSOR for cursors of other lists and what is none."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            name, key = self._decoder.decode(data)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            name, key = "", ()
        if name != self.name:
            raise RequestError(
                BAD_CURSOR, f"{cursor[:80]!r} is not a cursor of this list; pass one on as you got it from pageInfo."
            )
        return key

    def window(
        self, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
    ) -> Window:
        """Return the part of the list that a field's arguments ask for; raises BAD_PAGE_SIZE and BAD_CURSOR."""
        if first is not None and last is not None:
            raise RequestError(BAD_PAGE_SIZE, "Give `first` or `last`, not both.")
        backward = last is not None or (first is None and after is None and before is not None)
        return Window(
            limit=_size(last if last is not None else first),
            after=None if after is None else self.decode(after),
            before=None if before is None else self.decode(before),
            backward=backward,
        )

    def connect(self, page: Page[T], build: Callable[[T], N]) -> Connection[N]:
        """Return a page as a connection."""
        encode, keys = self.encode, page.keys
        edges = [Edge(key=key, encode=encode, node=build(row)) for row, key in zip(page.rows, keys, strict=True)]
        info = PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=encode(keys[0]) if keys else None,
            end_cursor=encode(keys[-1]) if keys else None,
        )
        return Connection(edges=edges, page_info=info)


def _size(asked: int | None) -> int:
    if asked is None:
        return DEFAULT_SIZE
    if not 1 <= asked <= LARGEST_SIZE:
        raise RequestError(
            BAD_PAGE_SIZE, f"A page has 1 to {LARGEST_SIZE} things, not {asked}; follow pageInfo for more."
        )
    return asked


TICKS = Cursors("ticks", tuple[UUID])
RUNS = Cursors("runs", tuple[datetime, UUID])
SENSORS = {
    "NAME": Cursors("sensors", tuple[_Text, UUID]),
    "LAST_TICK": Cursors("sensors by last tick", tuple[datetime, UUID]),
    "LAG": Cursors("sensors by lag", tuple[datetime, UUID]),
}
JOBS = Cursors("jobs", tuple[_Text, UUID])
CURSOR_CHANGES = Cursors("cursor changes", tuple[_Number])
RUN_KEYS = Cursors("run keys", tuple[_Text])
RUN_REQUESTS = Cursors("run requests", tuple[_Number])
REACTIONS = Cursors("reactions", tuple[_Number])
RUN_REACTIONS = Cursors("reactions to a run", tuple[UUID, _Number])
TICK_LOGS = Cursors("tick logs", tuple[_Number])
RUN_EVENTS = Cursors("run events", tuple[_Number])
RUN_LOGS = Cursors("run logs", tuple[_Number])
PARTITIONS = Cursors("partitions", tuple[_Text])
DYNAMIC_PARTITIONS = Cursors("dynamic partitions", tuple[_Number])
DYNAMIC_DEFINITIONS = Cursors("dynamic partitions definitions", tuple[_Text])
ASSETS = Cursors("assets", tuple[_Text])
ASSET_EVENTS = Cursors("asset events", tuple[_Position])
ASSET_EVENTS_TOLD = Cursors("asset events of a run or tick", tuple[_Position])
AUDIT = Cursors("audit log", tuple[_Position])
QUEUE = Cursors("queue", tuple[_Number, _Position, UUID])
RUN_LIMITS = Cursors("run limits", tuple[_Text])
TOKENS = Cursors("tokens", tuple[datetime, UUID])
DEPRECATED_USES = Cursors("deprecated uses", tuple[_Text, _Text, _Text, _Text])
