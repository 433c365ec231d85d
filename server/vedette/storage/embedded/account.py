"""As whom the embedded Postgres runs: as ourselves, or, since it refuses root, as an unprivileged user."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vedette.errors import DatabaseUnreachable

UNPRIVILEGED = ("postgres", "nobody")
# To go through folders that only root may enter, from the least privilege to the most. A container may lack the first.
CAPABILITIES = ("dac_read_search", "dac_override")
# Enters the folder given as $1 and runs the program given as $0: exactly what the server will have to do.
_TRIAL = 'cd "$1" && exec "$0" -V'


@dataclass(frozen=True)
class Account:
    """Owner of the data, and what to put before a command so that it runs as that owner."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()


def account(data: Path) -> Account:
    """Ourselves; for root the user who owns the folder `data`, and the first of UNPRIVILEGED for a new one."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        owner = data.stat()
    except FileNotFoundError:
        user = _unprivileged()
        return Account(user.pw_uid, user.pw_gid)
    if owner.st_uid == 0:
        raise DatabaseUnreachable(f"{data} belongs to root, whom Postgres refuses: chown it to an ordinary user.")
    return Account(owner.st_uid, owner.st_gid)


def with_access(account: Account, postgres: Path, folder: Path) -> Account:
    """The account with the least privilege that can run `postgres` and enter `folder`.

    Raises DatabaseUnreachable with what the system said when there is none.
    """
    said = ""
    for prefix in _prefixes(account):
        trial = subprocess.run(
            [*prefix, "/bin/sh", "-c", _TRIAL, postgres, folder],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if trial.returncode == 0:
            return Account(account.uid, account.gid, prefix)
        said = trial.stderr.strip() or said
    raise DatabaseUnreachable(
        f"User {account.uid} cannot run {postgres} in {folder} ({said}): use a --home that the user may enter."
    )


def _prefixes(account: Account) -> Iterator[tuple[str, ...]]:
    if os.geteuid() == account.uid:
        yield ()
        return
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise DatabaseUnreachable(
            "Postgres refuses to run as root and there is no `setpriv` to start it as another user: "
            "install util-linux, or start Vedette as an ordinary user, or set VEDETTE_DATABASE_URL."
        )
    base = (setpriv, f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    yield base
    for capability in CAPABILITIES:
        # Postgres asks access(2) about its own program, which heeds capabilities only without the setuid fixup.
        yield (
            *base,
            f"--inh-caps=+{capability}",
            f"--ambient-caps=+{capability}",
            "--securebits=+no_setuid_fixup",
        )


def _unprivileged() -> pwd.struct_passwd:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnreachable(
        f"Postgres refuses to run as root and there is no user {' or '.join(UNPRIVILEGED)}: "
        "add one, or start Vedette as an ordinary user, or set VEDETTE_DATABASE_URL."
    )
