"""The folders of the embedded Postgres, all below `<home>/postgres`; nothing above is touched but to create it.

users.lock   held shared by every process that uses the server; who can hold it alone may stop the server
turn.lock    held alone while the server is started or stopped
server.log   what the server says
data/        the database, owned by the account that runs it; made elsewhere and renamed, so it is whole or not there
run/         the socket, 0700
"""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from vedette.errors import DatabaseUnreachable
from vedette.storage.embedded.account import Account
from vedette.storage.embedded.binaries import Binaries

ROLE = "vedette"
# sun_path holds 108 bytes with its final NUL, and Postgres appends "/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
LONGEST_LOG_BYTES = 10 * 2**20
INITDB_SECONDS = 300
UNFINISHED = "data.new-"


@dataclass(frozen=True)
class Folders:
    """Paths below `<home>/postgres`, absolute."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def turn_lock(self) -> Path:
        return self.root / "turn.lock"

    @property
    def name(self) -> str:
        """A short name that only this database has on this machine."""
        return f"vedette-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]}"

    @property
    def socket(self) -> Path:
        """Where the socket is: in /tmp when the path below `root` is too long, or has a comma, which parts hosts."""
        own = self.root / "run"
        fits = len(os.fsencode(own)) <= LONGEST_SOCKET_FOLDER and "," not in str(own)
        return own if fits else Path("/tmp") / self.name


def create(home: Path) -> Folders:
    """Create `<home>/postgres`; raises DatabaseUnreachable when this user may not."""
    root = home.resolve() / "postgres"
    try:
        if not root.is_dir():
            root.mkdir(0o755, parents=True)
        folders = Folders(root)
        if os.geteuid() not in {0, root.stat().st_uid}:
            raise PermissionError(errno.EACCES, "it belongs to another user", str(root))
        for lock in (folders.users_lock, folders.turn_lock):
            lock.touch(0o600)
            with lock.open("rb+"):
                pass
    except OSError as error:
        raise DatabaseUnreachable(
            f"{error.filename or root} cannot be used ({error.strerror}): choose another --home, "
            "or start Vedette as the user who made it."
        ) from None
    return folders


def data_major(folders: Folders) -> int | None:
    """The major version of Postgres that made the data; None when there is no data yet."""
    try:
        return int((folders.data / "PG_VERSION").read_text().split(".")[0])
    except FileNotFoundError:
        if folders.data.exists():
            raise DatabaseUnreachable(
                f"{folders.data} is not a database (no PG_VERSION): restore it or move it away."
            ) from None
        return None


def remove_unfinished(folders: Folders) -> None:
    """Remove what `create_data` left when it was killed; its initdb may live on a little and write to it."""
    for folder in folders.root.glob(f"{UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def create_data(folders: Folders, binaries: Binaries, account: Account) -> None:
    """Make an empty database next to `data` and rename it: a kill in the middle leaves nothing half made."""
    new = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folders.root))
    _give(new, account)
    collation = ["--locale=C"]
    if binaries.major >= 17:
        collation += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options = ["-U", ROLE, "-A", "trust", "-E", "UTF8", "-k", *collation]
    made = subprocess.run(
        [*account.prefix, str(binaries.initdb), "-D", str(new), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INITDB_SECONDS,
        check=False,
    )
    if made.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        reason = " ".join(made.stderr.split()[-60:])
        raise DatabaseUnreachable(f"The embedded database cannot be made in {folders.root}: {reason}")
    new.rename(folders.data)
    _sync(folders.root)


def create_socket_folder(folders: Folders, account: Account) -> None:
    """The folder of the socket: only the account (and root) may enter. One that others could have made is refused."""
    folder = folders.socket
    if not os.path.lexists(folder):
        folder.mkdir(0o700)
        _give(folder, account)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) & 0o077:
        raise DatabaseUnreachable(f"{folder} is not a private folder of user {account.uid}: remove it.")


def remove_socket_folder(folders: Folders) -> None:
    """Leave nothing in /tmp, once the server has stopped; a folder that is not empty is in use, or not ours."""
    if folders.root not in folders.socket.parents:
        with contextlib.suppress(OSError):
            folders.socket.rmdir()


def rotate_log(folders: Folders) -> int:
    """Put a log that has grown long aside, as `server.log.old`; returns the length of the log in bytes."""
    try:
        length = folders.log.stat().st_size
    except FileNotFoundError:
        return 0
    if length <= LONGEST_LOG_BYTES:
        return length
    folders.log.replace(folders.root / "server.log.old")
    return 0


def open_log(folders: Folders) -> int:
    """The server's log, opened to append; root leaves it to the owner of the folder, who may start the next server."""
    log = os.open(folders.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = folders.root.stat()
        os.fchown(log, owner.st_uid, owner.st_gid)
    return log


def _give(folder: Path, account: Account) -> None:
    if os.geteuid() != account.uid:
        os.chown(folder, account.uid, account.gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
