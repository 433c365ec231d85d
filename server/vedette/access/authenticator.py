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
from vedette.access.authority import EVERYBODY, UNNAMED, Authority, Caller
from vedette.bus import Bus, topics
from vedette.domain.access import Client, Lapse, Recognised
from vedette.duties import endure
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.access import sessions, tokens
from vedette.storage.database import Database

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 1.0
# Beyond, all are forgotten: somebody tries secrets.
MOST_REMEMBERED = 10_000


SENTENCES = {
    Lapse.MISSING: (
        "Show a token: as VEDETTE_TOKEN to the command line, else as Authorization: Bearer vdt_… (see docs)."
    ),
    Lapse.UNKNOWN: "The token is not known: it never was one, or belongs to another server; ask an admin for one.",
    Lapse.REVOKED: "The token was revoked; ask an admin for another.",
    Lapse.EXPIRED: "The token has expired; ask an admin for another.",
    Lapse.SIGNED_OUT: "You have signed out; sign in again.",
}
SESSION_OVER = "Your session is over; sign in again."
ENDED = "The token was revoked or has expired, or you have signed out."


class Unauthenticated(Exception):
    """Whoever asks shows nothing that is good now; the text is one sentence with the remedy, `lapse` says why."""

    def __init__(self, lapse: Lapse, sentence: str | None = None) -> None:
        super().__init__(sentence or SENTENCES[lapse])
        self.lapse = lapse


async def _of_token(connection: Any, digest: bytes) -> Recognised | None:
    return await tokens.recognise(connection, digest)


async def _of_session(connection: Any, digest: bytes) -> Recognised | None:
    return await sessions.recognise(connection, digest)


_KINDS = ((secrets.TOKEN, _of_token), (secrets.SESSION, _of_session))


def _judged(found: Recognised | None, is_session: bool) -> Authority | Unauthenticated:
    if found is not None and found.lapse is None:
        return Authority(
            found.name, found.role, found.code_locations, found.id, found.token_id, found.expires_at, found.quota
        )
    lapse = Lapse.UNKNOWN if found is None or found.lapse is None else found.lapse
    # A session that nobody knows ended long ago; one begun with a token that has expired, just as the others.
    is_over = is_session and lapse in {Lapse.UNKNOWN, Lapse.EXPIRED}
    return Unauthenticated(Lapse.EXPIRED, SESSION_OVER) if is_over else Unauthenticated(lapse)


class Authenticator:
    """Tells who asks. `async with` watches for ends; where no authentication is configured it has nothing to do."""

    def __init__(self, database: Database, bus: Bus, settings: Settings) -> None:
        self._database = database
        self._bus = bus
        self._seconds = settings.poll_seconds
        self.is_asking = settings.authentication != "none"
        self._is_read_only = settings.read_only
        self._remembered: dict[bytes, tuple[float, Authority | Unauthenticated]] = {}
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

    async def caller(self, secret: str | None, address: str, client: Client = UNNAMED) -> Caller:
        """Return who shows a secret. Raises Unauthenticated, DatabaseUnreachable."""
        if not self.is_asking:
            return Caller(self._limited(EVERYBODY), address, client)
        if secret is None:
            raise Unauthenticated(Lapse.MISSING)
        found = await self._recognised(secret)
        if isinstance(found, Unauthenticated):
            raise Unauthenticated(found.lapse, str(found))
        if found.token is not None:
            self._used[found.token] = time.monotonic()
        return Caller(self._limited(found), address, client)

    def _limited(self, authority: Authority) -> Authority:
        return authority.reading() if self._is_read_only else authority

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

    async def _recognised(self, secret: str) -> Authority | Unauthenticated:
        kind, recognise = next((known for known in _KINDS if secrets.is_one(secret, known[0])), ("", None))
        if recognise is None:
            return Unauthenticated(Lapse.UNKNOWN)
        digest = secrets.digest(secret)
        now = time.monotonic()
        known = self._remembered.get(digest)
        if known is not None and known[0] > now:
            return known[1]
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        async with self._database.reading() as connection:
            found = await recognise(connection, digest)
        judged = _judged(found, is_session=kind == secrets.SESSION)
        self._remembered[digest] = now + REMEMBERED_SECONDS, judged
        return judged

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
