"""Rows beyond a watermark, of SQLite and of Postgres with a channel: nothing lost, nothing twice."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.evaluator.stage import until
from integration.sources.looking import Looker
from vedette.errors import SourceUnavailable
from vedette.sources.postgres import PostgresChannel
from vedette.sources.sql import SqlRows
from vedette.sources.watermark import Watermark
from vedette.storage.connecting import connect

QUERY = "SELECT id, changed, name FROM orders WHERE changed >= :since ORDER BY changed, id"


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed INTEGER, name TEXT)")
        yield connection


def looker(tmp_path: Path, **options: Any) -> Looker:
    source = SqlRows(
        f"sqlite:///{tmp_path / 'orders.db'}", QUERY, **{"watermark": "changed", "key": "id", "start": 0, **options}
    )
    return Looker(source)


def write(orders: sqlite3.Connection, *rows: tuple[int, int]) -> None:
    with orders:
        orders.executemany("INSERT OR REPLACE INTO orders VALUES (?, ?, 'x')", rows)


def test_rows_are_asked_about_once_and_again_when_they_change(orders: sqlite3.Connection, tmp_path: Path) -> None:
    looking = looker(tmp_path)
    write(orders, (1, 10), (2, 20), (3, 20))
    assert looking.tick() == ["1:10", "2:20", "3:20"]
    assert looking.tick() == []
    write(orders, (4, 20), (1, 30))
    assert looking.tick() == ["4:20", "1:30"], "one that ties with the highest, and one that changed"


def test_a_row_that_comes_late_is_found_within_the_overlap(orders: sqlite3.Connection, tmp_path: Path) -> None:
    looking = looker(tmp_path, overlap=5)
    write(orders, (1, 100))
    looking.tick()
    write(orders, (2, 96), (3, 90))
    assert looking.tick() == ["2:96"]
    assert looking.tick() == []


def test_more_rows_than_the_limit_come_in_turns(orders: sqlite3.Connection, tmp_path: Path) -> None:
    write(orders, *((number, 10) for number in range(7)))
    looking = looker(tmp_path, limit=3)
    assert [len(looking.tick()) for _ in range(4)] == [3, 3, 1, 0]


def test_a_query_that_cannot_be_asked_says_so_without_the_password(orders: sqlite3.Connection, tmp_path: Path) -> None:
    source = SqlRows(
        f"sqlite:///{tmp_path / 'orders.db'}", "SELECT absent FROM orders WHERE :since = 0", watermark="changed",
        key="id", start=0,
    )  # fmt: skip
    assert "no such column: absent" in Looker(source).fails()
    write(orders, (1, 1))
    wrong = SqlRows(
        f"sqlite:///{tmp_path / 'orders.db'}", QUERY, watermark="changed", key="number", start=0
    )  # fmt: skip
    assert "does not select number" in Looker(wrong).fails()


@settings(max_examples=200)
@given(
    st.lists(st.lists(st.integers(0, 6), max_size=4), min_size=1, max_size=12),
    st.integers(0, 6),
    st.integers(1, 3),
    st.booleans(),
)
def test_what_comes_late_by_no_more_than_the_overlap_is_told_once(
    ticks: list[list[int]], overlap: int, limit: int, timed: bool
) -> None:
    """Rows come late by their number, at most `overlap`, in the order of nothing; all are told, none twice."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    of = Watermark("mark", ("id",), timedelta(seconds=overlap) if timed else overlap, limit)
    table: list[dict[str, Any]] = []
    told: list[str] = []
    cursor: str | None = None
    highest = 0
    for late in [*ticks, *([[]] * sum(map(len, ticks)))]:
        for by in late:
            number = max(0, highest + 1 - min(by, overlap + 1))
            highest = max(highest, number)
            mark = start + timedelta(seconds=number) if timed else number
            table.append({"id": len(table), "mark": mark})
        since = of.since(cursor)
        rows = sorted((row for row in table if since is None or row["mark"] >= since), key=lambda row: row["mark"])
        changes = of.changes(rows, cursor)
        told += [row.key for row in changes.items]
        cursor = changes.cursor
    assert sorted(told) == sorted(f"{row['id']}:{row['mark']}" for row in table)


EVENTS = "SELECT id, name FROM events WHERE id >= $1 ORDER BY id"


async def channel(url: str) -> PostgresChannel:
    connection = await connect(url)
    await connection.execute("CREATE TABLE events (id bigserial PRIMARY KEY, name text)")
    await connection.close()
    return PostgresChannel(url, "news", EVENTS, watermark="id", key="id", start=0)


async def happen(url: str, name: str, *, notify: bool = True) -> None:
    connection = await connect(url)
    async with connection.transaction():
        await connection.execute("INSERT INTO events (name) VALUES ($1)", name)
        if notify:
            await connection.execute("NOTIFY news")
    await connection.close()


async def test_a_notification_ends_the_wait_and_what_came_before_needs_none(empty_database_url: str) -> None:
    source = await channel(empty_database_url)
    await happen(empty_database_url, "before", notify=False)
    await source.wait(None)
    changes = await source.changes(None)
    assert [row["name"] for row in changes.items] == ["before"]
    waiting = asyncio.create_task(source.wait(changes.cursor))
    await until(lambda: listens(empty_database_url))
    assert not waiting.done()
    await happen(empty_database_url, "now")
    async with asyncio.timeout(30):
        await waiting
    later = await source.changes(changes.cursor)
    assert [row["name"] for row in later.items] == ["now"]
    assert (await source.changes(later.cursor)).items == ()


async def listens(url: str) -> bool:
    connection = await connect(url)
    try:
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1",
                f"{EVENTS[:20]}%",
            )
        )
    finally:
        await connection.close()


async def test_a_wait_ends_with_its_connection(empty_database_url: str) -> None:
    source = await channel(empty_database_url)
    waiting = asyncio.create_task(source.wait(None))
    await until(lambda: listens(empty_database_url))
    connection = await connect(empty_database_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    async with asyncio.timeout(30):
        # What is there is looked at next.
        await asyncio.wait([waiting])
    if (error := waiting.exception()) is not None:
        assert isinstance(error, SourceUnavailable)


async def test_a_database_that_is_away_says_so_without_the_password() -> None:
    source = PostgresChannel("postgresql://me:hunter2@127.0.0.1:9/x", "news", EVENTS, watermark="id", key="id", start=0)
    with pytest.raises(SourceUnavailable, match="channel news") as raised:
        await source.changes(None)
    assert "hunter2" not in str(raised.value)
