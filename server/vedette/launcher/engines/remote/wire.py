"""Where agents dial in: each is let in once, by the token of its ticket."""

import asyncio
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from types import TracebackType
from typing import Self

from vedette.hosts.child.framing import MAX_FRAME_BYTES
from vedette.hosts.transport import FrameConnection
from vedette.launcher.engines.contract import CannotPrepare
from vedette.launcher.engines.remote.agent_link import AgentLink
from vedette.launcher.engines.remote.frames import (
    BEATS_PER_SILENCE,
    CONNECT_SECONDS,
    MOST_HELLO_BYTES,
    FromAgent,
    Hello,
    Ticket,
    Welcome,
)

logger = logging.getLogger(__name__)

# Connections of whoever has not said who he is, at a time.
MOST_STRANGERS = 200
TOKEN_BYTES = 24


class Wire:
    """Listens while the `async with` block lasts, at `host` and, once entered, `port`."""

    def __init__(self, host: str, port: int, silence_seconds: float) -> None:
        """Listen at that address; port 0 takes a free one. Either side gives the other up after `silence_seconds`."""
        self.host = host
        self.port = port
        self._silence_seconds = silence_seconds
        self._expected: dict[str, AgentLink] = {}
        self._links: set[AgentLink] = set()
        self._strangers: set[_Caller] = set()
        self._server: asyncio.Server | None = None
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(self._answer, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._beating = asyncio.create_task(self._beat(), name="beats to agents")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up on all."""
        if self._server is not None:
            self._server.close()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        for caller in tuple(self._strangers):
            caller.close()
        for link in tuple(self._links):
            link.close()

    @contextmanager
    def expecting(self, welcome: Welcome) -> Iterator[tuple[Ticket, AgentLink]]:
        """Expect an agent, while the block lasts, with the ticket that is yielded: the first that comes with it."""
        token, link = secrets.token_urlsafe(TOKEN_BYTES), AgentLink(welcome)
        self._expected[token] = link
        self._links.add(link)
        try:
            yield Ticket(self.host, self.port, token), link
        finally:
            self._expected.pop(token, None)
            self._links.discard(link)
            link.close()

    def admit(self, hello: Hello, caller: "_Caller") -> AgentLink | None:
        """Return the run that the agent is for; None if it is for none, or another one came before."""
        link = self._expected.pop(hello.token, None)
        if link is None:
            logger.info("An agent on %s came for a run that needs it no more.", hello.place)
            return None
        if hello.version != version("vedette"):
            ours, theirs = version("vedette"), hello.version
            reason = f"Vedette is {theirs} on {hello.place} and {ours} at the launcher: install one version on both."
            link.refuse(CannotPrepare(reason))
            return None
        link.admit(hello, caller.connection)
        return link

    def forget(self, caller: "_Caller") -> None:
        """Take in that a stranger is none any more."""
        self._strangers.discard(caller)

    def _answer(self) -> FrameConnection[FromAgent]:
        caller = _Caller(self)
        if len(self._strangers) < MOST_STRANGERS:
            self._strangers.add(caller)
        else:
            asyncio.get_running_loop().call_soon(caller.close)
        return caller.connection

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._silence_seconds / BEATS_PER_SILENCE)
            for link in tuple(self._links):
                link.beat()


class _Caller:
    """Whoever has connected; of some use once it has said Hello."""

    def __init__(self, wire: Wire) -> None:
        self.connection: FrameConnection[FromAgent] = FrameConnection(FromAgent, self._take, self._lose)
        self.connection.limit(MOST_HELLO_BYTES)
        self._wire = wire
        self._link: AgentLink | None = None
        self._patience = asyncio.get_running_loop().call_later(CONNECT_SECONDS, self.close)

    def close(self) -> None:
        """Hang up."""
        self.connection.close()

    def _take(self, frames: list[FromAgent]) -> None:
        if self._link is None:
            self._link = self._wire.admit(frames[0], self) if isinstance(frames[0], Hello) else None
            if self._link is None:
                self.close()
                return
            self._patience.cancel()
            self._wire.forget(self)
            self.connection.limit(MAX_FRAME_BYTES)
        self._link.take(frames)

    def _lose(self) -> None:
        self._patience.cancel()
        self._wire.forget(self)
        if self._link is not None:
            self._link.lose()
