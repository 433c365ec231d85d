"""What processes cost: CPU time, memory (proportional set size) and open descriptors, told by the kernel."""

import contextlib
from collections.abc import Iterable

import psutil


def trees(roots: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return the processes that live, and all below them, once each."""
    found: dict[int, psutil.Process] = {}
    for root in roots:
        with contextlib.suppress(psutil.Error):
            found |= {each.pid: each for each in [root, *root.children(recursive=True)]}
    return list(found.values())


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the CPU time that they, and those of their children that have ended, have taken so far."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(processes: Iterable[psutil.Process]) -> float:
    """Return their proportional set size in MB: what they share with each other is counted once."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss / 1e6
    return total
