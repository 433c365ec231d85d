"""One user after another, several at once, and what the server is like."""

import asyncio
import os
from pathlib import Path

import pytest

from integration.embedded_users import ask, postmaster_pid, running, until, using
from vedette.bus import Bus
from vedette.errors import DatabaseUnreachable
from vedette.storage.connecting import connect
from vedette.storage.embedded.folders import Folders
from vedette.storage.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def permissions(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


async def test_data_outlives_the_server_and_nothing_is_left_running(home: Path) -> None:
    async with EmbeddedPostgres(home) as postgres:
        await ask(postgres.url, "CREATE TABLE kept AS SELECT 42 AS value")
        # A Ctrl-C at the terminal goes to the processes of the terminal's session.
        assert os.getsid(postmaster_pid(home)) != os.getsid(0)
    assert running(home) == []
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT value FROM kept") == 42
    assert running(home) == []


async def test_it_is_durable_private_and_of_a_known_character(home: Path) -> None:
    async with EmbeddedPostgres(home) as postgres:
        for setting, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }.items():
            assert await ask(postgres.url, f"SHOW {setting}") == value
        assert await ask(postgres.url, "SELECT upper('ä')") == "Ä"
        assert permissions(home / "postgres" / "run") == 0o700
        assert permissions(home / "postgres" / "data") == 0o700


async def test_users_share_one_server_and_the_last_one_stops_it(home: Path) -> None:
    async with using(home) as first, using(home) as second, using(home) as third:
        users = [await user.entered() for user in (first, second, third)]
        assert len({user.url for user in users}) == 1
        server = postmaster_pid(home)
        await first.leave()
        await second.leave()
        assert await ask(third.url, "SELECT 1") == 1
        assert postmaster_pid(home) == server
        await third.leave()
    assert running(home) == []


async def test_users_of_one_process_share_it_too(home: Path) -> None:
    async with EmbeddedPostgres(home):
        async with EmbeddedPostgres(home) as inner:
            server = postmaster_pid(home)
        assert await ask(inner.url, "SELECT 1") == 1
        assert postmaster_pid(home) == server
    assert running(home) == []


async def test_users_that_come_and_go_at_once(home: Path) -> None:
    async def come_and_go() -> None:
        async with EmbeddedPostgres(home) as postgres:
            assert await ask(postgres.url, "SELECT 1") == 1

    async def again_and_again() -> None:
        for _ in range(5):
            await come_and_go()

    await come_and_go()
    await asyncio.gather(*(again_and_again() for _ in range(3)))
    assert running(home) == []


async def test_a_cancelled_start_leaves_nothing(home: Path) -> None:
    starting = asyncio.create_task(EmbeddedPostgres(home).__aenter__())
    await until((home / "postgres" / "data" / "postmaster.pid").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await until(lambda: running(home) == [])


@pytest.mark.parametrize("name", ["h" * 100, "one,two"])
async def test_a_home_whose_path_cannot_be_a_sockets_address(tmp_path: Path, name: str) -> None:
    folder = Folders(tmp_path / name / "postgres").socket
    assert tmp_path not in folder.parents
    async with EmbeddedPostgres(tmp_path / name) as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1
        assert permissions(folder) == 0o700
    assert not folder.exists()


async def test_a_socket_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    folder = Folders(tmp_path / ("h" * 100) / "postgres").socket
    folder.symlink_to(tmp_path)
    try:
        with pytest.raises(DatabaseUnreachable, match="is not a private folder of user"):
            async with EmbeddedPostgres(tmp_path / ("h" * 100)):
                pass
    finally:
        folder.unlink()


async def test_a_home_with_blanks_quotes_and_signs(tmp_path: Path) -> None:
    home = tmp_path / 'it\'s % "my" $HOME & more'
    async with EmbeddedPostgres(home) as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1


async def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    with pytest.raises(
        DatabaseUnreachable, match=r'did not start: .*shared_buffers.*"nonsense".*server\.log'
    ) as caught:
        async with EmbeddedPostgres(home, {"shared_buffers": "nonsense"}):
            pass
    assert "\n" not in str(caught.value)
    assert running(home) == []


async def test_a_server_without_a_connection_left_says_which_setting(home: Path) -> None:
    few = {"max_connections": "5", "superuser_reserved_connections": "0"}
    async with EmbeddedPostgres(home, few) as postgres:
        opened = [await connect(postgres.url) for _ in range(5)]
        with pytest.raises(DatabaseUnreachable, match=r"no connection left .*raise its setting max_connections"):
            await connect(postgres.url)
        with pytest.raises(DatabaseUnreachable, match="max_connections"):
            async with Bus(postgres.url):
                pass
        for connection in opened:
            await connection.close()


async def test_data_of_another_version_is_left_alone(home: Path) -> None:
    async with EmbeddedPostgres(home):
        pass
    version = home / "postgres" / "data" / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(DatabaseUnreachable, match=r"was made by Postgres 9, but here is Postgres \d+.*pg_upgrade"):
        async with EmbeddedPostgres(home):
            pass


async def test_a_data_folder_without_a_database_is_left_alone(home: Path) -> None:
    data = home / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "precious").touch()
    with pytest.raises(DatabaseUnreachable, match="is not a database"):
        async with EmbeddedPostgres(home):
            pass
    assert (data / "precious").exists()


async def test_a_home_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseUnreachable, match="choose another --home"):
        async with EmbeddedPostgres(tmp_path / "file" / "home"):
            pass
