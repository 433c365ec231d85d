"""Short runs that the incumbent launches a second, each in a process of its own, with its own limits on how many."""

import itertools
import time

from benchmarks import projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.bursts import BATCH_SECONDS, ask
from benchmarks.incumbent.deployment import START_SECONDS, deployed
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until

ENDED = "SELECT count(*) FROM runs WHERE status = 'SUCCESS'"


def measure(incumbent: Incumbent, kind: storage.Kind, runs: int) -> list[Figure]:
    """Return the rate between the ends of the first and of the last run of one batch."""
    source = projects.source("burst", "dagster", count=runs)
    moments: list[tuple[float, int]] = []
    with deployed(incumbent, kind, source) as deployment:
        wait_until(lambda: bool(storage.ticks(deployment.records)), "the incumbent's first tick", START_SECONDS)
        ask(deployment.home, "first", "batch")

        def ended() -> bool:
            rows = deployment.records.execute("runs", ENDED)
            moments.append((time.monotonic(), rows[0][0] if rows else 0))
            return moments[-1][1] >= runs

        wait_until(ended, f"{runs} runs of the incumbent", BATCH_SECONDS)
    return [Figure("launched", _rate(moments), "/s", more_is_better=True)]


def _rate(moments: list[tuple[float, int]]) -> float | None:
    """Return runs a second from the first look that found some ended to the last; None if one look found all."""
    some = list(itertools.dropwhile(lambda moment: moment[1] == 0, moments))
    (began, first), (ended, last) = some[0], some[-1]
    return (last - first) / (ended - began) if ended > began else None
