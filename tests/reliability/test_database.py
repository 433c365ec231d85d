"""The database server itself: restarted for minutes, its disk full, its history looked after by those that die."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from anyio.from_thread import BlockingPortal
from chaos.processes import wait_until
from chaos.template import Template
from chaos.trial import Trial

from vedette.domain.retention import Range
from vedette.storage import table_partitions
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    pytest.mark.skipif("SURROUNDINGS" not in os.environ, reason="`make reliability` runs it"),
]
STUCK_SECONDS = 20.0
# While the database is away nobody can end a tick.
STARTED_SECONDS = 25.0
# The monkey restarts Postgres every 5 to 40 s for MONKEY_MINUTES; by default for one, and four times as often.
MINUTES = float(os.environ.get("MONKEY_MINUTES", "1"))
PAUSES = (5.0, 40.0) if "MONKEY_MINUTES" in os.environ else (1.25, 10.0)
SEED = 5
RESTARTS = (signal.SIGKILL, signal.SIGQUIT)
DISK_BYTES = 400_000_000
FULL_SECONDS = 5.0
OLD = Range(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC))
FAULTS = ("kill", "term", "stop:4", "error", "timeout")


@contextmanager
def on_server(portal: BlockingPortal, home: Path, folder: Path, template: Template) -> Iterator[Trial]:
    """A trial on a Postgres of its own, whose data are in `home`."""
    with portal.wrap_async_context_manager(EmbeddedPostgres(home, {"max_connections": "200"})) as postgres:
        portal.call(migrate, postgres.url)
        folder.mkdir()
        with Trial(folder, postgres.url, started_seconds=STARTED_SECONDS, template=template) as trial:
            trial.start("evaluate", "evaluate", "launch", "launch")
            trial.events.start()
            yield trial


def assert_sound(trial: Trial) -> None:
    trial.settle(STUCK_SECONDS)
    assert trial.verdict().problems == []


def postmaster(home: Path) -> psutil.Process | None:
    """The server's process; None between two of them, when the file is away or names the one before."""
    with suppress(FileNotFoundError, IndexError, psutil.NoSuchProcess):
        return psutil.Process(int((home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))
    return None


def test_postgres_is_restarted_again_and_again(tmp_path: Path, portal: BlockingPortal, template: Template) -> None:
    chance = random.Random(SEED)
    home = tmp_path / "home"
    with on_server(portal, home, tmp_path / "trial", template) as trial:
        deadline = time.monotonic() + MINUTES * 60
        while time.monotonic() < deadline:
            time.sleep(chance.uniform(*PAUSES))
            if (running := postmaster(home)) is not None:
                running.send_signal(chance.choice(RESTARTS))
        assert_sound(trial)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, that a file can fill."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("A file system can be mounted by root only, and not in every container.")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_the_disk_of_the_database_is_full_for_a_while(
    tmp_path: Path, portal: BlockingPortal, template: Template, small_disk: Path
) -> None:
    filler = small_disk / "filler"
    with on_server(portal, small_disk / "home", tmp_path / "trial", template) as trial:
        time.sleep(2)
        fill(filler)
        time.sleep(FULL_SECONDS)
        filler.unlink()
        assert_sound(trial)
    logs = (small_disk / "home" / "postgres").glob("*log*")
    assert any("No space left on device" in log.read_text(errors="replace") for log in logs if log.is_file())


def fill(file: Path) -> None:
    """Have the file take all the room that is left."""
    with suppress(OSError), file.open("wb", buffering=0) as opened:
        while opened.write(bytes(4096)):
            pass


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("point", ["PARTITION_MAKE", "RETENTION_BATCH"])
def test_who_looks_after_history_fails_in_the_midst_of_it(
    tmp_path: Path, database_url: str, portal: BlockingPortal, template: Template, point: str, fault: str
) -> None:
    if point == "RETENTION_BATCH":
        portal.call(grow_old, database_url)
    with Trial(tmp_path, database_url, template=template) as trial:
        victim = trial.fleet.start("evaluate", f"{point}={fault}", VEDETTE_RETENTION_SECONDS="0.2")
        trial.events.start()
        wait_until(lambda: victim.said(f"fault injected at {point}"), "the fault", 20)
        trial.start("evaluate", "launch")
        assert_sound(trial)


async def grow_old(url: str) -> None:
    """Make partitions that have had their time."""
    async with Database(url) as database:
        for family in table_partitions.FAMILIES:
            async with database.writing() as connection:
                await table_partitions.make(connection, family, OLD)


@pytest.mark.parametrize("fault", ["kill", "term", "stop:2", "error", "timeout"])
def test_a_migration_that_fails_leaves_what_the_next_one_ends(empty_database_url: str, fault: str) -> None:
    command = [sys.executable, "-m", "vedette.cli", "migrate"]
    environ = os.environ | {"VEDETTE_DATABASE_URL": empty_database_url}
    failing = environ | {"VEDETTE_FAULTS": f"MIGRATION_STEP={fault}"}
    first = subprocess.run(command, env=failing, capture_output=True, text=True, timeout=60, check=False)
    assert "fault injected at MIGRATION_STEP" in first.stderr
    # A migration ends the step that it is in before it heeds SIGTERM.
    assert (first.returncode == 0) == (fault in ("term", "stop:2"))
    again = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0, again.stderr
