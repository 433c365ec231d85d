"""Mutations of many clients at once: each edits the cursor of another sensor, and waits for the answer.

`python -m benchmarks.mutations`. Each of them is a transaction that is on disk when it is answered, and has its place
in the stream of sensors and in the audit log. First on the disk there is, then as if it took ten milliseconds more to
write: there it shows who waits for whom.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import uvloop

from benchmarks import api_rows, http_load
from benchmarks.api import serving
from benchmarks.server import percentile
from vedette.storage.database import Database
from vedette.storage.embedded.postgres import EmbeddedPostgres
from vedette.storage.migrations import migrating

CLIENTS = (1, 4, 16, 64)
SECONDS = 5.0
# What Postgres waits before it writes out what is committed, in microseconds, whoever else commits.
SLOW = {"commit_delay": "10000", "commit_siblings": "0"}
DISKS: dict[str, dict[str, str]] = {"as it is": {}, "10 ms slower": SLOW}
WARM_SECONDS = 1.0

SENSORS = "{ sensors(first: 100) { edges { node { id } } } }"
EDIT = """mutation Edit($id: ID!, $cursor: String) {
  setSensorCursor(input: {sensorId: $id, cursor: $cursor}) { sensor { id } }
}"""


class Figures(NamedTuple):
    """Mutations a second, and the seconds of each."""

    rate: float
    seconds: list[float]


async def _edit(connection: http_load.Connection, sensor: str, until: float) -> list[float]:
    seconds: list[float] = []
    while (began := time.perf_counter()) < until:
        await connection.ask(http_load.request(EDIT, id=sensor, cursor=str(len(seconds))))
        seconds.append(time.perf_counter() - began)
    return seconds


async def _together(port: int, sensors: list[str], clients: int, seconds: float) -> Figures:
    connections = [await http_load.Connection.open(port) for _ in range(clients)]
    began = time.perf_counter()
    edits = [_edit(*pair, began + seconds) for pair in zip(connections, sensors, strict=False)]
    found = [one for each in await asyncio.gather(*edits) for one in each]
    for connection in connections:
        connection.close()
    return Figures(len(found) / (time.perf_counter() - began), found)


async def measure(options: Mapping[str, str]) -> dict[int, Figures]:
    """Return the figures by the number of clients, of a Postgres with these settings."""
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
        async with EmbeddedPostgres(Path(folder), options) as postgres:
            await migrating.migrate(postgres.url)
            async with Database(postgres.url) as database:
                await api_rows.fill(database)
            with serving(postgres.url, "vedette") as (port, _):
                connection = await http_load.Connection.open(port)
                answer = json.loads(await connection.ask(http_load.request(SENSORS)))
                connection.close()
                sensors = [edge["node"]["id"] for edge in answer["data"]["sensors"]["edges"]]
                await _together(port, sensors, CLIENTS[-1], WARM_SECONDS)
                return {clients: await _together(port, sensors, clients, SECONDS) for clients in CLIENTS}


def main() -> None:
    """Measure, and print lines of a Markdown table."""
    sys.stdout.write("| disk | clients | mutations | p50 | p99 |\n|---|---|---|---|---|\n")
    for disk, options in DISKS.items():
        for clients, found in uvloop.run(measure(options)).items():
            p50, p99 = (1e3 * percentile(found.seconds, share) for share in (0.5, 0.99))
            sys.stdout.write(f"| {disk} | {clients} | {found.rate:,.0f} /s | {p50:.1f} ms | {p99:.1f} ms |\n")


if __name__ == "__main__":
    main()
