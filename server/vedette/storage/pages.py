"""Keyset pages: a part of an ordered list, and the same part of the lists of many parents, in one statement each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    Text,
    column,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import LateralFromClause

T = TypeVar("T")

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list: `limit` rows after one key or before another; `backward` counts from the end."""

    limit: int
    after: Key | None = None
    before: Key | None = None
    backward: bool = False


@dataclass(slots=True)
class Page(Generic[T]):
    """Rows in the list's order, the key of each, and whether the list goes on in either direction."""

    rows: list[T] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list: what is selected, the unique keys that order it, how a row becomes a value, and whose list it is.

    `parent` names the columns that say to which parent a row belongs; empty where there are no parents.
    """

    select: Select[Any]
    keys: tuple[ColumnElement[Any], ...]
    build: Callable[[Row[Any]], T]
    descending: bool = False
    parent: tuple[ColumnElement[Any], ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The condition that a column has one of `values`, each with an index or partitions in the list's order."""

    column: ColumnElement[Any]
    values: Sequence[str]


async def read(
    connection: AsyncConnection,
    listing: Listing[T],
    window: Window,
    conditions: Sequence[ColumnElement[bool]] = (),
    any_of: AnyOf | None = None,
    of: Select[Any] | None = None,
) -> Page[T]:
    """Return one part of a list, in one statement; with `of`, which selects parents, of their lists taken together."""
    if of is None:
        statement = _merged(listing, window, conditions, any_of)
    else:
        parents = of.subquery("parents")
        belongs = [by == parent for by, parent in zip(listing.parent, parents.c, strict=True)]
        inner = _lateral(listing, window, [*conditions, *belongs], any_of, parents)
        order = _ordered(_keys(listing, inner), descending=listing.descending is not window.backward)
        statement = select(inner).select_from(parents.join(inner, true())).order_by(*order).limit(window.limit + 1)
    return _page(listing, window, (await connection.execute(statement)).all())


async def read_each(
    connection: AsyncConnection,
    listing: Listing[T],
    parents: Sequence[Key],
    window: Window,
    conditions: Sequence[ColumnElement[bool]] = (),
    any_of: AnyOf | None = None,
) -> list[Page[T]]:
    """Return the same part of the list of each parent, in the order of `parents`, in one statement."""
    arrays = [literal([parent[index] for parent in parents], ARRAY(by.type)) for index, by in enumerate(listing.parent)]
    names = [column(f"parent_{index}", by.type) for index, by in enumerate(listing.parent)]
    of = func.unnest(*arrays).table_valued(*names, with_ordinality="parent_ordinal").render_derived(name="parents")
    belongs = [by == of.c[f"parent_{index}"] for index, by in enumerate(listing.parent)]
    inner = _lateral(listing, window, [*conditions, *belongs], any_of, of)
    order = _ordered(_keys(listing, inner), descending=listing.descending is not window.backward)
    statement = (
        select(of.c.parent_ordinal, *inner.c).select_from(of.join(inner, true())).order_by(of.c.parent_ordinal, *order)
    )
    groups: list[list[Row[Any]]] = [[] for _ in parents]
    for row in (await connection.execute(statement)).all():
        groups[row.parent_ordinal - 1].append(row)
    return [_page(listing, window, rows) for rows in groups]


def _window(listing: Listing[T], window: Window, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    keys = [key.label(f"key_{index}") for index, key in enumerate(listing.keys)]
    statement = listing.select.add_columns(*keys).where(*conditions)
    if window.after is not None:
        statement = statement.where(_beyond(listing, window.after, descending=listing.descending))
    if window.before is not None:
        statement = statement.where(_beyond(listing, window.before, descending=not listing.descending))
    order = _ordered(listing.keys, descending=listing.descending is not window.backward)
    # One row more than asked for tells whether the list goes on.
    return statement.order_by(*order).limit(window.limit + 1)


def _merged(
    listing: Listing[T],
    window: Window,
    conditions: Sequence[ColumnElement[bool]],
    any_of: AnyOf | None,
    of: FromClause | None = None,
) -> Select[Any]:
    """Take as many rows of each value as are asked for, each along the index, and of these the first.

    By `column = ANY(values)` the whole list would be walked in its order until enough rows are found: all of it, for
    values that no row has. The values stand in the statement, for Postgres to know how rare they are, and which
    partitions they are in. `of` is what the conditions refer to from outside.
    """
    each: list[list[ColumnElement[bool]]] = [[]]
    if any_of is not None:
        each = [[any_of.column == literal(value, Text, literal_execute=True)] for value in any_of.values] or [[false()]]
    windows = [_window(listing, window, [*conditions, *one]) for one in each]
    if of is not None:
        windows = [one.correlate(of) for one in windows]
    if len(windows) == 1:
        return windows[0]
    parts = [one.subquery() if of is None else one.lateral() for one in windows]
    merged = union_all(*(select(part) for part in parts)).subquery()
    order = _ordered(_keys(listing, merged), descending=listing.descending is not window.backward)
    return select(merged).order_by(*order).limit(window.limit + 1)


def _lateral(
    listing: Listing[T],
    window: Window,
    conditions: Sequence[ColumnElement[bool]],
    any_of: AnyOf | None,
    of: FromClause,
) -> LateralFromClause:
    return _merged(listing, window, conditions, any_of, of).lateral("page")


def _keys(listing: Listing[T], of: FromClause) -> list[ColumnElement[Any]]:
    return [of.c[f"key_{index}"] for index in range(len(listing.keys))]


def _ordered(keys: Sequence[ColumnElement[Any]], *, descending: bool) -> list[ColumnElement[Any]]:
    return [key.desc() if descending else key.asc() for key in keys]


def _beyond(listing: Listing[T], key: Key, *, descending: bool) -> ColumnElement[bool]:
    here = tuple_(*listing.keys)
    there = tuple_(*(literal(value, by.type) for value, by in zip(key, listing.keys, strict=True)))
    return here < there if descending else here > there


def _page(listing: Listing[T], window: Window, rows: Sequence[Row[Any]]) -> Page[T]:
    more = len(rows) > window.limit
    kept = list(rows[: window.limit])
    if window.backward:
        kept.reverse()
    width = len(listing.keys)
    return Page(
        rows=[listing.build(row) for row in kept],
        keys=[tuple(row[-width:]) for row in kept],
        has_next=window.before is not None or (more and not window.backward),
        has_previous=window.after is not None or (more and window.backward),
    )
