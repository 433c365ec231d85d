"""Looks at a deployment as `vedette doctor` does: from this machine, with these settings."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from vedette.diagnosis import database, machine, work
from vedette.diagnosis.findings import Finding, Severity, ok, problem
from vedette.errors import DatabaseError, UsageError
from vedette.launcher.engines.choosing import check_engine
from vedette.launcher.engines.remote.addresses import can_connect, engine_endpoint
from vedette.settings import Settings
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres


async def examine(settings: Settings, tell: Callable[[Finding], None]) -> None:
    """Look at everything, and tell what was found; what cannot be seen for want of something else is left out."""
    for finding in (*machine.settings_found(settings), *machine.disk(settings.home), *machine.files(settings)):
        tell(finding)
    if settings.engine != "local":
        tell(await _engine_found(settings))
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


async def _engine_found(settings: Settings) -> Finding:
    """Look whether the engine that runs execute by is installed and answers."""
    try:
        check_engine(settings)
    except UsageError as error:
        return problem("engine", str(error), "Until then `vedette launch` does not start.")
    address = settings.engine_address or ""
    reason = await can_connect(*engine_endpoint(address))
    if reason is None:
        return ok("engine", f"Runs execute by {settings.engine} at {address}, which answers.")
    remedy = "Start its scheduler, or mend VEDETTE_ENGINE_ADDRESS; until then runs stay in the queue."
    return problem("engine", f"{settings.engine.capitalize()} at {address} is not reached: {reason}.", remedy)


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
