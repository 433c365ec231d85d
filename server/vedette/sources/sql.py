"""A query of any SQL database that SQLAlchemy speaks to: rows beyond a watermark."""

from typing import Any

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from vedette.errors import SourceUnavailable
from vedette.sources.listing import DEFAULT_LIMIT
from vedette.sources.source import Changes, Source
from vedette.sources.watermark import Overlap, Row, Watermark


class SqlRows(Source[Row]):
    """The rows of a query beyond the highest watermark seen, each once.

    url: as SQLAlchemy takes it ("sqlite:///orders.db", "postgresql+psycopg://…"); its driver is for you to install.
    query: takes `:since`, from where on to read, and is in the order of the watermark:
        "SELECT id, updated_at FROM orders WHERE updated_at >= :since ORDER BY updated_at, id". No LIMIT.
    start: the `:since` of the first time; everything of the column's type is beyond it.
    watermark: the column that grows; key: the column or columns that name a row.
    overlap: how late a row may come, as a number or a timedelta: a transaction that commits late brings rows below the
        highest watermark. None: none comes late, but for rows that have the highest watermark too.
    limit: how many rows one tick asks about.

    A row whose watermark changes is new again.
    """

    def __init__(
        self,
        url: str,
        query: str,
        *,
        watermark: str,
        key: str | tuple[str, ...],
        start: Any,
        overlap: Overlap | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        """Take where to ask and what."""
        self._engine: sqlalchemy.Engine | None = None
        self._url = url
        self._query = sqlalchemy.text(query)
        self._start = start
        self._watermark = Watermark(watermark, (key,) if isinstance(key, str) else tuple(key), overlap, limit)

    def changes(self, cursor: str | None) -> Changes[Row]:
        """Return the rows that have not been seen. Raises SourceUnavailable."""
        since = self._watermark.since(cursor)
        if self._engine is None:
            # Not before: connections must not be shared with processes that are forked later.
            self._engine = sqlalchemy.create_engine(self._url, pool_pre_ping=True)
        try:
            with self._engine.connect() as connection:
                found = connection.execute(self._query, {"since": self._start if since is None else since})
                return self._watermark.changes(map(dict, found.mappings()), cursor)
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise SourceUnavailable(f"{self._engine.url!r} does not answer the query: {said}") from None
