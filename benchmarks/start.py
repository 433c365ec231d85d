"""From the start of the process to the first GraphQL answer: cold (no database yet) and warm; and memory at rest."""

import statistics
import time
from dataclasses import dataclass

from benchmarks.server import measured

TIMES = 5
REST_SECONDS = 3.0

SOURCE = """
from vedette import *

@op
def nothing():
    pass

@job
def nothings():
    nothing()

@sensor(job=nothings, default_status=DefaultSensorStatus.RUNNING)
def idle(context):
    return SkipReason("nothing new")
"""


@dataclass(frozen=True)
class Start:
    """Seconds from the start of the process to the first answer, and MB (PSS) at rest by kind of process.

    Cold: the home is empty, so a database is made, started and given its tables. The machine has run Vedette before:
    its files are in the page cache and compiled.
    """

    cold: list[float]
    warm: list[float]
    memory: dict[str, float]


def measure(times: int = TIMES) -> Start:
    """Start a server on an empty home, and again on what that left, so many times."""
    cold, warm = [], []
    memory: dict[str, float] = {}
    for _ in range(times):
        with measured(SOURCE) as server:
            with server.running() as seconds:
                cold.append(seconds)
            with server.running() as seconds:
                warm.append(seconds)
                time.sleep(REST_SECONDS)
                memory = server.memory_mb()
    return Start(cold, warm, memory)


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    found = measure()
    shares = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(found.memory.items()))
    return [
        f"| start to first GraphQL answer, cold (median of {TIMES}) | {statistics.median(found.cold):.2f} s |",
        f"| the same, warm | {statistics.median(found.warm):.2f} s |",
        f"| memory at rest, all processes (PSS) | {sum(found.memory.values()):.0f} MB ({shares}) |",
    ]
