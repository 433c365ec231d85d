"""Ticks recorded a second by the incumbent's daemon, how late they are, and what each costs."""

import time

from benchmarks import processes, projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.deployment import START_SECONDS, deployed
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import intervals, read, wait_until
from benchmarks.server import percentile

SETTLE_SECONDS = 10.0


def measure(incumbent: Incumbent, kind: storage.Kind, sensors: int, seconds: float) -> list[Figure]:
    """Return the rate, the CPU time of all processes per tick, and the lateness of `sensors` sensors due each second.

    Its passes over the sensors are longer than the window, so the window begins in the middle of one, at a steady rate.
    """
    source = projects.source("trivial", "dagster", sensors=sensors)
    with deployed(incumbent, kind, source) as deployment:
        wait_until(lambda: bool(storage.ticks(deployment.records)), "the incumbent's first tick", START_SECONDS)
        time.sleep(SETTLE_SECONDS)
        began, cpu = time.time(), processes.cpu_seconds(deployment.measured())
        time.sleep(seconds)
        ended, cpu = time.time(), processes.cpu_seconds(deployment.measured()) - cpu
        memory = processes.memory_mb(deployment.measured())
        ticks = sum(began <= tick.started < ended for tick in storage.ticks(deployment.records))
        waited = [between - 1 for between in intervals(read(deployment.notes))]
    return [
        Figure("ticks recorded", ticks / (ended - began), "/s", more_is_better=True),
        Figure("CPU of all processes per tick", cpu / ticks * 1e3 if ticks else None, "ms"),
        late("lateness, p50", waited, 0.5, ended - began),
        late("lateness, p99", waited, 0.99, ended - began),
        Figure("memory meanwhile (PSS)", memory, "MB"),
    ]


def late(name: str, waited: list[float], share: float, seconds: float) -> Figure:
    """Return a percentile of the lateness in ms; a note where no sensor was evaluated twice within the window."""
    if not waited:
        return Figure(name, None, "ms", note=f"none ticked twice in {seconds:.0f} s")
    return Figure(name, percentile(waited, share) * 1e3, "ms")
