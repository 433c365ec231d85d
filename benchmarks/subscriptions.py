"""Subscriptions: 1,000 clients on `ticks`, each a websocket of its own, on one server process.

The ticks are written by the benchmark itself, so that nothing but the telling is measured; the clients are a process
of their own. Bursts show how many messages there can be a second; one tick a second shows how long each takes, from
before its commit to the last client.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.server import percentile
from vedette.bus import Bus, topics
from vedette.domain.ids import new_id
from vedette.storage import streams
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

CLIENTS = 1_000
BURSTS = 8
BURST = 25
ALONE = 15

_LOCATION = (
    "INSERT INTO code_locations (id, name, target, version, loaded_at) VALUES (:id, 'shop', 'shop.py', '', now())"
)
_SENSOR = """
INSERT INTO sensors (id, code_location, name, loaded, spec, shard, status, status_source)
VALUES (:id, 'shop', 'inbox', true, '{"name": "inbox"}', 0, 'RUNNING', 'CODE')
"""
_TICKS = """
INSERT INTO ticks (id, sensor_id, number, status, cause, epoch, started_at, finished_at, skip_reason)
SELECT id, :sensor_id, :number + ordinal, 'SKIPPED', 'INTERVAL', 1, now(), now(), 'nothing new in the folder'
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS rows(id, ordinal)
"""


@dataclass(frozen=True)
class Figures:
    """What was measured, with `clients` clients: seconds, messages, bytes."""

    clients: int
    messages: int
    seconds: float
    cpu_seconds: float
    latencies: list[float]
    bytes_per_client: float


class Ticks:
    """Writes ticks of one sensor, as an evaluator does: all of a burst in one transaction."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database, self._bus = database, bus
        self._sensor_id = new_id()
        self._number = 0

    async def prepare(self) -> None:
        """Add the sensor."""
        async with self._database.writing() as connection:
            await connection.execute(text(_LOCATION), {"id": new_id()})
            await connection.execute(text(_SENSOR), {"id": self._sensor_id})

    async def write(self, count: int) -> float:
        """Write so many ticks; return the time before, in seconds of the epoch."""
        began = time.time()
        ids = [new_id() for _ in range(count)]
        async with self._database.writing() as connection:
            values = {"ids": ids, "sensor_id": self._sensor_id, "number": self._number}
            await connection.execute(text(_TICKS), values)
            await streams.append_ticks(connection, [(key, self._sensor_id, "SKIPPED") for key in ids])
        self._bus.knock(topics.TICKS)
        self._number += count
        return began


class Subscribers:
    """The process of the clients."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    async def told(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        if not line:
            raise SystemExit("Error: the process of the subscribers has ended.")
        return line.strip()

    def tell(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    async def expect(self, count: int) -> None:
        """Have it note the next `count` messages of each client, which `told` returns then."""
        self.tell(f"expect {count}")
        assert await self.told() == "expecting"


@contextmanager
def _started(*words: str) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen([sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def _stage(folder: Path) -> "AsyncIterator[tuple[Ticks, psutil.Process, int]]":
    """Yield what writes ticks, the server's process and its port."""
    async with EmbeddedPostgres(folder) as postgres:
        await migrating.migrate(postgres.url)
        async with Database(postgres.url) as database, Bus(postgres.url) as bus:
            ticks = Ticks(database, bus)
            await ticks.prepare()
            command = ("benchmarks.api_server", postgres.url)
            with _started(*command) as server:
                assert server.stdout is not None
                port = int(await asyncio.to_thread(server.stdout.readline))
                yield ticks, psutil.Process(server.pid), port


async def measure(clients: int = CLIENTS) -> Figures:
    """Measure one server."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
        async with _stage(Path(folder)) as (ticks, server, port):
            before = server.memory_full_info().uss
            with _started("benchmarks.subscribers", str(port), str(clients)) as process:
                subscribers = Subscribers(process)
                assert await subscribers.told() == "subscribed"
                await _warm(subscribers, ticks)
                latencies = await _latencies(subscribers, ticks)
                seconds, cpu_seconds = await _bursts(subscribers, ticks, server)
                after = server.memory_full_info().uss
    return Figures(clients, clients * BURSTS * BURST, seconds, cpu_seconds, latencies, (after - before) / clients)


async def _warm(subscribers: Subscribers, ticks: Ticks) -> None:
    subscribers.tell("warm")
    warm = asyncio.create_task(subscribers.told())
    while not warm.done():
        await ticks.write(1)
        await asyncio.wait([warm], timeout=1)
    # What is on its way arrives.
    await asyncio.sleep(2)


async def _latencies(subscribers: Subscribers, ticks: Ticks) -> list[float]:
    """Return the seconds from before the commit to each client, of one tick a second."""
    await subscribers.expect(ALONE)
    began = []
    for _ in range(ALONE):
        began.append(await ticks.write(1))
        await asyncio.sleep(1)
    arrivals = json.loads(await subscribers.told())
    return [at - since for client in arrivals for at, since in zip(client, began, strict=True)]


async def _bursts(subscribers: Subscribers, ticks: Ticks, server: psutil.Process) -> tuple[float, float]:
    """Return the seconds that all bursts took, and how many of these the server computed."""
    await subscribers.expect(BURSTS * BURST)
    cpu = _cpu_seconds(server)
    began = time.time()
    for _ in range(BURSTS):
        await ticks.write(BURST)
    arrivals = json.loads(await subscribers.told())
    return max(client[-1] for client in arrivals) - began, _cpu_seconds(server) - cpu


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def run() -> list[str]:
    """Measure; return lines of a Markdown table."""
    found = asyncio.run(measure())
    p50, p99 = (percentile(found.latencies, share) * 1e3 for share in (0.5, 0.99))
    rate = found.messages / found.seconds
    return [
        f"| messages to {found.clients:,} subscribers of `ticks`, one process | {rate:,.0f} /s |",
        f"| messages per second of its CPU | {found.messages / found.cpu_seconds:,.0f} |",
        f"| one tick a second to all of them, p50 / p99 | {p50:.0f} / {p99:.0f} ms |",
        f"| memory per subscriber | {found.bytes_per_client / 1024:.0f} KiB |",
    ]


if __name__ == "__main__":
    print("\n".join(run()))
