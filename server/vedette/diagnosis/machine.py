"""This machine: its disk and its limits, and the settings that go with them."""

import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from vedette.access import exposure
from vedette.diagnosis.findings import Finding, ok, problem, warning
from vedette.errors import UsageError
from vedette.settings import Settings

GIB = 2**30
LEAST_FREE = GIB
FEW_FREE_SHARE = 0.1
# Beside connections: files of user code, sockets of hosts, the database's.
OTHER_FILES = 1000


def settings_found(settings: Settings) -> Iterator[Finding]:
    """Look at the settings as they stand together."""
    try:
        exposed = exposure.check(settings)
    except UsageError as error:
        yield problem("settings", str(error), "Until then `vedette serve` does not start.")
    else:
        if exposed is not None:
            yield warning("settings", exposed, "See docs/access.md.")
    if settings.poll_seconds > settings.lease_seconds:
        yield warning(
            "settings",
            f"poll_seconds ({settings.poll_seconds:g}) is longer than lease_seconds ({settings.lease_seconds:g}).",
            "Work that no knock announces waits that long; set VEDETTE_POLL_SECONDS lower.",
        )
    yield ok("settings", "Every setting has a value that it can have.")


def disk(home: Path) -> Iterator[Finding]:
    """Look at the disk that the state is on."""
    place = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    usage = shutil.disk_usage(place)
    free = f"{usage.free / GIB:.1f} GiB of {usage.total / GIB:.1f} GiB are free at {home}"
    if usage.free < LEAST_FREE:
        yield problem("disk", f"{free}.", "Make room: nothing can be recorded once it is full.")
    elif usage.free < FEW_FREE_SHARE * usage.total:
        yield warning("disk", f"{free}.", "Make room, or keep history for less long (VEDETTE_KEEP_…_DAYS).")
    else:
        yield ok("disk", f"{free}.")


def files(settings: Settings) -> Iterator[Finding]:
    """Look at how many files a process may have open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + OTHER_FILES
    if most != resource.RLIM_INFINITY and most < wanted:
        yield warning(
            "open files",
            f"A process may have {most} files open; max_connections={settings.max_connections} clients need {wanted}.",
            f"Raise the limit (`ulimit -n {wanted}`, LimitNOFILE=), or set VEDETTE_MAX_CONNECTIONS lower.",
        )
    else:
        yield ok("open files", "A process may have as many files open as it may have clients.")
