"""From the start of the process to the first GraphQL answer: cold (no database yet) and warm; and memory at rest."""

import statistics
import time

from benchmarks.server import measured

TIMES = 5

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


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    cold, warm = [], []
    memory: dict[str, float] = {}
    for _ in range(TIMES):
        with measured(SOURCE) as server:
            with server.running() as seconds:
                cold.append(seconds)
            with server.running() as seconds:
                warm.append(seconds)
                time.sleep(3)
                memory = server.memory_mb()
    shares = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(memory.items()))
    return [
        f"| start to first GraphQL answer, cold (median of {TIMES}) | {statistics.median(cold):.2f} s |",
        f"| the same, warm | {statistics.median(warm):.2f} s |",
        f"| memory at rest, all processes (PSS) | {sum(memory.values()):.0f} MB ({shares}) |",
    ]
