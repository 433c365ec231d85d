"""From the start of `dagster dev` to its first GraphQL answer, cold and warm, and what its processes hold at rest."""

import time

from benchmarks import processes, projects
from benchmarks.figures import Figure, medians
from benchmarks.incumbent import storage
from benchmarks.incumbent.api import Api
from benchmarks.incumbent.deployment import START_SECONDS, Deployment, free_port, prepared
from benchmarks.incumbent.environment import Incumbent
from benchmarks.notes import wait_until

REST_SECONDS = 10.0


def measure(incumbent: Incumbent, kind: storage.Kind, times: int) -> list[Figure]:
    """Return the medians of `times` starts of an empty home, each followed by one of the same home again."""
    return medians([_once(incumbent, kind) for _ in range(times)])


def _once(incumbent: Incumbent, kind: storage.Kind) -> list[Figure]:
    source = projects.source("trivial", "dagster")
    with prepared(incumbent, kind, source) as deployment:
        cold, _ = _start(deployment, 0)
        warm, memory = _start(deployment, REST_SECONDS)
    return [
        Figure("to the first GraphQL answer, cold", cold, "s"),
        Figure("to the first GraphQL answer, warm", warm, "s"),
        Figure("memory of all processes at rest (PSS)", memory, "MB"),
    ]


def _start(deployment: Deployment, rest: float) -> tuple[float, float]:
    """Return the seconds to the first answer, and the memory in MB once it has ticked and rested."""
    port = free_port()
    api = Api(port)
    ticks = len(storage.ticks(deployment.records))
    began = time.perf_counter()
    with deployment.program("dagster", "dev", "-f", "project.py", "-h", "127.0.0.1", "-p", str(port)):
        wait_until(api.answers, "the incumbent's first answer", START_SECONDS)
        seconds = time.perf_counter() - began
        wait_until(lambda: len(storage.ticks(deployment.records)) > ticks, "the incumbent's first tick", START_SECONDS)
        time.sleep(rest)
        return seconds, processes.memory_mb(deployment.measured())
