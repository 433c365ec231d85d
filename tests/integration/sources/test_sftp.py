"""A folder of an SFTP server as a source, on a real server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from vedette.errors import SourceUnavailable
from vedette.sources.sftp import SftpFolder

PASSWORD = "hunter2"


class _Server(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """Where to connect, and as whom; the server's folder is `tmp_path`."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    def chrooted(channel: "asyncssh.SSHServerChannel[bytes]") -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(tmp_path).encode())

    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], server_factory=_Server, sftp_factory=chrooted
    )
    async with listening:
        known = asyncssh.import_known_hosts(f"* {key.export_public_key().decode()}")
        yield {"port": listening.get_port(), "username": "me", "known_hosts": known}


async def look(source: SftpFolder, cursor: str | None) -> tuple[list[str], str | None]:
    changes = await source.changes(cursor)
    assert await source.changes(cursor) == changes
    return [file.path for file in changes.items], changes.cursor


async def test_files_are_told_once_and_again_when_they_are_written_again(
    server: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "folder.csv").mkdir()
    for name in ("b.csv", "a.csv", "notes.txt"):
        (folder / name).write_text("x")
    source = SftpFolder("127.0.0.1", "/out/", "*.csv", password=PASSWORD, **server)
    found, cursor = await look(source, None)
    assert found == ["/out/a.csv", "/out/b.csv"]
    (folder / "b.csv").write_text("longer")
    (folder / "c.csv").write_text("x")
    found, cursor = await look(source, cursor)
    assert found == ["/out/b.csv", "/out/c.csv"]
    assert await look(source, cursor) == ([], cursor)


async def test_what_goes_wrong_says_where_and_no_secret(server: dict[str, Any]) -> None:
    for options, path, word in (
        ({"password": "hunter3"}, "/", "Permission denied"),
        ({"password": PASSWORD}, "/nowhere", "/nowhere on 127.0.0.1"),
        ({"password": PASSWORD, "port": 9}, "/", "on 127.0.0.1"),
    ):
        source = SftpFolder("127.0.0.1", path, **{**server, **options})
        with pytest.raises(SourceUnavailable, match=word) as raised:
            await source.changes(None)
        assert "hunter" not in str(raised.value)


async def test_a_server_with_another_key_is_not_trusted(server: dict[str, Any]) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = asyncssh.import_known_hosts(f"* {other}")
    source = SftpFolder("127.0.0.1", "/", password=PASSWORD, **{**server, "known_hosts": known})
    with pytest.raises(SourceUnavailable, match="Host key is not trusted"):
        await source.changes(None)
