"""Carries knocks between processes: one connection that listens and notifies, made again when it is lost."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

import asyncpg

from vedette import keepalive
from vedette.bus.listeners import Listeners
from vedette.bus.payloads import pack, unpack
from vedette.errors import DatabaseUnreachable, unreachable
from vedette.faults import Point, is_dropped
from vedette.settings import redacted
from vedette.telemetry import metrics

logger = logging.getLogger(__name__)

CHANNEL = "vedette"
# Knocks that come within this time travel together.
GATHER_SECONDS = 0.003
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 30.0
CLOSE_SECONDS = 2.0
# A connection that was cut without a word looks like one on which nothing happens: ask it now and then.
CHECK_SECONDS = 15.0
FIRST_RETRY_SECONDS = 0.1
LAST_RETRY_SECONDS = 5.0
# While the connection is away, no more topics than this wait for it; further ones are dropped, polling finds them.
MOST_WAITING = 10_000

_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
# What a lost or refused connection raises, besides an InternalClientError in the middle of an exchange.
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Courier:
    """Sends topics to the other processes of the database at `url`, and knocks here for those that they send."""

    def __init__(self, url: str, listeners: Listeners) -> None:
        self._url = url
        self._listeners = listeners
        self._outgoing: set[str] = set()
        self._awake = asyncio.Event()
        self._connection: asyncpg.Connection | None = None

    def send(self, topics: Iterable[str]) -> None:
        """Send `topics` soon; the same topic twice within GATHER_SECONDS travels once."""
        if len(self._outgoing) < MOST_WAITING:
            self._outgoing.update(topics)
            self._awake.set()

    async def connect(self) -> None:
        """Connect and listen; raises DatabaseUnreachable."""
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=COMMAND_SECONDS,
                server_settings={"application_name": "vedette bus", **keepalive.server_settings()},
                connection_class=keepalive.Connection,
            )
        except (*_LOST, ValueError) as error:
            raise unreachable(redacted(self._url), error) from None
        self._connection = connection
        connection.add_termination_listener(self._wake)
        await connection.add_listener(CHANNEL, self._receive)

    async def run(self) -> None:
        """Carry until cancelled, over any number of lost connections."""
        while True:
            try:
                await self._carry()
            except _LOST as error:
                logger.warning("The bus lost its connection to the database (%s); it connects again.", error)
                metrics.BUS_RECONNECTS.inc()
            await self.close()
            await self._reconnect()
            self._listeners.knock_all()

    async def close(self) -> None:
        """Send what still waits, and hang up."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if not connection.is_closed():
                    await self._notify(connection)
                await connection.close()
        except (*_LOST, TimeoutError):
            connection.terminate()

    async def _carry(self) -> None:
        """Send what comes, until the connection is lost."""
        connection = self._connection
        while connection is not None and not connection.is_closed():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._awake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._awake.clear()
            await self._notify(connection)

    async def _notify(self, connection: asyncpg.Connection) -> None:
        """Send all that waits in one statement; without anything that waits it is the check of the connection."""
        topics, self._outgoing = self._outgoing, set()
        if topics and is_dropped(Point.NOTIFY):
            return
        try:
            await connection.execute(_NOTIFY, CHANNEL, list(pack(sorted(topics))))
        except BaseException:
            self._outgoing |= topics
            self._awake.set()
            raise

    async def _reconnect(self) -> None:
        pause = FIRST_RETRY_SECONDS
        while True:
            await asyncio.sleep(pause)
            with contextlib.suppress(DatabaseUnreachable):
                return await self.connect()
            pause = min(2 * pause, LAST_RETRY_SECONDS)

    def _wake(self, _: object) -> None:
        self._awake.set()

    def _receive(self, connection: object, process: int, channel: str, payload: object) -> None:
        # What this process sent, it has already heard.
        if self._connection is not None and process != self._connection.get_server_pid():
            for topic in unpack(str(payload)):
                self._listeners.knock(topic)
