"""What the incumbent keeps its records in, SQLite or Postgres, read past it so that reading costs it nothing."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import unquote

import asyncpg
import psutil
from anyio.from_thread import start_blocking_portal

from vedette.storage.embedded.postgres import EmbeddedPostgres

Kind = Literal["sqlite", "postgres"]
# What Postgres takes when nothing is set: the incumbent opens a connection for each operation.
STOCK = {"max_connections": "100", "shared_buffers": "128MB"}
BUSY_SECONDS = 10.0


class Tick(NamedTuple):
    """A tick as the incumbent recorded it; seconds of the epoch."""

    sensor: str
    started: float
    ended: float | None
    status: str
    cursor: str | None
    runs: int


class Storage(Protocol):
    """The records; `table` tells which of SQLite's files holds the table of the statement."""

    settings: str

    def execute(self, database: Literal["schedules", "runs"], sql: str) -> list[Sequence[Any]]:
        """Return the rows of one statement, or none while the tables are not there yet."""

    def columns(self, database: Literal["schedules", "runs"], table: str) -> list[str]:
        """Return the names of a table's columns."""

    def processes(self) -> list[psutil.Process]:
        """Return the database's own processes."""


class Sqlite:
    """Files in the home of the incumbent."""

    settings = ""

    def __init__(self, home: Path) -> None:
        self._files = {"schedules": home / "schedules/schedules.db", "runs": home / "history/runs.db"}

    def execute(self, database: Literal["schedules", "runs"], sql: str) -> list[Sequence[Any]]:
        """Return the rows of one statement."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                uri = f"file:{self._files[database]}?mode=rw"
                with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection, connection:
                    return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error) or "unable to open" in str(error):
                    return []
                if time.monotonic() > deadline:
                    raise

    def columns(self, database: Literal["schedules", "runs"], table: str) -> list[str]:
        """Return the names of a table's columns."""
        return [row[0] for row in self.execute(database, f"SELECT name FROM pragma_table_info('{table}')")]

    def processes(self) -> list[psutil.Process]:
        """Return none: it is a library."""
        return []


class Postgres:
    """A Postgres of its own."""

    def __init__(self, url: str, data: Path) -> None:
        self._url = url
        self._data = data
        # The driver that it depends on, named: SQLAlchemy's own choice is another one. `%` means something to it.
        theirs = unquote(url).replace("postgresql://", "postgresql+psycopg2://")
        self.settings = f'storage: {{postgres: {{postgres_url: "{theirs}"}}}}\n'

    def execute(self, database: Literal["schedules", "runs"], sql: str) -> list[Sequence[Any]]:
        """Return the rows of one statement."""
        return asyncio.run(self._execute(sql))

    async def _execute(self, sql: str) -> list[Sequence[Any]]:
        connection = await asyncpg.connect(self._url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        except asyncpg.UndefinedTableError:
            return []
        finally:
            await connection.close()

    def columns(self, database: Literal["schedules", "runs"], table: str) -> list[str]:
        """Return the names of a table's columns."""
        columns = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
        return [row[0] for row in self.execute(database, columns)]

    def processes(self) -> list[psutil.Process]:
        """Return the postmaster."""
        return [psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))]


@contextmanager
def opened(kind: Kind, home: Path) -> Iterator[Storage]:
    """Yield empty records of this kind for the incumbent's home."""
    if kind == "sqlite":
        yield Sqlite(home)
        return
    folder = home / "embedded"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(EmbeddedPostgres(folder, STOCK)) as postgres,
    ):
        yield Postgres(postgres.url, folder / "postgres" / "data")


def ticks(storage: Storage) -> list[Tick]:
    """Return every tick recorded so far, in the order of recording."""
    rows = storage.execute("schedules", "SELECT tick_body FROM job_ticks ORDER BY id")
    return [_tick(json.loads(row[0])) for row in rows]


def _tick(body: dict[str, Any]) -> Tick:
    status = body["status"]
    return Tick(
        sensor=body.get("instigator_name") or body["job_name"],
        started=body["timestamp"],
        ended=body.get("end_timestamp"),
        status=(status["__enum__"] if isinstance(status, dict) else status).rpartition(".")[2],
        cursor=body.get("cursor"),
        runs=len(body.get("run_ids") or []),
    )
