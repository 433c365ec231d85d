"""The database behind faults of the network and of its own: nothing is lost, nothing doubled, and it goes on."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal
from chaos.template import Template
from chaos.trial import Trial

from conftest import execute
from reliability.proxy import Proxy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("SURROUNDINGS" not in os.environ, reason="`make reliability` runs it"),
]
# Half-open connections are given up after a lease by who holds work, and after the longest operation by a server.
STUCK_SECONDS = 20.0
AWAY_SECONDS = 4.0
# While the database is away nobody can end a tick.
STARTED_SECONDS = 20.0

CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'vedette%'
"""
SOMETIMES_FAIL = """
CREATE FUNCTION fail_sometimes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    CASE floor(random() * 40)
        WHEN 0 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'deadlock_detected';
        WHEN 1 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'serialization_failure';
        WHEN 2 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'lock_not_available';
        WHEN 3 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'disk_full';
        WHEN 4 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'out_of_memory';
        ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION fail_sometimes();
CREATE TRIGGER fail BEFORE UPDATE ON sensors FOR EACH ROW EXECUTE FUNCTION fail_sometimes();
CREATE TRIGGER fail BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION fail_sometimes();
"""
STOP_FAILING = "DROP FUNCTION fail_sometimes() CASCADE"


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    with Proxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def trial(tmp_path: Path, database_url: str, proxy: Proxy, template: Template) -> Iterator[Trial]:
    """Two of each process that reach their database through the proxy; we reach it directly."""
    through = {"template": template, "through": proxy.url, "started_seconds": STARTED_SECONDS}
    with Trial(tmp_path, database_url, **through) as trial:  # type: ignore[arg-type]  # one dict for three types
        trial.start("evaluate", "evaluate", "launch", "launch")
        trial.events.start()
        time.sleep(1)
        yield trial


def assert_sound(trial: Trial) -> None:
    trial.settle(STUCK_SECONDS)
    assert trial.verdict().problems == []


def test_connections_that_are_cut_again_and_again(trial: Trial, proxy: Proxy) -> None:
    for _ in range(6):
        proxy.cut()
        time.sleep(0.7)
    assert_sound(trial)


def test_connections_that_are_half_open(trial: Trial, proxy: Proxy) -> None:
    proxy.silence()
    time.sleep(AWAY_SECONDS)
    assert_sound(trial)


def test_half_a_second_more_for_every_packet(trial: Trial, proxy: Proxy) -> None:
    proxy.delay = 0.5
    time.sleep(AWAY_SECONDS)
    proxy.delay = 0.0
    assert_sound(trial)


def test_deadlocks_serialization_errors_and_a_full_disk_now_and_then(
    trial: Trial, portal: BlockingPortal, database_url: str
) -> None:
    portal.call(execute, database_url, SOMETIMES_FAIL)
    time.sleep(AWAY_SECONDS)
    portal.call(execute, database_url, STOP_FAILING)
    assert_sound(trial)


def test_a_failover_to_a_replica_that_only_reads(trial: Trial, portal: BlockingPortal, database_url: str) -> None:
    name = urlsplit(database_url).path.removeprefix("/")
    portal.call(execute, database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    portal.call(execute, database_url, CUT_OFF)
    time.sleep(AWAY_SECONDS)
    portal.call(execute_writing, database_url, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    portal.call(execute, database_url, CUT_OFF)
    assert_sound(trial)


def test_no_connection_is_to_be_had(trial: Trial, portal: BlockingPortal, database_url: str) -> None:
    taken = portal.call(take_all_connections, database_url)
    try:
        time.sleep(AWAY_SECONDS)
    finally:
        portal.call(give_back, taken)
    assert_sound(trial)


async def execute_writing(url: str, statement: str) -> None:
    """Execute a statement where sessions only read by default."""
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    await connection.execute(statement)
    await connection.close()


async def take_all_connections(url: str) -> list[asyncpg.Connection]:
    """Cut off everybody else, and take every connection that the server has."""
    taken = [await asyncpg.connect(url, server_settings={"application_name": "greedy"})]
    await taken[0].execute(CUT_OFF)
    while True:
        try:
            taken.append(await asyncpg.connect(url, server_settings={"application_name": "greedy"}))
        except asyncpg.TooManyConnectionsError:
            return taken


async def give_back(taken: list[asyncpg.Connection]) -> None:
    for connection in taken:
        await connection.close()
