"""What is asked of the database, by SQLAlchemy or by the driver itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from vedette.storage import direct


@contextmanager
def noted_statements(note: Callable[[str], None]) -> Iterator[None]:
    """Call `note` with every statement that goes to the database meanwhile."""
    call = direct.call

    def executed(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        note(statement)

    async def called(connection: Any, sql: str, ask: Any) -> Any:
        note(sql)
        return await call(connection, sql, ask)

    event.listen(Engine, "before_cursor_execute", executed)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(direct, "call", called)
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", executed)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collect every statement that goes to the database meanwhile."""
    statements: list[str] = []
    with noted_statements(statements.append):
        yield statements
