"""As root and as an ordinary user; the folders of others stay as they are."""

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from integration.embedded_users import ask, postmaster_pid, running, using
from vedette.storage.embedded import account as embedded_account
from vedette.storage.embedded.account import Account
from vedette.storage.embedded.postgres import EmbeddedPostgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def modes(folder: Path) -> list[tuple[Path, int, int]]:
    """Permissions and owner of `folder` and of all above it."""
    return [(path, path.stat().st_mode, path.stat().st_uid) for path in (folder, *folder.parents)]


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.rglob("*")}


def nobody(folder: Path) -> Account:
    """How to run Python as an ordinary user who can work in `folder`."""
    entry = pwd.getpwnam("nobody")
    return embedded_account.with_access(Account(entry.pw_uid, entry.pw_gid), Path(sys.executable), folder)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="vedette-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def private_folder(open_folder: Path) -> Path:
    """A folder that only its owner may enter."""
    folder = open_folder / "private"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def home_of_nobody(open_folder: Path) -> Path:
    home = open_folder / "home"
    home.mkdir(0o700)
    shutil.chown(home, "nobody")
    return home


async def test_a_home_in_a_private_folder_works_and_changes_no_permissions(private_folder: Path) -> None:
    before = modes(private_folder)
    async with EmbeddedPostgres(private_folder / "home") as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1
        server = psutil.Process(postmaster_pid(private_folder / "home"))
        assert server.uids().effective != 0
    assert modes(private_folder) == before
    assert running(private_folder / "home") == []


@as_root
async def test_no_privilege_is_given_where_none_is_needed(open_folder: Path, private_folder: Path) -> None:
    entry = pwd.getpwnam("nobody")
    account = Account(entry.pw_uid, entry.pw_gid)
    easy = embedded_account.with_access(account, Path("/bin/true"), open_folder)
    hard = embedded_account.with_access(account, Path("/bin/true"), private_folder)
    assert not any("caps" in word for word in easy.prefix)
    assert any("ambient-caps=+dac_" in word for word in hard.prefix)


@as_root
async def test_an_ordinary_user(home_of_nobody: Path) -> None:
    account = nobody(home_of_nobody)
    async with using(home_of_nobody, *account.prefix) as user:
        await user.entered()
        assert await ask(user.url, "SELECT 1") == 1
        assert psutil.Process(postmaster_pid(home_of_nobody)).uids().real == account.uid
        await user.leave()
    assert running(home_of_nobody) == []
    assert owners(home_of_nobody) == {account.uid}


@as_root
async def test_root_and_the_ordinary_user_who_owns_the_home_take_turns(home_of_nobody: Path) -> None:
    account = nobody(home_of_nobody)
    async with using(home_of_nobody, *account.prefix) as user:
        await user.entered()
        await ask(user.url, "CREATE TABLE kept AS SELECT 42 AS value")
        await user.leave()
    (home_of_nobody / "postgres" / "server.log").unlink()
    async with EmbeddedPostgres(home_of_nobody) as postgres:
        assert psutil.Process(postmaster_pid(home_of_nobody)).uids().real == account.uid
        assert await ask(postgres.url, "SELECT value FROM kept") == 42
    async with using(home_of_nobody, *account.prefix) as user:
        await user.entered()
        assert await ask(user.url, "SELECT value FROM kept") == 42
        await user.leave()


@as_root
async def test_another_users_home_is_refused_with_a_remedy(open_folder: Path) -> None:
    async with EmbeddedPostgres(open_folder / "home"):
        pass
    async with using(open_folder / "home", *nobody(open_folder).prefix) as user:
        said = await user.refused()
    assert "start Vedette as the user who made it" in said
