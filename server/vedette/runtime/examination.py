"""Looks at a deployment as `vedette doctor` does: from this machine, with these settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from vedette.diagnosis import database, machine, work
from vedette.diagnosis.findings import Finding, Severity, problem
from vedette.errors import DatabaseError
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres


async def examine(settings: Settings, tell: Callable[[Finding], None]) -> None:
    """Look at everything, and tell what was found; what cannot be seen for want of something else is left out."""
    for finding in (*machine.settings_found(settings), *machine.disk(settings.home), *machine.files(settings)):
        tell(finding)
    embedded = EmbeddedPostgres(settings.home)
    if settings.database_url is None and embedded.is_new:
        remedy = "Set VEDETTE_DATABASE_URL, or start `vedette dev`, which makes one."
        tell(problem("database", f"There is no database in {settings.home}, and no URL of another one.", remedy))
        return
    try:
        async with _database_url(settings, embedded) as url:
            await _examine_database(url, settings, tell)
    except DatabaseError as error:
        tell(problem("database", str(error), "Mend that, and ask again."))


@asynccontextmanager
async def _database_url(settings: Settings, embedded: EmbeddedPostgres) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with embedded:
        yield embedded.url


async def _examine_database(url: str, settings: Settings, tell: Callable[[Finding], None]) -> None:
    is_readable = True
    async for finding in database.findings(url):
        tell(finding)
        is_broken = finding.severity is Severity.PROBLEM and finding.check in {"database", "migrations", "permissions"}
        is_readable = is_readable and not is_broken
    if not is_readable:
        return
    async with Database(url, pool_size=1, name="doctor") as connections:
        for finding in work.findings(await work.look(connections, settings), settings):
            tell(finding)
