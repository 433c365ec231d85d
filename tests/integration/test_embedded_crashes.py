"""Users and servers that are killed without a warning."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from integration.embedded_users import SECONDS, ask, postmaster_pid, running, until, using
from vedette.storage.embedded.postgres import Answer, EmbeddedPostgres, probe


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def guards(home: Path) -> list[psutil.Process]:
    return [process for process in running(home) if process.name() in {"sh", "flock"}]


async def test_nothing_is_left_of_a_killed_user_but_its_data(home: Path) -> None:
    async with using(home) as user:
        await user.entered()
        await ask(user.url, "CREATE TABLE kept AS SELECT 42 AS value")
        await user.kill()
    await until(lambda: running(home) == [])
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT value FROM kept") == 42


async def test_a_start_right_after_a_kill(home: Path) -> None:
    for _ in range(3):
        async with using(home) as user:
            await user.entered()
            await user.kill()
        async with EmbeddedPostgres(home) as postgres:
            assert await ask(postgres.url, "SELECT 1") == 1


async def test_a_killed_user_does_not_take_the_server_from_the_others(home: Path) -> None:
    async with using(home) as first, using(home) as second:
        await first.entered()
        await second.entered()
        server = postmaster_pid(home)
        # The first one started it.
        await first.kill()
        assert await ask(second.url, "SELECT 1") == 1
        await second.leave()
    assert not psutil.pid_exists(server)
    assert running(home) == []


async def test_everything_killed_at_once(home: Path) -> None:
    async with using(home) as user:
        await user.entered()
        await ask(user.url, "CREATE TABLE kept AS SELECT 42 AS value")
        kill(running(home))
        await user.kill()
    assert (home / "postgres" / "data" / "postmaster.pid").exists()
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT value FROM kept") == 42
    assert running(home) == []


@pytest.mark.slow
async def test_a_start_waits_for_the_recovery(home: Path) -> None:
    rows = 1_500_000
    async with using(home) as user:
        await user.entered()
        await ask(user.url, "CREATE TABLE kept (value int)")
        await ask(user.url, "CHECKPOINT")
        await ask(user.url, f"INSERT INTO kept SELECT generate_series(1, {rows})")
        kill(running(home))
        await user.kill()
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT count(*) FROM kept") == rows
    assert "redo done" in (home / "postgres" / "server.log").read_text()


async def test_a_pid_file_that_names_a_stranger(home: Path) -> None:
    async with using(home) as user:
        await user.entered()
        kill(running(home))
        await user.kill()
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    # The stranger runs as the same user: Postgres itself would take it for another server.
    owner = pid_file.stat().st_uid if os.geteuid() == 0 else None
    stranger = await asyncio.create_subprocess_exec("sleep", "60", user=owner)
    try:
        pid_file.write_text(f"{stranger.pid}\n" + pid_file.read_text().partition("\n")[2])
        async with EmbeddedPostgres(home) as postgres:
            assert await ask(postgres.url, "SELECT 1") == 1
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_server_without_its_guard_and_users_is_taken_over(home: Path) -> None:
    async with using(home) as user:
        await user.entered()
        server = postmaster_pid(home)
        kill(guards(home))
        await user.kill()
    assert psutil.pid_exists(server)
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1
        assert postmaster_pid(home) == server
    assert running(home) == []


async def test_a_server_that_dies_under_its_users_is_started_again(home: Path) -> None:
    async with using(home) as user, EmbeddedPostgres(home) as postgres:
        await user.entered()
        server = postmaster_pid(home)
        os.kill(server, signal.SIGKILL)
        async with asyncio.timeout(SECONDS):
            while await probe(postgres.url) is not Answer.READY or postmaster_pid(home) == server:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await ask(user.url, "SELECT 1") == 1
        await user.leave()
    assert running(home) == []


async def test_a_child_of_a_killed_server_is_ended_before_the_next_start(home: Path) -> None:
    async with using(home) as user:
        await user.entered()
        server = psutil.Process(postmaster_pid(home))
        # Stopped, it cannot notice that the server is gone, like one in the middle of a long statement.
        (child,) = (child for child in server.children() if "checkpointer" in " ".join(child.cmdline()))
        child.suspend()
        kill([*guards(home), server])
        await user.kill()
    async with EmbeddedPostgres(home) as postgres:
        assert child.pid not in {process.pid for process in running(home)}
        assert await ask(postgres.url, "SELECT 1") == 1


async def test_a_database_half_made_is_made_anew(home: Path) -> None:
    unfinished = home / "postgres"
    async with using(home) as user:
        await until(lambda: any(unfinished.glob("data.new-*/PG_VERSION")))
        await user.kill()
    assert not (unfinished / "data").exists()
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1
