"""The schema's version: bring a database to the newest one, or say that it is not there.

The newest version is known from the file names and the database's from one SELECT, so that a start on an up-to-date
database neither imports Alembic (0.2 s) and SQLAlchemy (0.3 s) nor runs them.
"""

import asyncio
import importlib
from collections.abc import Awaitable
from pathlib import Path

from vedette.errors import DatabaseOutdated
from vedette.settings import redacted
from vedette.storage.connecting import connect

UPGRADING = "vedette.storage.migrations.upgrading"
VERSIONS = Path(__file__).with_name("versions")

_HAS_VERSION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_VERSION = "SELECT version_num FROM alembic_version"
_OLDEST_CODE = "SELECT oldest_code FROM compatibility"


def newest(versions: Path = VERSIONS) -> str:
    """The version that this code needs: the files are numbered in one line, `v0001_x.py`, `v0002_y.py`."""
    return max(path.name.partition("_")[0].removeprefix("v") for path in versions.glob("v[0-9]*_*.py"))


async def migrate(url: str, versions: Path = VERSIONS, *, after: Awaitable[object] | None = None) -> None:
    """Bring the database to the newest of `versions`. Any number of processes may do so at once: one does, others wait.

    `after` ends imports that are under way in another thread: two that wait for each other's modules could get half of
    one. It is awaited only where there is something to do.

    Raises DatabaseUnreachable, and DatabaseOutdated for a database that a newer Vedette has migrated and that this one
    cannot work with; one that it can work with is left as it is.
    """
    version, oldest_code = await _version_at(url)
    if version == newest(versions):
        return
    if version is not None and version > newest(versions):
        _refuse_too_new(url, version, oldest_code)
        return
    if after is not None:
        await after
    upgrading = await asyncio.to_thread(importlib.import_module, UPGRADING)
    await upgrading.upgrade(url, versions)


async def check(url: str) -> None:
    """Raise DatabaseOutdated, with the remedy, unless the database has what this code needs.

    It may have more: a newer release has migrated it, and the processes of this one are about to be replaced.
    """
    version, oldest_code = await _version_at(url)
    if version is not None and version > newest():
        _refuse_too_new(url, version, oldest_code)
        return
    if version != newest():
        raise DatabaseOutdated(
            f"The database at {redacted(url)} has "
            f"{f'version {version}' if version else 'no tables yet'}, this Vedette needs {newest()}: "
            "run `vedette migrate`."
        )


async def _version_at(url: str) -> tuple[str | None, str | None]:
    connection = await connect(url)
    try:
        has_version = await connection.fetchval(_HAS_VERSION)
        version: str | None = await connection.fetchval(_VERSION) if has_version else None
        oldest: str | None = None if version is None else await connection.fetchval(_OLDEST_CODE)
    finally:
        await connection.close()
    return version, oldest


def _refuse_too_new(url: str, version: str, oldest_code: str | None) -> None:
    if oldest_code is None or oldest_code > newest():
        raise DatabaseOutdated(
            f"The database at {redacted(url)} has version {version}, which needs a Vedette that knows "
            f"{oldest_code or version}, and this one knows {newest()} at most: use a newer Vedette or another database."
        )
