from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.graphql.connections import CURSOR_CHANGES, JOBS, RUNS, TICKS
from vedette.graphql.errors import BAD_CURSOR, BAD_PAGE_SIZE, RequestError
from vedette.storage.pages import Page, Window

KEY = (UUID(int=7),)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_holds_its_key_exactly(at: datetime, key: UUID) -> None:
    assert RUNS.decode(RUNS.encode((at, key))) == (at, key)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), st.uuids())
def test_names_survive_in_cursors(name: str, key: UUID) -> None:
    assert JOBS.decode(JOBS.encode((name, key))) == (name, key)


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        TICKS.decode(text)
    assert refused.value.extensions == {"code": BAD_CURSOR}


@pytest.mark.parametrize(
    "cursor",
    [
        JOBS.encode(("x", UUID(int=1))),
        CURSOR_CHANGES.encode((2**40,)),
        CURSOR_CHANGES.encode((-(2**63),)),
        JOBS.encode(("a\x00", UUID(int=1))),
    ],
)
def test_cursors_that_the_database_could_not_compare_are_refused(cursor: str) -> None:
    for cursors in (TICKS, CURSOR_CHANGES, JOBS):
        if cursors is JOBS and cursor == JOBS.encode(("x", UUID(int=1))):
            continue
        with pytest.raises(RequestError):
            cursors.decode(cursor)


def test_windows() -> None:
    cursor = TICKS.encode(KEY)
    assert TICKS.window() == Window(25)
    assert TICKS.window(first=100) == Window(100)
    assert TICKS.window(last=1) == Window(1, backward=True)
    assert TICKS.window(after=cursor) == Window(25, after=KEY)
    assert TICKS.window(before=cursor) == Window(25, before=KEY, backward=True)
    assert TICKS.window(first=2, before=cursor) == Window(2, before=KEY)
    assert TICKS.window(last=2, after=cursor) == Window(2, after=KEY, backward=True)


@pytest.mark.parametrize(
    "arguments", [{"first": 0}, {"first": 101}, {"last": 0}, {"last": 101}, {"first": 1, "last": 1}]
)
def test_page_sizes_out_of_bounds_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(RequestError) as refused:
        TICKS.window(**arguments)  # type: ignore[arg-type]  # the values are sizes
    assert refused.value.extensions == {"code": BAD_PAGE_SIZE}


def test_an_empty_page_has_no_cursors() -> None:
    connection = TICKS.connect(Page[int](), str)
    assert connection.edges == []
    assert (connection.page_info.start_cursor, connection.page_info.end_cursor) == (None, None)
