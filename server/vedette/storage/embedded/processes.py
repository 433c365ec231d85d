"""The server's processes: started with a guard, found by their name, stopped."""

import asyncio
import logging
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

from vedette.storage.embedded.account import Account
from vedette.storage.embedded.binaries import Binaries
from vedette.storage.embedded.folders import Folders, open_log

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.01
WATCH_SECONDS = 1.0
# A fast stop writes a checkpoint. After this long the server is told to leave without; it then recovers at its start.
FAST_SECONDS = 60.0
IMMEDIATE_SECONDS = 10.0
# What a killed server left has nothing more to save.
LEFTOVER_SECONDS = 2.0

# For a few sensors on one small machine: what costs memory or processes and is of no use without replicas is off, what
# keeps a commit through a power cut stays as it is.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # A process takes up to 12, for its pools, bus, presence, retention and health; `vedette dev` takes 23.
    "max_connections": "200",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "jit": "off",
    "max_worker_processes": "0",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "wal_buffers": "1MB",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}
# Postgres 18 does its reads in worker processes unless told otherwise; ours are few and small.
OPTIONS_18 = {"io_method": "sync", "autovacuum_worker_slots": "2", "autovacuum_max_workers": "2"}

# The guard is the server's parent, so the server's process id cannot have passed to another process. It waits for the
# users' lock in the background: when the last user has let go of it, or has died, it stops the server, and keeps the
# lock until the server is gone. It asks again and again, as a server that is just being started does not hear. When
# the server ends for another reason, a signal to the whole group ends the wait: no command is forked while a trap is
# set, because that command could miss the signal and wait on.
_GUARD = """
exec 9<>"$1"; shift
"$@" 9<&- &
server=$!
{{
    {lock} &
    lock=$!
    trap 'wait $lock; exit' TERM
    wait $lock || exit
    trap - TERM
    tries=0
    while kill -INT $server; do
        sleep 1
        tries=$((tries + 1))
        [ $tries -lt {seconds:.0f} ] || kill -QUIT $server
    done
}} &
wait $server
trap '' TERM
kill -TERM 0
wait
"""
# Without flock(1), as on macOS: the same in Python, which is larger.
_LOCK_BY_PYTHON = "import fcntl; fcntl.flock(9, fcntl.LOCK_EX)"


def start(folders: Folders, binaries: Binaries, account: Account, options: Mapping[str, str]) -> int:
    """Start the server in a session of its own (a Ctrl-C does not reach it); returns the process id of its guard."""
    settings = OPTIONS | (OPTIONS_18 if binaries.major >= 18 else {}) | dict(options)
    settings |= {"cluster_name": folders.name, "unix_socket_directories": str(folders.socket)}
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = [*account.prefix, str(binaries.postgres), "-D", str(folders.data), *arguments]
    lock = ["flock", "-x", "9"] if shutil.which("flock") else [sys.executable, "-I", "-S", "-c", _LOCK_BY_PYTHON]
    script = _GUARD.format(lock=shlex.join(lock), seconds=FAST_SECONDS)
    log = open_log(folders)
    try:
        return os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", script, "vedette-postgres-guard", str(folders.users_lock), *server],
            _environment(),
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
        )
    finally:
        os.close(log)


async def reap(guard: int) -> None:
    """Wait for the end of the guard of a server that was stopped."""
    while not ended(guard):  # noqa: ASYNC110 - other processes set no Event
        await asyncio.sleep(POLL_SECONDS)


def ended(guard: int) -> bool:
    """Whether the guard that this process started has ended; takes note of it for the kernel."""
    try:
        return os.waitpid(guard, os.WNOHANG)[0] == guard
    except ChildProcessError:
        return True


def postmaster(folders: Folders) -> psutil.Process | None:
    """The running server of these folders: whom the pid file names, if that process is indeed it."""
    try:
        process = psutil.Process(int((folders.data / "postmaster.pid").read_text().split()[0]))
        return process if _is_postmaster(process, folders) else None
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return None


async def death(folders: Folders) -> None:
    """Wait until there is no server any more."""
    process = await asyncio.to_thread(postmaster, folders)
    while process is not None and _lives(process):  # noqa: ASYNC110 - other processes set no Event
        await asyncio.sleep(WATCH_SECONDS)


async def stop(folders: Folders) -> None:
    """Stop the server and wait until it is gone; its open transactions are rolled back."""
    process = await asyncio.to_thread(postmaster, folders)
    if process is None:
        return
    for number, seconds in ((signal.SIGINT, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
        _send(process, number)
        if await _gone([process], seconds):
            return
    logger.error("The embedded Postgres (process %d) does not stop.", process.pid)


async def clear_leftovers(folders: Folders) -> None:
    """After a server that was killed: end what is left of it, and remove the files that would keep a new one away.

    Its children leave by themselves, but one in the middle of a statement may take a while, and while it lives a second
    server must not touch the data. The server's own check goes by process ids, which after a reboot, and in a
    container, belong to others.
    """
    pid_file = folders.data / "postmaster.pid"
    if not pid_file.exists():
        return
    orphans = await asyncio.to_thread(_family, folders)
    for number, seconds in ((signal.SIGQUIT, LEFTOVER_SECONDS), (signal.SIGKILL, IMMEDIATE_SECONDS)):
        for orphan in orphans:
            _send(orphan, number)
        if await _gone(orphans, seconds):
            break
    pid_file.unlink(missing_ok=True)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (folders.socket / name).unlink(missing_ok=True)


def log_tail(log: Path, position: int) -> str:
    """What the server said last after `position`, on one line: its fatal words if there are any."""
    try:
        lines = log.read_bytes()[position:].decode(errors="replace").splitlines()
    except OSError:
        return ""
    fatal = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "HINT:"))]
    return " ".join(" ".join((fatal or lines)[-3:]).split())


def _environment() -> dict[str, str]:
    """The environment without what would change the server's behaviour behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}


def _is_postmaster(process: psutil.Process, folders: Folders) -> bool:
    """Command lines are readable where a process's working folder is not, as for root in a container."""
    try:
        return f"cluster_name={folders.name}" in process.cmdline() and _lives(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _family(folders: Folders) -> list[psutil.Process]:
    """The server's children, whose titles begin so; psutil sees a title as one long argument."""
    title = f"postgres: {folders.name}: "
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if " ".join(process.info["cmdline"] or ()).startswith(title)
    ]


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _gone(processes: list[psutil.Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(_lives(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
