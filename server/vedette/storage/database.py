"""The database: a small pool of connections and the only `begin` of the code.

JSON columns speak JSON text in both directions, from `text()` and from Core alike: whoever reads decodes with
`msgspec.json.decode(value, type=...)`, whoever writes passes `msgspec.json.encode(value).decode()`.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import asyncpg
from sqlalchemy import Engine, ExceptionContext, PoolProxiedConnection, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from vedette.errors import DatabaseUnreachable, unreachable
from vedette.faults import Point, reached
from vedette.settings import redacted
from vedette.storage import dialect, direct, scopes
from vedette.storage.connecting import COMMAND_SECONDS, connect, server_settings
from vedette.telemetry import metrics

POOL_SECONDS = 30.0
# Classes of SQLSTATE that pass: a replica that is not the primary yet, or no more, deadlock, no room or memory, a lock
# or an answer not had in time, a server that stops.
PASSING = ("25006", "40", "53", "55P03", "57", "58")
# A transaction in which nothing is asked for this long belongs to a process that was frozen or cut off, and others wait
# for what it has locked. Its owner, should it wake, finds the connection lost.
FROZEN_SECONDS = 3.0

_NOW = text("SELECT now()")


def _as_text(value: str) -> str:
    return value


def _refuse_closed(connection: PoolProxiedConnection, record: object, proxy: object) -> None:
    """A connection known to be closed, as after a restart of the server, is replaced; asking costs no round trip."""
    driver = connection.driver_connection
    if driver is None or driver.is_closed():
        raise DisconnectionError


class _Silences:
    """Drops a connection that did not answer in time, and the idle ones with it.

    They lead over the same network: each would be silent for as long again, at its rollback or at its next use.
    """

    def __init__(self, engine: Engine) -> None:
        self._idle: set[asyncpg.Connection] = set()
        event.listen(engine, "connect", self._made)
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)
        event.listen(engine, "handle_error", self._failed)

    def _made(self, connection: object, record: ConnectionPoolEntry) -> None:
        record.info[direct.SILENT] = self._drop

    def _taken(self, connection: PoolProxiedConnection, record: object, proxy: object) -> None:
        self._idle.discard(connection.driver_connection)

    def _given_back(self, connection: object, record: ConnectionPoolEntry) -> None:
        if record.driver_connection is not None:
            self._idle.add(record.driver_connection)

    def _failed(self, context: ExceptionContext) -> None:
        if isinstance(context.original_exception, TimeoutError) and context.connection is not None:
            context.is_disconnect = True
            silent = context.connection.connection.driver_connection
            self._drop(silent)

    def _drop(self, silent: asyncpg.Connection | None) -> None:
        if silent is not None:
            silent.terminate()
        while self._idle:
            self._idle.pop().terminate()


def _has_moved(state: str, error: DBAPIError) -> bool:
    """Tell whether a partition was made for a row that was on its way: it finds its place next time."""
    return state == "23514" and "partition constraint" in str(error.orig)


@asynccontextmanager
async def _transaction(connection: AsyncConnection) -> AsyncIterator[None]:
    """Begin, and commit or roll back. What SQLAlchemy and what the driver is given directly are both part of it."""
    await _command(connection, "BEGIN")
    try:
        yield
    except BaseException:
        await _roll_back(connection)
        raise
    await _command(connection, "COMMIT")


async def _roll_back(connection: AsyncConnection) -> None:
    """Roll back; a connection that will not is ended, which does the same."""
    if connection.invalidated or (driver := direct.driver(connection)).is_closed():
        return
    try:
        await driver.execute("ROLLBACK", timeout=direct.CLOSE_SECONDS)
    except BaseException:
        driver.terminate()


async def _command(connection: AsyncConnection, command: str) -> None:
    await direct.call(connection, command, lambda driver: driver.execute(command))


class Database:
    """Connections to one Postgres, at most `pool_size`; `async with` opens and closes them.

    What is not answered in `command_seconds` raises DatabaseUnreachable, and no idle connection is used again. A
    transaction in which nothing is asked for `frozen_seconds` is rolled back by the server. With `plan_once`, a
    statement is planned the first time that a connection executes it, for whatever parameters. `name` is what metrics
    call it: the part whose connections these are.
    """

    def __init__(
        self,
        url: str,
        pool_size: int = 5,
        frozen_seconds: float = FROZEN_SECONDS,
        command_seconds: float = COMMAND_SECONDS,
        *,
        plan_once: bool = False,
        name: str = "other",
    ) -> None:
        self.url = url
        self._name = name
        self._shown = ExitStack()
        self._command_seconds = command_seconds
        frozen = {"idle_in_transaction_session_timeout": f"{1000 * frozen_seconds:.0f}ms"}
        planning = {"plan_cache_mode": "force_generic_plan"} if plan_once else {}
        self._server_settings = server_settings(command_seconds) | frozen | planning
        self._engine = create_async_engine(
            dialect.URL,
            async_creator=self._connect,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            json_serializer=_as_text,
            json_deserializer=_as_text,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        _Silences(self._engine.sync_engine)
        # Each statement is a transaction of its own: no BEGIN and ROLLBACK around what only reads.
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def _connect(self) -> asyncpg.Connection:
        return await connect(self.url, self._command_seconds, self._server_settings)

    async def __aenter__(self) -> Self:
        try:
            await self.now()
        except BaseException:
            await self._engine.dispose()
            raise
        pool = self._engine.sync_engine.pool
        assert isinstance(pool, QueuePool)
        self._shown.enter_context(metrics.shown(metrics.POOL_SIZE, pool.size, self._name))
        self._shown.enter_context(metrics.shown(metrics.POOL_IN_USE, pool.checkedout, self._name))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.close()
        await asyncio.shield(self._engine.dispose())

    def confined(self, code_locations: Sequence[str]) -> "Database":
        """Return these same connections as they are for somebody who is confined to code locations: see `scopes`."""
        confined = copy.copy(self)
        confined._reader = self._reader.execution_options(**{scopes.OPTION: list(code_locations)})
        return confined

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement sees all that was committed before it."""
        with self._losses():
            async with self._reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self._losses():
            async with self._reader.connect() as connection, _transaction(connection):
                yield connection
                reached(Point.COMMIT)
            reached(Point.COMMITTED)

    @asynccontextmanager
    async def writing_at_once(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement is a transaction of its own, committed when it is answered.

        For one statement, or some that may stand alone: a third of the round trips of `writing`.
        """
        with self._losses():
            reached(Point.COMMIT)
            async with self._reader.connect() as connection:
                yield connection
            reached(Point.COMMITTED)

    async def now(self) -> datetime:
        """The database's clock, in UTC."""
        async with self.reading() as connection:
            now: datetime = (await connection.execute(_NOW)).scalar_one()
        return now.astimezone(UTC)

    @contextmanager
    def _losses(self) -> Iterator[None]:
        """Count what may succeed later, which is raised as DatabaseUnreachable."""
        try:
            with self._as_unreachable():
                yield
        except DatabaseUnreachable:
            metrics.DATABASE_LOSSES.labels(self._name).inc()
            raise

    @contextmanager
    def _as_unreachable(self) -> Iterator[None]:
        """Turn what may succeed later (a lost connection, a deadlock, an empty pool …) into DatabaseUnreachable."""
        try:
            yield
        except DBAPIError as error:
            state = str(getattr(error.orig, "sqlstate", None) or "")
            if not (error.connection_invalidated or state.startswith(PASSING) or _has_moved(state, error)):
                raise
            raise unreachable(redacted(self.url), error.orig or error) from error
        except (TimeoutError, asyncpg.InternalClientError) as error:
            # The latter is what the driver says where the server ends a connection while SQLAlchemy sets it up.
            raise unreachable(redacted(self.url), error) from error
        except PoolTimeout as error:
            raise DatabaseUnreachable(
                f"No connection to {redacted(self.url)} became free in {POOL_SECONDS:.0f} s; all are busy."
            ) from error
