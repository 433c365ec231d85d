"""Keyset pages: a part of an ordered list, and the same part of the lists of many parents, in one statement each.

A statement is put together as text, from what the list is and which values it is asked by. The text of a list is the
same whatever the values are, so it is parsed once here and planned once on each connection. Postgres plans a text anew
only while that looks cheaper, so what a plan hangs on, the size of a page and the status, stands in the text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vedette.storage import direct, scopes
from vedette.storage.direct import Statement

T = TypeVar("T")

Key = tuple[Any, ...]
# What one row has, in the order of the columns selected; then what pages need to know. Asking a row by name is slow.
Values = Sequence[Any]

# There are as many as lists times filters times page sizes that are in use.
_TEXTS = 1000
# How many rows of each value a list looks through for those of a few parents.
_LOOKED_THROUGH = 1000


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


class By(NamedTuple):
    """What orders a list, or says to which parent a row belongs: its SQL, and its type in Postgres."""

    sql: str
    type: str


class Condition(NamedTuple):
    """A condition in SQL, which names its values `:name`, and these."""

    sql: str
    values: Mapping[str, Any]


def contains(column: str, part: str) -> Condition:
    """Return the condition that a text contains another, in letters of either case."""
    return Condition(f"strpos(lower({column}), lower(:{column}_part)) > 0", {f"{column}_part": part})


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list: the SQL of what is selected and from where, the unique keys that order it, how a row becomes a value.

    `parent` says to which parent a row belongs; empty where there are no parents. `around` is what follows
    `WITH page AS (the page's rows)`, where more is read with these: it puts its columns before those of the page, and
    says `{order}` where it needs their order; the last of them may be one more than the page has.
    `scope` is the condition for rows that a connection sees which is confined to code locations (see `scopes`); None:
    for all of them.
    """

    columns: str
    table: str
    keys: tuple[By, ...]
    build: Callable[[Values], T]
    descending: bool = False
    parent: tuple[By, ...] = ()
    around: str | None = None
    scope: str | None = field(kw_only=True)


class AnyOf(NamedTuple):
    """The condition that a column has one of `values`, words, each with an index or partitions in the list's order.

    `more` is the SQL of what is known besides of rows with a value, and leads to an index.
    """

    sql: str
    values: Sequence[str]
    more: Mapping[str, str] = MappingProxyType({})

    def each(self) -> list[str]:
        """Return the condition of each value."""
        known = {value: f" AND {sql}" for value, sql in self.more.items()}
        return [f"{self.sql} = '{value}'{known.get(value, '')}" for value in self.values]


@lru_cache(_TEXTS)
def statement(sql: str) -> TextClause:
    """Return the statement of a text, for SQLAlchemy."""
    return text(sql)


@lru_cache(_TEXTS)
def _statement(sql: str) -> Statement:
    return Statement(sql)


async def _rows(connection: AsyncConnection, sql: str, values: Mapping[str, Any]) -> list[Values]:
    # The driver's rows are sequences in all but their type.
    return cast("list[Values]", await direct.fetch(connection, _statement(sql), values))


async def read(
    connection: AsyncConnection,
    listing: Listing[T],
    window: Window,
    conditions: Sequence[Condition] = (),
    any_of: AnyOf | None = None,
    of: Condition | None = None,
) -> Page[T]:
    """Return one part of a list, in one statement; with `of`, which selects parents, of their lists taken together.

    `of` names the columns of a parent `parent_0`, `parent_1` …
    """
    conditions = _in_scope(connection, listing, conditions)
    wanted = [each.sql for each in conditions]
    values = _values(conditions, window)
    if of is None:
        sql = _with_more(listing, window, _merged(listing, window, wanted, any_of))
    else:
        inner = _merged(listing, window, [*wanted, *_belonging(listing)], any_of)
        order = _order(_placed(listing), backwards=_is_backwards(listing, window))
        sql = (
            f"SELECT page.* FROM ({of.sql}) AS parents CROSS JOIN LATERAL ({inner}) AS page "
            f"ORDER BY {order} LIMIT {window.limit + 1}"
        )
        values |= of.values
    return _page(listing, window, await _rows(connection, sql, values))


async def read_each(
    connection: AsyncConnection,
    listing: Listing[T],
    parents: Sequence[Key],
    window: Window,
    conditions: Sequence[Condition] = (),
    any_of: AnyOf | None = None,
) -> list[Page[T]]:
    """Return the same part of the list of each parent, in the order of `parents`, in one statement."""
    conditions = _in_scope(connection, listing, conditions)
    inner = _merged(listing, window, [*(each.sql for each in conditions), *_belonging(listing)], any_of)
    arrays = ", ".join(f"CAST(:parents_{index} AS {by.type}[])" for index, by in enumerate(listing.parent))
    names = ", ".join(f"parent_{index}" for index in range(len(listing.parent)))
    order = _order(_placed(listing), backwards=_is_backwards(listing, window))
    sql = (
        f"SELECT page.*, ordinal FROM unnest({arrays}) WITH ORDINALITY AS parents({names}, ordinal) "
        f"CROSS JOIN LATERAL ({inner}) AS page ORDER BY ordinal, {order}"
    )
    values = _values(conditions, window)
    values |= {f"parents_{index}": [parent[index] for parent in parents] for index in range(len(listing.parent))}
    groups: list[list[Values]] = [[] for _ in parents]
    for row in await _rows(connection, sql, values):
        groups[row[-1] - 1].append(row[:-1])
    return [_page(listing, window, rows) for rows in groups]


