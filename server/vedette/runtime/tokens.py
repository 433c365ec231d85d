"""Tokens made and revoked beside the server, by whoever may open its database: the first is made so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple, TypeVar

from vedette.access import secrets
from vedette.bus import Bus, topics
from vedette.domain.access import Quota, Reach, Role, Token
from vedette.domain.audit import DONE, Attempt
from vedette.errors import VedetteError
from vedette.relay import Relay
from vedette.settings import Settings
from vedette.storage import pages
from vedette.storage.access import audit_log, tokens
from vedette.storage.access.tokens import NewToken
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

T = TypeVar("T")
PAGE_SIZE = 100
# From where, in the audit log: no address, but whoever may open the database.
TERMINAL = "command line"


class TokenRefused(VedetteError):
    """A token that cannot be made, or one that there is not."""


@asynccontextmanager
async def _url(settings: Settings) -> AsyncIterator[str]:
    if settings.database_url is not None:
        await migrating.check(settings.database_url)
        yield settings.database_url
        return
    async with EmbeddedPostgres(settings.home) as postgres:
        await migrating.migrate(postgres.url)
        yield postgres.url


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[Database, Bus]]:
    async with _url(settings) as url, Bus(url) as bus, Database(url, pool_size=1) as database:
        yield database, bus


def run(work: Awaitable[T]) -> T:
    """Do it on a loop of its own."""

    async def done() -> T:
        return await work

    return asyncio.run(done())


class Wanted(NamedTuple):
    """A token to be; it expires after so many seconds (None: never)."""

    name: str
    role: Role
    code_locations: Reach
    seconds: float | None
    quota: Quota


async def create(settings: Settings, wanted: Wanted, by: str) -> tuple[Token, str]:
    """Make a token; return it and its secret. Raises TokenRefused."""
    name, role, code_locations, seconds, quota = wanted
    secret = secrets.new(secrets.TOKEN)
    async with _database(settings) as (database, bus):
        expires_at = None if seconds is None else await database.now() + timedelta(seconds=seconds)
        new = NewToken(name, secret.digest, secret.prefix, role, code_locations, by, expires_at, quota)
        async with database.writing() as connection:
            token = await tokens.make(connection, new)
            if token is not None:
                given = {
                    "name": name, "role": role, "codeLocations": code_locations, "expiresAt": expires_at,
                    **quota._asdict(),
                }  # fmt: skip
                attempt = Attempt("createToken", given, by, TERMINAL, ("ApiToken", token.id))
                await audit_log.add(connection, attempt, DONE)
        await Relay(database, bus).forward()
    if token is None:
        raise TokenRefused(f"A token named {name!r} is there already; revoke it first, or choose another name.")
    return token, secret.text


async def all_tokens(settings: Settings) -> list[Token]:
    """Return every token, the newest first."""
    found: list[Token] = []
    async with _database(settings) as (database, _), database.reading() as connection:
        after = None
        while True:
            page = await tokens.page(connection, pages.Window(PAGE_SIZE, after))
            found += page.rows
            if not page.has_next:
                return found
            after = page.keys[-1]


async def revoke(settings: Settings, name: str, by: str) -> Token:
    """Revoke the token of a name, and have every server look. Raises TokenRefused."""
    async with _database(settings) as (database, bus):
        async with database.writing() as connection:
            known = await tokens.named(connection, name)
            revoked = None
            if known is not None:
                attempt = Attempt("revokeToken", {"name": name}, by, TERMINAL, ("ApiToken", known.id))
                attempt.before = await audit_log.facts(connection, attempt)
                revoked = await tokens.revoke(connection, known.id)
                await audit_log.add(connection, attempt, DONE)
        bus.knock(topics.ACCESS)
        await Relay(database, bus).forward()
    if revoked is None:
        raise TokenRefused(f"There is no token named {name!r}; `vedette token list` shows them all.")
    return revoked
