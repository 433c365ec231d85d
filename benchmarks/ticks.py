"""Ticks a second, from due to committed, CPU a tick and memory: trivial sensors in hosts, embedded Postgres, fsync on.

    python -m benchmarks.ticks --sensors 10000 --interval 1 --seconds 20 --kind reason

Kinds of sensor: `quiet` skips with the same reason each time (a tick extends the one before), `reason` with a new one
(a row a tick). `--slow 120` adds one sensor that blocks for that long, to see whether the others notice.

Postgres itself says when each tick was committed (track_commit_timestamp). When it was due is what `next_tick_at` said
before: the sensors' rows are read twice an interval, of at most SAMPLED sensors.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from benchmarks.server import MeasuredServer, increase, measured, percentile
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations.migrating import migrate

SAMPLED = 2_000
WARM_SECONDS = 5.0
# Until every sensor has ticked; 30,000 of them take a while to be stored and spread.
START_SECONDS = 180.0

SOURCE = """
import itertools, time
from vedette import *

RUNNING = DefaultSensorStatus.RUNNING

def make(number):
    counts = itertools.count()

    @sensor(name="sensor_%05d" % number, minimum_interval_seconds={interval}, default_status=RUNNING)
    def trivial(context):
        {body}
    return trivial

sensors = [make(number) for number in range({sensors})]

if {slow}:
    @sensor(minimum_interval_seconds=1, timeout=600, default_status=RUNNING)
    def slow():
        time.sleep({slow})
    sensors.append(slow)

defs = Definitions(sensors=sensors)
"""
BODIES = {
    "quiet": 'return SkipReason("nothing new")',
    "reason": 'return SkipReason("nothing new, %d" % next(counts))',
    "second": 'time.sleep(1); return SkipReason("nothing new, %d" % next(counts))',
}
TICKS = "SELECT (SELECT sum(tick_count) FROM sensors) + (SELECT coalesce(sum(repeats), 0) FROM ticks)"
SAMPLE = """
SELECT id, last_tick_at, next_tick_at, pg_xact_commit_timestamp(xmin) AS committed_at FROM sensors WHERE id = ANY($1)
"""
GAPS = """
SELECT extract(epoch FROM ticks.started_at - lag(ticks.started_at) OVER (PARTITION BY sensor_id ORDER BY number))
    ::float8 AS gap
FROM ticks JOIN sensors ON sensors.id = sensor_id WHERE starts_with(name, 'sensor_') AND ticks.started_at > $1
"""


@dataclass(frozen=True)
class Figures:
    """What was measured. Times in seconds, `gaps` from start to start of one sensor; memory in MB (PSS).

    `cpu_ms_per_tick` and `memory_mb` are by kind of process; `other_cores` is what the rest of the machine was doing.
    """

    kind: str
    sensors: int
    interval_seconds: float
    ticks_per_second: float
    due_to_committed: list[float]
    gaps: list[float]
    cpu_ms_per_tick: dict[str, float]
    memory_mb: dict[str, float]
    start_seconds: float
    other_cores: float

    @property
    def cpu_ms(self) -> float:
        """Return the CPU time of all processes a tick, in milliseconds."""
        return sum(self.cpu_ms_per_tick.values())


class Sampler:
    """Collects from due to committed, by looking at the sensors' rows again and again."""

    def __init__(self, ids: list[UUID]) -> None:
        self.seconds: list[float] = []
        self._ids = ids
        self._seen: dict[UUID, tuple[datetime | None, datetime | None]] = {}

    async def look(self, connection: Any) -> None:
        """Take in the ticks that were committed since the last look."""
        for row in await connection.fetch(SAMPLE, self._ids):
            last, due = self._seen.get(row["id"], (None, None))
            if last is not None and due is not None and row["last_tick_at"] != last and row["committed_at"] > due:
                self.seconds.append((row["committed_at"] - due).total_seconds())
            self._seen[row["id"]] = row["last_tick_at"], row["next_tick_at"]


def measure(
    sensors: int = 1_000, interval: float = 1.0, seconds: float = 20.0, kind: str = "quiet", slow: float = 0.0
) -> Figures:
    """Run `sensors` of `kind` every `interval` seconds, for `seconds` once all have ticked; return the figures."""
    source = SOURCE.format(sensors=sensors, interval=interval, body=BODIES[kind], slow=slow)
    with measured(source) as server:
        return asyncio.run(_measure(server, sensors, interval, seconds, kind))


async def _measure(server: MeasuredServer, sensors: int, interval: float, seconds: float, kind: str) -> Figures:
    async with EmbeddedPostgres(server.folder / "home", {"track_commit_timestamp": "on"}) as postgres:
        await migrate(postgres.url)
        began = time.perf_counter()
        with server.running():
            connection: Any = await asyncpg.connect(postgres.url)
            ids = await _all_ticking(connection, sensors)
            started = time.perf_counter() - began
            await asyncio.sleep(max(WARM_SECONDS, interval))
            figures = await _watch(server, connection, ids, interval, seconds)
            await connection.close()
    return Figures(kind, sensors, interval, start_seconds=started, **figures)


