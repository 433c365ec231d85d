"""Slow sensors of the incumbent: many that take a second, and one that takes minutes among many others."""

import time

from benchmarks import projects
from benchmarks.figures import Figure
from benchmarks.incumbent import storage
from benchmarks.incumbent.deployment import START_SECONDS, deployed
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import count, intervals, read, wait_until
from benchmarks.server import percentile


def measure_slow(incumbent: Incumbent, kind: storage.Kind, seconds: float) -> list[Figure]:
    """Return how far apart 15 sensors that take a second each are evaluated, start to start."""
    with deployed(incumbent, kind, projects.source("slow", "dagster")) as deployment:
        wait_until(lambda: bool(read(deployment.notes)), "the incumbent's first evaluation", START_SECONDS)
        time.sleep(seconds)
        between = intervals(read(deployment.notes))
    name = "start to start, median"
    return [Figure(name, percentile(between, 0.5), "s") if between else Figure(name, None, "s", note="none came twice")]


def measure_stuck(incumbent: Incumbent, kind: storage.Kind, others: int, seconds: float) -> list[Figure]:
    """Return the evaluations a second of the others before, and while, one sensor takes `seconds` seconds."""
    source = projects.source("stuck", "dagster", others=others, seconds=seconds)
    with deployed(incumbent, kind, source) as deployment:
        wait_until(lambda: bool(read(deployment.notes)), "the incumbent's first evaluation", START_SECONDS)
        (deployment.home / "go").touch()
        wait_until((deployment.home / "stuck").exists, "the sensor that takes long", START_SECONDS)
        stuck = (deployment.home / "stuck").stat().st_mtime
        time.sleep(max(0.0, stuck + seconds - time.time()))
        earlier = read(deployment.notes, until=stuck)
        before = count(earlier) / (stuck - min(min(times) for times in earlier.values()))
        during = count(read(deployment.notes, stuck, stuck + seconds)) / seconds
    return [
        Figure("the others, before", before, "/s", more_is_better=True),
        Figure("the others, meanwhile", during, "/s", more_is_better=True),
    ]
