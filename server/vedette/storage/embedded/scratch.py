"""The embedded server of scratch instances: one for all sessions of a user, until the machine starts anew.

It keeps nothing that matters, so it does not wait for the disk. Each instance is a database of its own, a copy of a
template that is made once for each state of the migrations. To copy it takes longest, so one copy is made ahead.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from vedette.errors import DatabaseUnreachable
from vedette.storage.connecting import connect
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
PREFIX = "vedette-scratch"
# Held by whoever makes the template, or looks whether it is there.
TEMPLATE_LOCK = 7_310_881
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def home() -> Path:
    """Return the folder of the server, this user's own; those from before the machine was last started are removed.

    Raises DatabaseUnreachable where somebody else has made it.
    """
    of_user = f"{PREFIX}-{os.getuid()}-"
    boot = _BOOT_ID.read_text().split("-")[0] if _BOOT_ID.exists() else "any"
    place = Path(tempfile.gettempdir())
    for old in place.glob(f"{of_user}*"):
        if old.name != of_user + boot and old.stat(follow_symlinks=False).st_uid == os.getuid():
            shutil.rmtree(old, ignore_errors=True)
    folder = place / (of_user + boot)
    # The server may have to run as another user, who is let through; the database inside is its own.
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.stat(follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise DatabaseUnreachable(f"{folder} belongs to somebody else: set TMPDIR to a folder of your own.")
    return folder


def server() -> EmbeddedPostgres:
    """Return the server, to be entered."""
    return EmbeddedPostgres(home(), OPTIONS)


def template_name() -> str:
    """Return the name of the template for the migrations that there are."""
    digest = hashlib.sha256()
    for version in sorted(migrating.VERSIONS.glob("v*.py")):
        digest.update(version.read_bytes())
    return f"template_{digest.hexdigest()[:12]}"


def named(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def make_template(url: str) -> str:
    """Return the name of the template, which is made if it is not there; and drop what processes that died have left.

    Raises DatabaseUnreachable.
    """
    name = template_name()
    connection = await connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK, timeout=120)
        there = [row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")]
        await _drop_left(connection, there)
        if name not in there:
            await connection.execute(f"DROP DATABASE IF EXISTS {name}_new WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}_new")
            await migrating.migrate(named(url, f"{name}_new"))
            await connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    finally:
        await connection.close()
    return name


async def _drop_left(connection: asyncpg.Connection, there: list[str]) -> None:
    for name in there:
        if name.startswith("instance_") and not _is_alive(int(name.split("_")[1])):
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def take(url: str, template: str) -> str:
    """Return the name of a new, empty database: one that was made ahead, if there is one."""
    name = f"instance_{os.getpid()}_{secrets.token_hex(6)}"
    connection = await connect(url)
    try:
        for spare in await _spares(connection, template):
            # Whoever else wants it finds it gone.
            with contextlib.suppress(asyncpg.InvalidCatalogNameError, asyncpg.ObjectInUseError):
                await connection.execute(f"ALTER DATABASE {spare} RENAME TO {name}")
                return name
        await _copy(connection, template, name)
    finally:
        await connection.close()
    return name


async def make_ahead(url: str, template: str) -> None:
    """Make a database for who wants the next, in this session or another, unless there is one."""
    connection = await connect(url)
    try:
        if not await _spares(connection, template):
            await _copy(connection, template, f"{_spare(template)}{secrets.token_hex(6)}")
    finally:
        await connection.close()


def _spare(template: str) -> str:
    return f"spare_{template}_"


async def _spares(connection: asyncpg.Connection, template: str) -> list[str]:
    rows = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", _spare(template))
    return [row["datname"] for row in rows]


async def _copy(connection: asyncpg.Connection, template: str, name: str) -> None:
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG", timeout=120)


async def drop(url: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    await _execute(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _execute(url: str, command: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(command)
    finally:
        await connection.close()