async def _all_ticking(connection: Any, sensors: int) -> list[UUID]:
    deadline = time.monotonic() + START_SECONDS
    counted = "SELECT count(*) FROM sensors WHERE last_tick_at IS NOT NULL AND starts_with(name, 'sensor_')"
    while True:
        try:
            ticking = await connection.fetchval(counted)
        except asyncpg.UndefinedTableError:
            ticking = 0
        if ticking >= sensors:
            break
        if time.monotonic() > deadline:
            raise SystemExit(f"Only {ticking} of {sensors} sensors have ticked {START_SECONDS:.0f} s after the start.")
        await asyncio.sleep(0.2)
    rows = await connection.fetch(
        "SELECT id FROM sensors WHERE starts_with(name, 'sensor_') ORDER BY md5(id::text) LIMIT $1", SAMPLED
    )
    return [row["id"] for row in rows]


async def _watch(
    server: MeasuredServer, connection: Any, ids: list[UUID], interval: float, seconds: float
) -> dict[str, Any]:
    sampler = Sampler(ids)
    since = await connection.fetchval("SELECT now()")
    ticks, cpu, busy, began = await connection.fetchval(TICKS), server.cpu_seconds(), _busy(), time.perf_counter()
    while (left := began + seconds - time.perf_counter()) > 0:
        await sampler.look(connection)
        await asyncio.sleep(min(left, max(0.1, interval / 2)))
    took, cpu_after, busy_after = time.perf_counter() - began, server.cpu_seconds(), _busy()
    done = float(await connection.fetchval(TICKS) - ticks)
    used = increase(cpu_after, cpu)
    gaps = [row["gap"] for row in await connection.fetch(GAPS, since) if row["gap"] is not None]
    return {
        "ticks_per_second": done / took,
        "due_to_committed": sampler.seconds,
        "gaps": gaps,
        "cpu_ms_per_tick": {name: 1e3 * value / done for name, value in used.items()},
        "memory_mb": server.memory_mb(),
        "other_cores": (busy_after - busy - sum(used.values())) / took,
    }


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def lines(figures: Figures) -> list[str]:
    """Return the figures as lines of a Markdown table."""
    what = f"{figures.sensors:,} sensors at {figures.interval_seconds:g} s ({figures.kind})"
    late = [1e3 * value for value in figures.due_to_committed or [float("nan")]]
    shown = f"{percentile(late, 0.5):.1f} / {percentile(late, 0.99):.1f} / {max(late):.0f}"
    memory = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(figures.memory_mb.items()))
    cpu = ", ".join(f"{kind} {size:.3f}" for kind, size in sorted(figures.cpu_ms_per_tick.items()))
    wanted = figures.sensors / figures.interval_seconds
    return [
        f"| {what}: ticks committed | {figures.ticks_per_second:,.0f} /s of {wanted:,.0f} |",
        f"| due to committed, p50 / p99 / worst | {shown} ms |",
        f"| CPU of all processes a tick | {figures.cpu_ms:.3f} ms ({cpu}) |",
        f"| memory of all processes (PSS) | {sum(figures.memory_mb.values()):.0f} MB ({memory}) |",
        f"| start until every sensor has ticked | {figures.start_seconds:.1f} s |",
        f"| meanwhile, by the rest of the machine | {figures.other_cores:.2f} cores |",
    ]


def apart(figures: Figures) -> list[str]:
    """Return from start to start of one sensor as lines of a Markdown table."""
    gaps = figures.gaps or [float("nan")]
    what = f"{figures.sensors} sensors that take 1 s, interval {figures.interval_seconds:g} s: apart, p50 / worst"
    return [f"| {what} | {percentile(gaps, 0.5):.3f} / {max(gaps):.3f} s |"]


def run() -> list[str]:
    """Measure what the README shows; return lines of a Markdown table."""
    found = []
    for sensors, interval, kind in ((500, 1.0, "quiet"), (10_000, 1.0, "quiet"), (10_000, 1.0, "reason")):
        found += lines(measure(sensors, interval, kind=kind))
    return [*found, *apart(measure(15, 1.0, kind="second")), *lines(measure(1_000, slow=120.0))]


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ticks", description=__doc__.partition("\n")[0])
    parser.add_argument("--sensors", type=int, default=1_000)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds from tick to tick of one sensor")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure")
    parser.add_argument("--kind", choices=BODIES, default="quiet")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds that one more sensor blocks; 0 for none")
    figures = measure(**vars(parser.parse_args()))
    print("| what | measured |\n|---|---|")
    print("\n".join(lines(figures) + (apart(figures) if figures.kind == "second" else [])))


if __name__ == "__main__":
    main()
