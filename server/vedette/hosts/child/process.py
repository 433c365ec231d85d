"""What a child process sets up for itself: to die with its parent, a session of its own, a limit of memory."""

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Looked up once and inherited by fork: each page that a run touches costs it some microseconds.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
# What `signal.signal` wraps, and what it takes for SIG_DFL: on the way it makes members of an enum, 50 pages.
handle_signal = getattr(signal.signal, "__wrapped__", signal.signal)
DEFAULT = int(signal.SIG_DFL)
# The stack of a worker thread, which counts as data of the process.
THREAD_STACK_BYTES = 2 * 1024 * 1024
# What it takes to report an error.
SPARE_BYTES = 4 * 1024 * 1024
# Between two looks at the memory that is left: each costs as much as two trivial evaluations.
LOOK_SECONDS = 0.01
# The exit code of a process that ended itself because its memory was at the limit.
OUT_OF_MEMORY = 186


def die_with(parent: int, number: int = signal.SIGKILL) -> None:
    """Have the kernel send signal `number` to this process when its parent (the thread that started it) ends.

    Where the parent, process `parent`, is gone already, this process ends at once. Off Linux only that check is made;
    there the end of the socket's stream tells.
    """
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def lead_own_session() -> None:
    """Become the leader of a session and process group, so that one signal reaches all that user code starts."""
    if os.getsid(0) != os.getpid():
        os.setsid()


def limit_memory(mebibytes: int) -> None:
    """Limit the data of this process, so that what eats memory gets a MemoryError; a lower limit that holds stays."""
    wanted = mebibytes * 2**20
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def allow_thread() -> None:
    """Raise the limit by the stack of one more worker thread: the limit is for what user code takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY:
        return
    raised = soft + THREAD_STACK_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (raised if hard == resource.RLIM_INFINITY else min(raised, hard), hard))


class MemoryWatch:
    """Ends this process with OUT_OF_MEMORY if no memory is left to go on with.

    Where even a small object raises a MemoryError, answers get lost without a trace: better to end at once and clearly.
    """

    def __init__(self) -> None:
        self._looked_at = float("-inf")

    def look(self) -> None:
        """Look, at most every 10 ms."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            _end_if_out_of_memory()


def _end_if_out_of_memory() -> None:
    try:
        mmap.mmap(-1, SPARE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        os._exit(OUT_OF_MEMORY)


def thread_count() -> int:
    """Return how many threads this process has, those of C libraries included where the system tells (Linux)."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 0


def prefer_as_victim() -> None:
    """Have the system end this process rather than the server when its memory runs out (Linux)."""
    with contextlib.suppress(OSError):
        handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(handle, b"500")
        finally:
            os.close(handle)


def signal_group(leader: int, number: int) -> None:
    """Send signal `number` to the process group of `leader`, or to it alone while it does not lead one yet."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, number)
    except PermissionError:
        # All that is left of the group has ended and waits to be reaped (or changed its user: not ours to end).
        pass
