"""Recognises who asks by the secret they show, and tells open streams when that is good for nothing any more.

A secret is looked up once a second at most. Its end (revoked, expired, signed out) is pushed over the bus, and looked
for every few seconds besides: what is remembered is forgotten then, and whoever waits in `holding` is told.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from vedette.access import secrets
from vedette.access.authority import EVERYBODY, Authority, Caller
from vedette.bus import Bus, topics
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.access import sessions, tokens
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 1.0
# Beyond, all are forgotten: somebody tries secrets.
MOST_REMEMBERED = 10_000


class Unauthenticated(Exception):
    """Whoever asks shows nothing that is good now; the text is one sentence with the remedy."""


NOTHING_SHOWN = "Show a token: as VEDETTE_TOKEN to the command line, else as Authorization: Bearer vdt_… (see docs)."
NOT_GOOD = "The token is not good: it was revoked, has expired, or never was one; ask an admin for another."
ENDED = "The token was revoked or has expired, or you have signed out."


Facts = tokens.TokenFacts | sessions.SessionFacts


async def _of_token(connection: Any, digest: bytes) -> Facts | None:
    return await tokens.recognise(connection, digest)


async def _of_session(connection: Any, digest: bytes) -> Facts | None:
    return await sessions.recognise(connection, digest)


_KINDS = ((secrets.TOKEN, _of_token), (secrets.SESSION, _of_session))


class Authenticator:
    """Tells who asks. `async with` watches for ends; where no authentication is configured it has nothing to do."""

    def __init__(self, database: Database, bus: Bus, settings: Settings) -> None:
        self._database = database
        self._bus = bus
        self._seconds = settings.poll_seconds
        self.is_asking = settings.authentication != "none"
        self.has_sign_in = settings.authentication == "oidc"
        self._remembered: dict[bytes, tuple[float, Authority | None]] = {}
        self._held: dict[UUID, list[asyncio.Event]] = {}
        self._used: dict[UUID, float] = {}
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self.is_asking:
            self._watching = asyncio.create_task(endure("Watching tokens", self._watch), name="access")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            await self._note_uses()

    async def caller(self, secret: str | None, address: str) -> Caller:
        """Return who shows a secret. Raises Unauthenticated, DatabaseUnreachable."""
        if not self.is_asking:
            return Caller(EVERYBODY, address)
        if secret is None:
            raise Unauthenticated(NOTHING_SHOWN)
        authority = await self._recognised(secret)
        if authority is None:
            raise Unauthenticated(NOT_GOOD)
        if authority.key is not None:
            self._used[authority.key] = time.monotonic()
        return Caller(authority, address)

    @contextmanager
    def holding(self, caller: Caller) -> Iterator[asyncio.Event]:
        """Yield an event that is set when what the caller has shown is good for nothing any more."""
        ended = asyncio.Event()
        key = caller.authority.key
        if key is None:
            yield ended
            return
        self._held.setdefault(key, []).append(ended)
        try:
            yield ended
        finally:
            self._held[key].remove(ended)
            if not self._held[key]:
                del self._held[key]

    async def _recognised(self, secret: str) -> Authority | None:
        recognise = next((known for kind, known in _KINDS if secrets.is_one(secret, kind)), None)
        if recognise is None:
            return None
        digest = secrets.digest(secret)
        now = time.monotonic()
        known = self._remembered.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        async with self._database.reading() as connection:
            found = await recognise(connection, digest)
        authority = None if found is None else Authority(found.name, found.role, found.code_locations, found.id)
        self._remembered[digest] = now + REMEMBERED_SECONDS, authority
        return authority

    async def _watch(self) -> None:
        with self._bus.listen(topics.ACCESS) as listener:
            while True:
                if await listener.wait(self._seconds):
                    self._remembered.clear()
                try:
                    await self._tell_ends()
                except DatabaseError as error:
                    logger.warning("Whether tokens are still good is looked for again soon: %s", error)
                await self._note_uses()

    async def _tell_ends(self) -> None:
        held = list(self._held)
        if not held:
            return
        async with self._database.reading() as connection:
            good = await tokens.still_good(connection, held) | await sessions.still_good(connection, held)
        for key in held:
            if key not in good:
                for ended in self._held.get(key, ()):
                    ended.set()

    async def _note_uses(self) -> None:
        used, self._used = self._used, {}
        if not used:
            return
        now = time.monotonic()
        try:
            async with self._database.writing_at_once() as connection:
                await tokens.used(connection, {key: now - at for key, at in used.items()})
        except DatabaseError:
            # When a token was last used is for people: what is lost with the database, the next use tells.
            logger.info("When tokens were last used is noted later.")
