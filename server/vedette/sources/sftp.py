"""A folder on an SFTP server: its files. Needs `vedette[sftp]`."""

import fnmatch
from dataclasses import dataclass
from typing import Any

from vedette.errors import SourceUnavailable
from vedette.sources.extras import missing
from vedette.sources.listing import DEFAULT_LIMIT, Listing
from vedette.sources.source import Changes, Source

try:
    import asyncssh
except ImportError:
    raise missing("asyncssh", "sftp") from None

SECONDS = 30.0


@dataclass(frozen=True)
class RemoteFile:
    """A file as it was listed; `modified` is in seconds since the epoch, as exact as the server is."""

    path: str
    name: str
    size_bytes: int
    modified: int

    @property
    def key(self) -> str:
        """Return its name and version: what is written again is new."""
        return f"{self.name}@{self.modified}-{self.size_bytes}"


class SftpFolder(Source[RemoteFile]):
    """The files of a folder on an SFTP server, by name. A file that is written again is new again.

    pattern: of the names, as in a shell. limit: how many files one tick asks about.
    connection: how to connect, as `asyncssh.connect` takes it: port, username, password, client_keys, known_hosts …
        The host's key is verified unless `known_hosts=None` says not to. Passwords are not shown in errors.
    """

    def __init__(
        self, host: str, path: str, pattern: str = "*", *, limit: int = DEFAULT_LIMIT, **connection: Any
    ) -> None:
        """Take the server and the folder; it is connected to for each look."""
        self._host = host
        self._path = path.rstrip("/") or "/"
        self._pattern = pattern
        self._seen = _Seen(limit)
        self._connection = {"connect_timeout": SECONDS, "login_timeout": SECONDS, **connection}

    async def changes(self, cursor: str | None) -> Changes[RemoteFile]:
        """Return the files that have not been seen as they are now. Raises SourceUnavailable."""
        try:
            async with (
                asyncssh.connect(self._host, **self._connection) as connection,
                connection.start_sftp_client() as client,
            ):
                found = await client.readdir(self._path)
        except (OSError, asyncssh.Error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise SourceUnavailable(f"{self._path} on {self._host} cannot be listed: {reason}.") from None
        files = [self._file(str(one.filename), one.attrs) for one in found if self._counts(one)]
        return self._seen.difference(sorted(files, key=lambda file: file.name), cursor)

    def _counts(self, found: asyncssh.SFTPName) -> bool:
        regular = found.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
        return regular and fnmatch.fnmatch(str(found.filename), self._pattern)

    def _file(self, name: str, attributes: asyncssh.SFTPAttrs) -> RemoteFile:
        path = f"{self._path.rstrip('/')}/{name}"
        return RemoteFile(path, name, attributes.size or 0, attributes.mtime or 0)


class _Seen(Listing[RemoteFile]):
    """What of the folder has been seen; the folder is listed elsewhere."""

    def entries(self) -> tuple[RemoteFile, ...]:
        """Return nothing: lists are handed in."""
        return ()
