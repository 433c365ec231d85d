"""A real Postgres for the tests: one server a session, one fresh migrated database a test."""

import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import hypothesis
import psutil
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from vedette.bus import Bus
from vedette.storage.connecting import connect
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

# How long an example takes is the machine's affair: no test is timed.
hypothesis.settings.register_profile("vedette", deadline=None)
hypothesis.settings.load_profile("vedette")

TEMPLATE = "vedette_template"
# The tests' data need not survive a power cut.
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
# A busy machine may let the tests' process stand still in a transaction for longer than the server of a real
# deployment would put up with.
FROZEN_SECONDS = 60.0


async def execute(url: str, statement: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def outage(url: str) -> AsyncIterator[None]:
    """Cut every connection to a database off, and let no new one in, while the block runs."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    connection = await connect(parts._replace(path="/postgres").geturl())
    try:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await connection.close()


def named(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _zygotes() -> set[psutil.Process]:
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "vedette.hosts.child.zygote" in child.cmdline():
                found.add(child)
    return found


@pytest.fixture(scope="module", autouse=True)
def no_zygote_outlives_its_tests() -> Iterator[None]:
    """Hold every test file to this: the code locations that it opens are closed when it ends."""
    earlier = _zygotes()
    yield
    assert not _zygotes() - earlier


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heeded() -> Iterator[None]:
    """Have what tests start heed SIGINT, also where a shell runs the tests in the background and has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """A loop in a thread of its own, so that the loops of tests are left alone."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def postgres_url(portal: BlockingPortal) -> Iterator[str]:
    """The server of this session (of this worker under xdist), with a migrated database to clone."""
    with (
        tempfile.TemporaryDirectory(prefix="vedette-", ignore_cleanup_errors=True) as home,
        portal.wrap_async_context_manager(EmbeddedPostgres(Path(home), OPTIONS)) as postgres,
    ):
        portal.call(execute, postgres.url, f"CREATE DATABASE {TEMPLATE}")
        portal.call(migrate, named(postgres.url, TEMPLATE))
        yield postgres.url


@pytest.fixture
def empty_database_url(portal: BlockingPortal, postgres_url: str) -> Iterator[str]:
    """A fresh database without any tables."""
    yield from _fresh(portal, postgres_url, "template1")


@pytest.fixture
def database_url(portal: BlockingPortal, postgres_url: str) -> Iterator[str]:
    """A fresh, migrated database."""
    yield from _fresh(portal, postgres_url, TEMPLATE)


def _fresh(portal: BlockingPortal, url: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    portal.call(execute, url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield named(url, name)
    portal.call(execute, url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open connections to a fresh, migrated database."""
    async with Database(database_url, frozen_seconds=FROZEN_SECONDS) as database:
        yield database


@pytest.fixture
async def bus(database_url: str) -> AsyncIterator[Bus]:
    """A bus over the test's database."""
    async with Bus(database_url) as bus:
        yield bus
