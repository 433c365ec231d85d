"""The first moments: the database is made, started and looked at while the parts are imported, which takes as long.

So nothing that this module imports may import SQLAlchemy, strawberry or graphql-core.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType

from vedette.runtime.imports import import_all
from vedette.settings import Settings
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

Announce = Callable[[str], None]

PARTS = "vedette.runtime.parts"


async def dev(settings: Settings, targets: Mapping[str, str], *, watch: bool = True, announce: Announce) -> None:
    """Serve, evaluate and launch in one process until cancelled; `announce` is called with the API's base address."""
    async with _begun(settings) as (url, parts):
        await parts.dev(settings, url, targets, watch, announce)


async def serve(settings: Settings, *, announce: Announce) -> None:
    """Serve the API until cancelled."""
    async with _begun(settings) as (url, parts):
        await parts.serve(settings, url, announce)


async def evaluate(settings: Settings, targets: Mapping[str, str], *, watch: bool = False, announce: Announce) -> None:
    """Evaluate the sensors of `targets` until cancelled."""
    async with _begun(settings) as (url, parts):
        await parts.evaluate(settings, url, targets, watch, announce)


async def launch(settings: Settings, targets: Mapping[str, str], *, watch: bool = False, announce: Announce) -> None:
    """Execute the queued runs of `targets` until cancelled."""
    async with _begun(settings) as (url, parts):
        await parts.launch(settings, url, targets, watch, announce)


async def migrate(settings: Settings) -> None:
    """Bring the database's schema up to this version."""
    if settings.database_url is not None:
        await migrating.migrate(settings.database_url)
        return
    async with EmbeddedPostgres(settings.home) as postgres:
        await migrating.migrate(postgres.url)


@asynccontextmanager
async def _begun(settings: Settings) -> AsyncIterator[tuple[str, ModuleType]]:
    """Yield the URL of a database of this version, the one that is set or an embedded one, and the imported parts."""
    async with AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as tasks:
            if settings.database_url is not None:
                parts = tasks.create_task(asyncio.to_thread(import_all, PARTS))
                url = settings.database_url
                await migrating.check(url)
            else:
                embedded = EmbeddedPostgres(settings.home)
                is_new = embedded.is_new
                first = [migrating.UPGRADING] if is_new else []
                parts = tasks.create_task(asyncio.to_thread(import_all, *first, PARTS))
                url = (await stack.enter_async_context(embedded)).url
                # What a new database needs is imported first. One that is there may need it too: then it waits.
                await migrating.migrate(url, after=None if is_new else parts)
        yield url, parts.result()
