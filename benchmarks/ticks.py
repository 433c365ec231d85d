"""Ticks per second and lateness: 1,000 trivial sensors at 1 s.

Each sensor notes the moment at which its function runs. Lateness is the time from start to start less the interval:
what an author would see. Recorded ticks are counted through the API.
"""

import itertools
import struct
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.server import MeasuredServer, measured, percentile

SENSORS = 1_000
SECONDS = 20
NOTE = struct.Struct("<Id")

SOURCE = """
import os, struct, time
from vedette import *

NOTE = struct.Struct("<Id")
notes = os.open(os.path.join(os.path.dirname(__file__), "notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def make(number):
    @sensor(name="sensor_%04d" % number, minimum_interval_seconds=1, default_status=DefaultSensorStatus.RUNNING)
    def trivial(context):
        os.write(notes, NOTE.pack(number, time.time()))
        return SkipReason("nothing new")
    return trivial

defs = Definitions(sensors=[make(number) for number in range(SENSORS)])
""".replace("SENSORS", str(SENSORS))

RECORDED = """
{ sensors(first: 100%s) { edges { node { lastTick { number repeats } } } pageInfo { hasNextPage endCursor } } }
"""


def recorded_ticks(server: MeasuredServer) -> tuple[int, float]:
    """Return the number of ticks recorded so far, and when it was counted; all of these sensors skip quietly."""
    total: int = 0
    after = ""
    began = time.perf_counter()
    while True:
        page = server.query(RECORDED % after)["sensors"]
        ticks = [edge["node"]["lastTick"] for edge in page["edges"]]
        total += sum(tick["number"] + tick["repeats"] for tick in ticks if tick)
        if not page["pageInfo"]["hasNextPage"]:
            return total, (began + time.perf_counter()) / 2
        after = f', after: "{page["pageInfo"]["endCursor"]}"'


def lateness(notes: Path, since: float) -> list[float]:
    """Return start to start less the interval, in seconds, of every evaluation after `since` (seconds of the epoch)."""
    starts: dict[int, list[float]] = defaultdict(list)
    for number, at in NOTE.iter_unpack(notes.read_bytes()):
        if at >= since:
            starts[number].append(at)
    return [later - earlier - 1.0 for times in starts.values() for earlier, later in itertools.pairwise(times)]


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    with measured(SOURCE) as server, server.running():
        time.sleep(8)
        recorded_ticks(server)
        ticks, counted_at = recorded_ticks(server)
        began, cpu, clock = time.time(), sum(server.cpu_seconds().values()), time.perf_counter()
        time.sleep(SECONDS)
        cpu = (sum(server.cpu_seconds().values()) - cpu) / (time.perf_counter() - clock)
        more, counted_again_at = recorded_ticks(server)
        rate = (more - ticks) / (counted_again_at - counted_at)
        late = [max(0.0, value) for value in lateness(server.folder / "notes", began)]
        memory = server.memory_mb()
    shares = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(memory.items()))
    return [
        f"| ticks recorded, {SENSORS:,} trivial sensors at 1 s | {rate:,.0f} /s of {SENSORS:,} |",
        f"| their lateness, p50 / p99 | {percentile(late, 0.5) * 1e3:.1f} / {percentile(late, 0.99) * 1e3:.1f} ms |",
        f"| CPU meanwhile, all processes | {cpu:.2f} cores |",
        f"| memory meanwhile, all processes (PSS) | {sum(memory.values()):.0f} MB ({shares}) |",
    ]
