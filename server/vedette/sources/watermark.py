"""Rows beyond a watermark: a column that grows, such as a time of change or a number."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from vedette.errors import InvalidResult
from vedette.sources.listing import digest
from vedette.sources.source import Changes

Mark = int | float | str | date | datetime
Overlap = int | float | timedelta


@dataclass(frozen=True)
class Row:
    """A row; `values` are its columns by name."""

    key: str
    values: Mapping[str, Any] = field(hash=False)

    def __getitem__(self, column: str) -> Any:
        """Return the value of a column."""
        return self.values[column]


class Watermark:
    """What has been seen of rows that come in the order of a column: the highest mark, and which rows are near it.

    Rows with the same mark may come at different times, and a row may come late: its transaction began before and
    committed after others. What comes late by no more than `overlap` is found, as that much is read again each time;
    what was seen of it is left out.
    """

    def __init__(self, column: str, keys: tuple[str, ...], overlap: Overlap | None, limit: int) -> None:
        """Take the column that grows, those that name a row, and how late a row may come."""
        self._column = column
        self._keys = keys
        self._overlap = overlap
        self._limit = limit

    def since(self, cursor: str | None) -> Mark | None:
        """Return from where on to read, that mark included; None for all."""
        mark = _state(cursor)[0]
        return None if mark is None else self._earlier(mark)

    def _earlier(self, mark: Mark) -> Mark:
        """Return what is as far below `mark` as a row may come late; both are times, or both are numbers."""
        above: Any = mark
        earlier: Mark = above if self._overlap is None else above - self._overlap
        return earlier

    def changes(self, rows: Iterable[Mapping[str, Any]], cursor: str | None) -> Changes[Row]:
        """Return those of `rows`, which are in the order of the column, that have not been seen."""
        mark, seen = _state(cursor)
        new: list[Row] = []
        for values in rows:
            known = self._known(values)
            if known in seen:
                continue
            if len(new) == self._limit:
                break
            seen[known] = found = self._mark(values)
            new.append(Row(self._key(values), dict(values)))
            mark = found if mark is None else _later(mark, found)
        if not new:
            return Changes((), cursor)
        assert mark is not None
        nearest: Any = self._earlier(mark)
        encoded = {known: _encoded(found) for known, found in sorted(seen.items()) if found >= nearest}
        return Changes(new, json.dumps({"mark": _encoded(mark), "seen": encoded}))

    def _mark(self, values: Mapping[str, Any]) -> Mark:
        mark = values.get(self._column)
        if isinstance(mark, datetime) and mark.tzinfo is not None:
            return mark.astimezone(UTC)
        if not isinstance(mark, int | float | str | date):
            raise InvalidResult(
                f"The watermark {self._column!r} of each row is a number, a text or a time, not {type(mark).__name__}."
            )
        return mark

    def _key(self, values: Mapping[str, Any]) -> str:
        absent = [name for name in self._keys if name not in values]
        if absent:
            raise InvalidResult(f"The query does not select {', '.join(absent)}, which is to name its rows.")
        return ":".join(str(values[name]) for name in (*self._keys, self._column))

    def _known(self, values: Mapping[str, Any]) -> str:
        return digest(self._key(values)).hex()


def _later(one: Any, other: Any) -> Any:
    return max(one, other)


def _state(cursor: str | None) -> tuple[Mark | None, dict[str, Mark]]:
    if not cursor:
        return None, {}
    state = json.loads(cursor)
    return _decoded(state["mark"]), {known: _decoded(mark) for known, mark in state["seen"].items()}


def _encoded(mark: Mark | None) -> Any:
    if isinstance(mark, datetime):
        return {"datetime": mark.isoformat()}
    return {"date": mark.isoformat()} if isinstance(mark, date) else mark


def _decoded(mark: Any) -> Any:
    if not isinstance(mark, dict):
        return mark
    return datetime.fromisoformat(mark["datetime"]) if "datetime" in mark else date.fromisoformat(mark["date"])
