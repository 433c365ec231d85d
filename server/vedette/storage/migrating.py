"""The schema's version: bring a database to the newest one, or say that it is not there.

The newest version is known from the file names and the database's from one SELECT, so that a start on an up-to-date
database neither imports Alembic (0.2 s) and SQLAlchemy (0.3 s) nor runs them.
"""

import asyncio
import importlib
from pathlib import Path

from vedette.errors import DatabaseOutdated
from vedette.settings import redacted
from vedette.storage.connecting import connect

UPGRADING = "vedette.storage.migrations.upgrading"
VERSIONS = Path(__file__).with_name("migrations") / "versions"

_HAS_VERSION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_VERSION = "SELECT version_num FROM alembic_version"


def newest() -> str:
    """The version that this code needs: the files are numbered in one line, `v0001_x.py`, `v0002_y.py`."""
    return max(path.name.partition("_")[0].removeprefix("v") for path in VERSIONS.glob("v[0-9]*_*.py"))


async def migrate(url: str) -> None:
    """Bring the database to the newest version. Any number of processes may do so at once: one does, the rest wait.

    Raises DatabaseUnreachable, and DatabaseOutdated for a database that a newer Vedette has migrated.
    """
    version = await _version_at(url)
    if version == newest():
        return
    if version is not None and version > newest():
        raise _too_new(url, version)
    upgrading = await asyncio.to_thread(importlib.import_module, UPGRADING)
    await upgrading.upgrade(url)


async def check(url: str) -> None:
    """Raise DatabaseOutdated, with the remedy, unless the database has exactly the version that this code needs."""
    version = await _version_at(url)
    if version is not None and version > newest():
        raise _too_new(url, version)
    if version != newest():
        raise DatabaseOutdated(
            f"The database at {redacted(url)} has "
            f"{f'version {version}' if version else 'no tables yet'}, this Vedette needs {newest()}: "
            "run `vedette migrate`."
        )


async def _version_at(url: str) -> str | None:
    connection = await connect(url)
    try:
        has_version = await connection.fetchval(_HAS_VERSION)
        version: str | None = await connection.fetchval(_VERSION) if has_version else None
    finally:
        await connection.close()
    return version


def _too_new(url: str, version: str) -> DatabaseOutdated:
    return DatabaseOutdated(
        f"The database at {redacted(url)} has version {version}, this Vedette knows {newest()} at most: "
        "use a newer Vedette or another database."
    )