async def read_scattered(
    connection: AsyncConnection,
    listing: Listing[T],
    window: Window,
    conditions: Sequence[Condition],
    any_of: AnyOf | None,
    of: Condition,
) -> Page[T]:
    """Return one part of the lists of the parents that `of` selects, taken together, in one statement.

    These may be most of all rows or very few, and no index tells. So the next rows of all are looked through, so many
    of them; only where too few belong to the parents, their lists are looked into: the head of each, and as much as is
    asked for of those alone whose heads come first, as no other can have a row among the first.
    """
    wanted = [each.sql for each in conditions]
    wide = _merged(listing, replace(window, limit=_LOOKED_THROUGH), wanted, any_of)
    own = [*wanted, *_belonging(listing)]
    head, inner = (_merged(listing, each, own, any_of) for each in (replace(window, limit=0), window))
    columns = ", ".join(by.sql for by in listing.parent)
    order = _order(_placed(listing), backwards=_is_backwards(listing, window))
    sql = f"""
        WITH parents AS MATERIALIZED ({of.sql}), near AS MATERIALIZED (
            SELECT * FROM ({wide}) AS next WHERE ({columns}) IN (SELECT * FROM parents)
            ORDER BY {order} LIMIT {window.limit + 1}
        ), first AS MATERIALIZED (
            SELECT parents.* FROM parents CROSS JOIN LATERAL ({head}) AS head
            WHERE (SELECT count(*) FROM near) <= {window.limit}
            ORDER BY {order} LIMIT {window.limit + 1}
        )
        SELECT * FROM near WHERE (SELECT count(*) FROM near) > {window.limit}
        UNION ALL
        SELECT page.* FROM first CROSS JOIN LATERAL ({inner}) AS page
        ORDER BY {order} LIMIT {window.limit + 1}"""
    values = {**_values(conditions, window), **of.values}
    return _page(listing, window, await _rows(connection, sql, values))


async def select(
    connection: AsyncConnection, listing: Listing[T], conditions: Sequence[Condition], rest: str = ""
) -> list[T]:
    """Return all of a list that fulfil the conditions, ordered and limited by `rest`, if at all."""
    conditions = _in_scope(connection, listing, conditions)
    sql = f"SELECT {listing.columns} FROM {listing.table} WHERE {_all(each.sql for each in conditions)} {rest}"
    values = {name: value for each in conditions for name, value in each.values.items()}
    return [listing.build(row) for row in await _rows(connection, sql, values)]


def _in_scope(connection: AsyncConnection, listing: Listing[T], conditions: Sequence[Condition]) -> Sequence[Condition]:
    if listing.scope is None or (confined_to := scopes.confines(connection)) is None:
        return conditions
    return [*conditions, Condition(listing.scope, {"confined_to": confined_to})]


def _values(conditions: Sequence[Condition], window: Window) -> dict[str, Any]:
    values = {name: value for each in conditions for name, value in each.values.items()}
    for name, key in (("after", window.after), ("before", window.before)):
        values |= {f"{name}_{index}": value for index, value in enumerate(key or ())}
    return values


def _belonging(listing: Listing[T]) -> list[str]:
    return [f"{by.sql} = parent_{index}" for index, by in enumerate(listing.parent)]


def _window(listing: Listing[T], window: Window, conditions: Sequence[str]) -> str:
    wanted = list(conditions)
    if window.after is not None:
        wanted.append(_beyond(listing, "after", descending=listing.descending))
    if window.before is not None:
        wanted.append(_beyond(listing, "before", descending=not listing.descending))
    keys = ", ".join(f"{by.sql} AS key_{index}" for index, by in enumerate(listing.keys))
    order = _order([by.sql for by in listing.keys], backwards=_is_backwards(listing, window))
    # One row more than asked for tells whether the list goes on.
    return (
        f"SELECT {listing.columns}, {keys} FROM {listing.table} WHERE {_all(wanted)} "
        f"ORDER BY {order} LIMIT {window.limit + 1}"
    )


def _merged(listing: Listing[T], window: Window, conditions: Sequence[str], any_of: AnyOf | None) -> str:
    """Take as many rows of each value as are asked for, each along the index, and of these the first.

    By `column = ANY(values)` the whole list would be walked in its order until enough rows are found: all of it, for
    values that no row has. The values stand in the statement, for Postgres to know how rare they are, and which
    partitions they are in.
    """
    each = [] if any_of is None else any_of.each() or ["false"]
    if len(each) < 2:
        return _window(listing, window, [*conditions, *each])
    parts = " UNION ALL ".join(f"({_window(listing, window, [*conditions, one])})" for one in each)
    order = _order(_placed(listing), backwards=_is_backwards(listing, window))
    return f"SELECT * FROM ({parts}) AS merged ORDER BY {order} LIMIT {window.limit + 1}"


def _with_more(listing: Listing[T], window: Window, page: str) -> str:
    if listing.around is None:
        return page
    order = _order(_placed(listing), backwards=_is_backwards(listing, window))
    return f"WITH page AS MATERIALIZED ({page}) {listing.around.format(order=order)} ORDER BY {order}"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "true"


def _placed(listing: Listing[T]) -> list[str]:
    return [f"key_{index}" for index in range(len(listing.keys))]


def _is_backwards(listing: Listing[T], window: Window) -> bool:
    return listing.descending is not window.backward


def _order(keys: Sequence[str], *, backwards: bool) -> str:
    return ", ".join(f"{key} DESC" if backwards else key for key in keys)


def _beyond(listing: Listing[T], name: str, *, descending: bool) -> str:
    here = ", ".join(by.sql for by in listing.keys)
    there = ", ".join(f"CAST(:{name}_{index} AS {by.type})" for index, by in enumerate(listing.keys))
    return f"({here}) {'<' if descending else '>'} ({there})"


def _page(listing: Listing[T], window: Window, rows: Sequence[Values]) -> Page[T]:
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
